"""The course of one alert: what signals, actions and the clock make of it, step by step in the order of time.

How an alert stands is a function of the set of what was said and done, of the rules, of when its feed was silent, and
of the time; it is worked out anew whenever one of them changes. What the clock alone does (a snooze ends, a flapping
cause calms down, nobody acknowledged) happens at the moment it was due, not when somebody looked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from streams.alerts.record import MOST_FACTS, Course, Deed, Life, Word, fresh, timeline
from streams.alerts.routing import Conduct, Route
from streams.contracts.model import AlertChange
from streams.kernel.alert_vocabulary import OPEN
from streams.kernel.vocabulary import ActionKind, AlertState, AlertStep

ITSELF = "itself"
MOST_CHANGES = 20
"""Steps of its life an alert tells."""
MOST_SPANS = 50
_RAISED, _RESOLVED = AlertState.RAISED, AlertState.RESOLVED
_ACKNOWLEDGED, _SNOOZED, _GATHERED = AlertState.ACKNOWLEDGED, AlertState.SNOOZED, AlertState.GATHERED
Spans = Sequence[tuple[int, int | None]]


class Bearings(Struct, frozen=True):
    """What the course of an alert depends on beside itself. ``hushed``: spans in which it is gathered, with the grace
    after them; None ends one that lasts."""

    conduct: Conduct
    route: Route
    hushed: Spans = ()


def course_of(life: Life, bearings: Bearings, now_ms: int) -> Course:
    """How the alert stands at ``now_ms``, or at the last that was said or done of it if that is later."""
    course = fresh(life)
    for at, item in timeline(life):
        _take(course, at, item, bearings)
    _pass_time(course, now_ms + 1, bearings)
    return course


def condensed(life: Life, bearings: Bearings) -> Life:
    """The same life, of very many signals and actions the oldest summed up."""
    facts = len(life.words) + len(life.deeds)
    if facts <= MOST_FACTS:
        return life
    course = fresh(life)
    told = list(timeline(life))[: facts - MOST_FACTS // 2]
    for at, item in told:
        _take(course, at, item, bearings)
        if isinstance(item, Word):
            course.word = item
        else:
            course.deed = item
    words = sum(isinstance(item, Word) for _, item in told)
    return Life(life.latest, life.cause, life.words[words:], life.deeds[len(told) - words :], course)


def next_turn(course: Course, bearings: Bearings) -> int | None:
    """When the clock alone will change it, UTC ms; None where it will not."""
    return min((at for at, _ in _due(course, bearings)), default=None)


def is_live(course: Course) -> bool:
    """Whether the cause lasts, or is taken to."""
    return course.cause or course.flapping or course.pinned


def _take(course: Course, at: int, item: Word | Deed, bearings: Bearings) -> None:
    _pass_time(course, at, bearings)
    course.at = max(course.at, at)
    if isinstance(item, Deed):
        _act(course, item)
    elif item.raised:
        _rise(course, item, bearings)
    else:
        _fall(course, bearings)


def _pass_time(course: Course, until: int, bearings: Bearings) -> None:
    """Do what falls due before ``until``, each at its moment."""
    while True:
        due = min(_due(course, bearings), default=None, key=lambda one: one[0])
        if due is None or due[0] >= until:
            return
        at, step = due
        course.at = max(course.at, at)
        step(course, at, bearings)


Step = Callable[[Course, int, Bearings], None]


def _due(course: Course, bearings: Bearings) -> Iterator[tuple[int, Step]]:
    if course.flapping:
        yield course.turned_at + bearings.conduct.quiet_ms, _calm
    if course.state is _SNOOZED and course.snoozed is not None:
        yield course.snoozed[0], _wake
    if course.state is _GATHERED and course.release_at is not None:
        yield course.release_at, _release
    escalation = bearings.route.escalation
    if course.state is _RAISED and escalation is not None and not course.escalated:
        yield course.attention_at + escalation.after_ms, _escalate


def _rise(course: Course, word: Word, bearings: Bearings) -> None:
    was_live = is_live(course)
    if not course.cause:
        course.turned_at = course.at
    course.cause = True
    course.severity = word.severity
    if not was_live:
        _begin(course, word, bearings)
    elif word.severity > course.accepted and course.state is not _GATHERED:
        course.accepted = word.severity
        if course.state is _RAISED:
            _tell(course, course.at, AlertStep.WORSENED)
        else:
            _call(course, course.at, AlertStep.WORSENED)


def _begin(course: Course, word: Word, bearings: Bearings) -> None:
    course.raised_at = word.raised_at
    course.accepted = word.severity
    course.acknowledged = course.snoozed = course.resolved = course.assigned = course.release_at = None
    course.escalated = course.by_hand = False
    course.live = (*course.live, (min(course.at, word.raised_at), None))[-MOST_SPANS:]
    for start, end in bearings.hushed:
        if start <= course.at and (end is None or course.at < end):
            course.state, course.release_at = _GATHERED, end
            _tell(course, course.at, AlertStep.GATHERED)
            return
    _call(course, course.at, AlertStep.RAISED)


def _fall(course: Course, bearings: Bearings) -> None:
    if not course.cause:
        return
    conduct, at = bearings.conduct, course.at
    course.cause = course.pinned = False
    course.turned_at = at
    course.ends = tuple(one for one in (*course.ends, at) if one > at - conduct.flaps_within_ms)[-conduct.flaps - 1 :]
    if not course.flapping and len(course.ends) > conduct.flaps and course.state is not _GATHERED:
        course.flapping = True
        _tell(course, at, AlertStep.FLAPPING)
    if not is_live(course):
        _end(course, at, ITSELF)


def _end(course: Course, at: int, by: str, note: str = "") -> None:
    """The cause is over."""
    if course.live and course.live[-1][1] is None:
        course.live = (*course.live[:-1], (course.live[-1][0], at))
    course.by_hand = course.pinned = False
    course.release_at = None
    if course.state is not _RESOLVED:
        course.state, course.resolved = _RESOLVED, (at, by)
        _tell(course, at, AlertStep.RESOLVED, by, note)


def _calm(course: Course, at: int, bearings: Bearings) -> None:
    del bearings
    course.flapping = False
    course.ends = ()
    _tell(course, at, AlertStep.CALMED)
    if not is_live(course):
        _end(course, at, ITSELF)


def _wake(course: Course, at: int, bearings: Bearings) -> None:
    del bearings
    _call(course, at, AlertStep.WOKEN)


def _release(course: Course, at: int, bearings: Bearings) -> None:
    del bearings
    course.release_at = None
    _call(course, at, AlertStep.RELEASED)


def _escalate(course: Course, at: int, bearings: Bearings) -> None:
    escalation = bearings.route.escalation
    assert escalation is not None
    course.escalated = True
    if escalation.owner is not None:
        course.assigned = escalation.owner
    _tell(course, at, AlertStep.ESCALATED, note=escalation.owner or "")


def _call(course: Course, at: int, step: AlertStep, by: str = ITSELF, note: str = "") -> None:
    """Call for attention, anew."""
    course.state = _RAISED
    course.attention_at = at
    course.times_raised += 1
    course.acknowledged = course.snoozed = course.resolved = None
    course.escalated = course.by_hand = False
    _tell(course, at, step, by, note)


def _tell(course: Course, at: int, step: AlertStep, by: str = ITSELF, note: str = "") -> None:
    course.history = (*course.history, AlertChange(at, step, by, note))[-MOST_CHANGES:]


def _act(course: Course, deed: Deed) -> None:
    step = _DOING[deed.action](course, deed)
    if step is AlertStep.IGNORED:
        _tell(course, deed.at, step, deed.by, f"{deed.action.value}: {deed.note}" if deed.note else deed.action.value)
        return
    course.accepted = course.severity
    course.note = deed.note or course.note
    if step is AlertStep.REOPENED:
        _call(course, course.at, step, deed.by, deed.note)
    else:
        _tell(course, deed.at, step, deed.by, deed.note)


def _acknowledge(course: Course, deed: Deed) -> AlertStep:
    if course.state not in (_RAISED, _SNOOZED):
        return AlertStep.IGNORED
    course.state, course.acknowledged, course.snoozed = _ACKNOWLEDGED, (deed.at, deed.by), None
    return AlertStep.ACKNOWLEDGED


def _snooze(course: Course, deed: Deed) -> AlertStep:
    if course.state not in OPEN or deed.until is None or deed.until <= course.at:
        return AlertStep.IGNORED
    course.state, course.snoozed = _SNOOZED, (deed.until, deed.by)
    return AlertStep.SNOOZED


def _resolve(course: Course, deed: Deed) -> AlertStep:
    if course.state not in OPEN:
        return AlertStep.IGNORED
    course.state, course.resolved, course.snoozed, course.pinned = _RESOLVED, (deed.at, deed.by), None, False
    course.by_hand = is_live(course)
    if not course.by_hand:
        _end(course, deed.at, deed.by)
    return AlertStep.RESOLVED


def _reopen(course: Course, deed: Deed) -> AlertStep:
    if course.state in (_RAISED, _GATHERED) or not course.live:
        return AlertStep.IGNORED
    if not is_live(course):
        course.pinned = True
        course.live = (*course.live, (deed.at, None))[-MOST_SPANS:]
    return AlertStep.REOPENED


def _assign(course: Course, deed: Deed) -> AlertStep:
    if deed.owner is None or not (course.state in OPEN or course.state is _GATHERED):
        return AlertStep.IGNORED
    course.assigned = deed.owner
    return AlertStep.ASSIGNED


_DOING: dict[ActionKind, Callable[[Course, Deed], AlertStep]] = {
    ActionKind.ACKNOWLEDGE: _acknowledge, ActionKind.SNOOZE: _snooze, ActionKind.RESOLVE: _resolve,
    ActionKind.REOPEN: _reopen, ActionKind.ASSIGN: _assign,
}
