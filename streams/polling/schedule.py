"""When to ask a carrier for a number again, and when never: the poller's decisions, as functions on plain data.

A number is asked for the more often the more may be happening to it (its status), the less often the longer
nothing new was heard of it, and no more once its shipment is at its end or the carrier has not known it for
long enough. Times and durations are UTC milliseconds; ``chance`` is a number in [0, 1) drawn by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.model import CarrierEvent, PollState
from streams.kernel.vocabulary import RANK, STATUS_OF, TERMINAL, Classifier, PollEnd, Status

SETTLED = TERMINAL | {Status.TRACKING_EXPIRED}
"""Nothing more is to be asked about these."""
SPREAD = 0.1
"""Share of an interval by which numbers watched at the same moment drift apart."""
LONGEST_DETAIL = 300
_MOST_DOUBLINGS = 30


class Answer(StrEnum):
    """What came of asking for one number."""

    NEWS = "news"
    UNCHANGED = "unchanged"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    UNAUTHORISED = "unauthorised"
    UNAVAILABLE = "unavailable"
    TRUNCATED = "truncated"


UNKNOWN_TO_CARRIER = frozenset({Answer.NOT_FOUND, Answer.REFUSED})
HEARD = frozenset({Answer.NEWS, Answer.UNCHANGED}) | UNKNOWN_TO_CARRIER
"""The carrier did answer the question."""


class Ageing(Struct, frozen=True):
    """``after_ms`` without news, intervals are ``factor`` times as long."""

    after_ms: int
    factor: float


class Schedule(Struct, frozen=True):
    """How often one carrier is asked. ``every``: by status, ``otherwise`` for the rest.

    A number not known to the carrier ``dead_answers`` times in a row over at least ``dead_after_ms`` is dead;
    one without news for ``expires_after_ms`` has expired.
    """

    otherwise: int
    every: Mapping[Status, int] = field(default_factory=dict)
    ageing: tuple[Ageing, ...] = ()
    longest_ms: int = 24 * 3_600_000
    unknown_ms: int = 6 * 3_600_000
    dead_answers: int = 8
    dead_after_ms: int = 7 * 86_400_000
    expires_after_ms: int = 60 * 86_400_000
    retry_ms: int = 30_000
    retry_longest_ms: int = 3_600_000


def interval(schedule: Schedule, status: Status, quiet_ms: int) -> int | None:
    """How long to wait after an answer, ``quiet_ms`` after the last news; None: for ever."""
    if status in SETTLED:
        return None
    every = schedule.every.get(status, schedule.otherwise)
    factor = max((age.factor for age in schedule.ageing if quiet_ms >= age.after_ms), default=1.0)
    return max(every, min(round(every * factor), schedule.longest_ms))


def backoff(schedule: Schedule, failures: int, chance: float) -> int:
    """How long to wait after so many failures in a row: doubled each time, half of it left to chance."""
    doubled: int = schedule.retry_ms << min(max(0, failures - 1), _MOST_DOUBLINGS)
    longest = min(doubled, schedule.retry_longest_ms)
    return round(longest / 2 + longest / 2 * chance)


def watched(feed: str, carrier: str, number: str, status: Status, now_ms: int) -> PollState:
    """A number nobody asked for before: due at once, unless its shipment is at its end."""
    settled = status in SETTLED
    return PollState(
        feed, carrier, number, status, now_ms, due_at=None if settled else now_ms,
        ended=PollEnd.SETTLED if settled else PollEnd.NONE, ended_at=now_ms if settled else None,
    )


def claimed(state: PollState, claimed_at: int, now_ms: int) -> PollState:
    """After an order named the number (again): one retired before that is asked for anew."""
    if state.ended not in (PollEnd.NOT_FOUND, PollEnd.EXPIRED) or claimed_at <= (state.ended_at or 0):
        return state
    return _revived(state, now_ms, now_ms)


def stands(state: PollState, status: Status, told_at: int, schedule: Schedule, now_ms: int) -> PollState:
    """After the shipment's status became known, by whatever way; the same object where that is nothing new.

    What was ``told_at`` before the last answer counts only where it ends the asking.
    """
    older = state.asked_at is not None and told_at < state.asked_at
    if status is state.status or (older and status not in SETTLED):
        return state
    known = replace(state, status=status)
    if status in SETTLED:
        return known if state.ended is PollEnd.SETTLED else _ended(known, PollEnd.SETTLED, now_ms)
    wait = interval(schedule, status, 0) or schedule.otherwise
    due = max(now_ms, (state.asked_at or 0) + wait) if state.asked_at is not None else now_ms
    if state.ended is not PollEnd.NONE:
        return _revived(known, now_ms, due)
    if state.failures or state.due_at is None:
        return known
    return replace(known, due_at=min(state.due_at, due))


def answered(
    state: PollState, answer: Answer, schedule: Schedule, now_ms: int, chance: float, *,
    status: Status | None = None, not_before: int = 0, detail: str = "",
) -> PollState:
    """The number after an answer, or none, came at ``now_ms``; ``not_before``: what the carrier asked for."""
    asked = replace(
        state, asked_at=now_ms, asked=state.asked + 1, detail=detail[:LONGEST_DETAIL], ended=PollEnd.NONE,
        ended_at=None,
    )
    if answer not in HEARD:
        failures = state.failures + 1
        due = max(not_before, now_ms + backoff(schedule, failures, chance))
        return replace(asked, failures=failures, due_at=due)
    asked = replace(asked, failures=0)
    if answer in UNKNOWN_TO_CARRIER:
        return _not_known(asked, schedule, now_ms, chance, not_before)
    asked = replace(asked, not_found=0, not_found_since=None)
    if answer is Answer.NEWS:
        asked = replace(asked, news_at=now_ms, status=status or state.status)
    return _next(asked, schedule, now_ms, chance, not_before)


def reported(events: Iterable[CarrierEvent]) -> Status | None:
    """The status the latest actual event of an answer reports; None where none reports one."""
    latest: tuple[int, int] | None = None
    found: Status | None = None
    for event in events:
        status = STATUS_OF[event.milestone]
        if status is None or event.classifier is not Classifier.ACTUAL:
            continue
        place = (event.occurred_at, RANK[status])
        if latest is None or place >= latest:
            latest, found = place, status
    return found


def _not_known(state: PollState, schedule: Schedule, now_ms: int, chance: float, not_before: int) -> PollState:
    since = now_ms if state.not_found_since is None else state.not_found_since
    state = replace(state, not_found=state.not_found + 1, not_found_since=since)
    if state.not_found >= schedule.dead_answers and now_ms - since >= schedule.dead_after_ms:
        return _ended(state, PollEnd.NOT_FOUND, now_ms)
    wait = _spread(schedule.unknown_ms, chance)
    return replace(state, due_at=max(not_before, now_ms + wait))


def _next(state: PollState, schedule: Schedule, now_ms: int, chance: float, not_before: int) -> PollState:
    quiet = now_ms - max(state.watched_since, state.news_at or 0)
    wait = interval(schedule, state.status, quiet)
    if wait is None:
        return _ended(state, PollEnd.SETTLED, now_ms)
    if quiet >= schedule.expires_after_ms:
        return _ended(state, PollEnd.EXPIRED, now_ms)
    return replace(state, due_at=max(not_before, now_ms + _spread(wait, chance)))


def _spread(wait: int, chance: float) -> int:
    return round(wait * (1 - SPREAD / 2 + SPREAD * chance))


def _ended(state: PollState, why: PollEnd, now_ms: int) -> PollState:
    return replace(state, due_at=None, ended=why, ended_at=now_ms)


def _revived(state: PollState, now_ms: int, due: int) -> PollState:
    return replace(
        state, due_at=due, ended=PollEnd.NONE, ended_at=None, not_found=0, not_found_since=None, failures=0,
        watched_since=now_ms, detail="",
    )
