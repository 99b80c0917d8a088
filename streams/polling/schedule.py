"""Decides when to poll a carrier for a number again, and when to stop: the poller's decisions as pure functions.

How often depends on the shipment's status; the interval grows while nothing new comes. Polling stops when the shipment
has ended, or when the carrier has not known the number for long enough. Times and durations are milliseconds, times
since the epoch (UTC); ``chance`` is a random number in [0, 1) drawn by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.model import CarrierEvent, PollState
from streams.kernel.vocabulary import RANK, STATUS_OF, TERMINAL, Classifier, PollEnd, Status

SETTLED = TERMINAL | {Status.TRACKING_EXPIRED}
"""Statuses after which a number is no longer polled."""
SPREAD = 0.1
"""Random share of an interval, so that numbers first polled together do not stay together."""
LONGEST_DETAIL = 300
_MOST_DOUBLINGS = 30


class Answer(StrEnum):
    """The outcome of one request for one number."""

    NEWS = "news"
    UNCHANGED = "unchanged"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    UNAUTHORISED = "unauthorised"
    UNAVAILABLE = "unavailable"
    TRUNCATED = "truncated"


UNKNOWN_TO_CARRIER = frozenset({Answer.NOT_FOUND, Answer.REFUSED})
ANSWERED = frozenset({Answer.NEWS, Answer.UNCHANGED}) | UNKNOWN_TO_CARRIER
"""Outcomes in which the carrier answered the request."""


class Ageing(Struct, frozen=True):
    """After ``after_ms`` without news, intervals are ``factor`` times as long."""

    after_ms: int
    factor: float


class Schedule(Struct, frozen=True):
    """How often one carrier is polled. ``every``: interval by status, ``otherwise`` for all other statuses; ms.

    A number the carrier has not known ``dead_answers`` times in a row, over at least ``dead_after_ms``, is given up;
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
    """Returns how long to wait after an answer, ``quiet_ms`` after the last news; None: no more polling."""
    if status in SETTLED:
        return None
    every = schedule.every.get(status, schedule.otherwise)
    factor = max((age.factor for age in schedule.ageing if quiet_ms >= age.after_ms), default=1.0)
    return max(every, min(round(every * factor), schedule.longest_ms))


def backoff(schedule: Schedule, failures: int, chance: float) -> int:
    """Returns how long to wait after so many failures in a row: doubled each time, the upper half of it random."""
    doubled: int = schedule.retry_ms << min(max(0, failures - 1), _MOST_DOUBLINGS)
    longest = min(doubled, schedule.retry_longest_ms)
    return round(longest / 2 + longest / 2 * chance)


def new_number(feed: str, carrier: str, number: str, status: Status, now_ms: int) -> PollState:
    """The state of a number not polled before: due at once, unless its shipment has ended."""
    settled = status in SETTLED
    return PollState(
        feed, carrier, number, status, now_ms, due_at=None if settled else now_ms,
        ended=PollEnd.SETTLED if settled else PollEnd.NONE, ended_at=now_ms if settled else None,
    )


def after_claim(state: PollState, claimed_at: int, now_ms: int) -> PollState:
    """The state after an order named the number: one given up before that time is polled again."""
    if state.ended not in (PollEnd.NOT_FOUND, PollEnd.EXPIRED) or claimed_at <= (state.ended_at or 0):
        return state
    return _revived(state, now_ms, now_ms)


def with_status(state: PollState, status: Status, reported_at: int, schedule: Schedule, now_ms: int) -> PollState:
    """The state after the shipment's status became known; the same object where nothing changes.

    A status reported before the carrier's last answer counts only if it ends polling.
    """
    older = state.asked_at is not None and reported_at < state.asked_at
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


def asked_once(state: PollState, wanted_at: int, now_ms: int) -> PollState:
    """The state after somebody missed something of a number that is no longer polled: it is asked for once more, unless
    it was since."""
    if state.ended is PollEnd.NONE or wanted_at <= (state.asked_at or 0):
        return state
    return _revived(state, now_ms, now_ms)


def after_answer(
    state: PollState, answer: Answer, schedule: Schedule, now_ms: int, chance: float, *,
    status: Status | None = None, not_before: int = 0, detail: str = "",
) -> PollState:
    """The state after a request ended at ``now_ms``, answered or not; ``not_before``: the carrier's Retry-After."""
    asked = replace(
        state, asked_at=now_ms, asked=state.asked + 1, detail=detail[:LONGEST_DETAIL], ended=PollEnd.NONE,
        ended_at=None,
    )
    if answer not in ANSWERED:
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
    """The status of the latest actual event of a response; None where no event has one."""
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
