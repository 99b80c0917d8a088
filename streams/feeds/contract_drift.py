"""Contract drift: what a feed has never sent before, and whether so many payloads break its contract that the carrier
must have changed it.

A feed's first records are only learnt from; what is learnt stays in the feed's state.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from streams.contracts.feeds import MOST_SHAPES
from streams.contracts.ids import digest
from streams.contracts.model import DriftHour, FeedActivity, FeedState, Novelty

LEARNT_RECORDS = 500
"""Records of a feed before anything counts as never seen."""
KEPT_HOURS = 24
QUIET_MS = KEPT_HOURS * 3_600_000
"""After so long without drift its alert is resolved."""
BREAKING_SHARE, BREAKING_RECORDS = 0.05, 5
_HOUR_MS = 3_600_000


def learnt(state: FeedState, activity: FeedActivity, now_ms: int) -> tuple[FeedState, list[Novelty]]:
    """The feed's state with what this activity shows, and what in it was never seen before."""
    known = set(state.shapes)
    fresh = {_number(one.what): one for one in activity.novel if _number(one.what) not in known}
    learning = state.records < LEARNT_RECORDS
    unseen = [] if learning else list(fresh.values())
    room = MOST_SHAPES - len(state.shapes)
    return replace(
        state,
        records=state.records + activity.records,
        shapes=[*state.shapes, *list(fresh)[:room]] if fresh else state.shapes,
        drift=_counted(state.drift, activity, len(unseen), now_ms),
    ), unseen



def share_broken(state: FeedState, now_ms: int) -> tuple[int, int]:
    """(payloads that broke the contract, payloads) in this hour and the one before."""
    hour = now_ms // _HOUR_MS
    near = [one for one in state.drift if one.hour >= hour - 1]
    return sum(one.broken for one in near), sum(one.records for one in near)



def breaking(state: FeedState, now_ms: int) -> bool:
    """Whether so many payloads break the contract that the carrier must have changed it."""
    broken, records = share_broken(state, now_ms)
    return broken >= BREAKING_RECORDS and broken >= BREAKING_SHARE * records



def _counted(hours: Sequence[DriftHour], activity: FeedActivity, unseen: int, now_ms: int) -> list[DriftHour]:
    hour = now_ms // _HOUR_MS
    kept = [one for one in hours if hour - KEPT_HOURS < one.hour <= hour]
    last = kept.pop() if kept and kept[-1].hour == hour else DriftHour(hour, 0, 0, 0)
    return [*kept, DriftHour(
        hour, last.records + activity.records, last.broken + activity.broken, last.unseen + unseen,
    )]



def _number(what: str) -> int:
    """A shape as a number that fits a long."""
    return int(digest(what)[:15], 16)
