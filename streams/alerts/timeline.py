"""The progress of one alert: the effects of its signals, of people's actions and of the clock, in the order of time.

The state of an alert is a function of its signals and actions, of the policy, of the silences of its feed, and of the
time; it is evaluated anew whenever one of them changes. What the clock brings about (a snooze ends, a flapping cause
calms down, nobody acknowledged) takes effect when it was due, not when a sweep ran. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from streams.alerts.record import MOST_FACTS, AlertRecord, Progress, SeenAction, SeenSignal, baseline_of, timeline
from streams.alerts.routing import AlertPolicy, Route
from streams.contracts.model import AlertChange
from streams.kernel.alert_vocabulary import ITSELF, OPEN
from streams.kernel.vocabulary import ActionKind, AlertState, AlertStep

MOST_CHANGES = 20
"""Latest changes an alert shows."""
MOST_SPANS = 50
_RAISED, _RESOLVED = AlertState.RAISED, AlertState.RESOLVED
_ACKNOWLEDGED, _SNOOZED, _GATHERED = AlertState.ACKNOWLEDGED, AlertState.SNOOZED, AlertState.GATHERED
Spans = Sequence[tuple[int, int | None]]


class AlertContext(Struct, frozen=True):
    """Holds the inputs of an alert's progress beside its record. ``silences``: spans in which it is gathered under its
    feed's alert, with the grace after them; an end of None: it lasts."""

    policy: AlertPolicy
    route: Route
    silences: Spans = ()


def progress_at(record: AlertRecord, context: AlertContext, now_ms: int) -> Progress:
    """The progress at ``now_ms``, or at the last signal or action if that is later."""
    progress = baseline_of(record)
    for at, item in timeline(record):
        _take(progress, at, item, context)
    _pass_time(progress, now_ms + 1, context)
    return progress


def compacted(record: AlertRecord, context: AlertContext) -> AlertRecord:
    """The same record; beyond ``MOST_FACTS`` signals and actions, the oldest are folded into its baseline."""
    facts = len(record.signals) + len(record.actions)
    if facts <= MOST_FACTS:
        return record
    progress = baseline_of(record)
    oldest = list(timeline(record))[: facts - MOST_FACTS // 2]
    for at, item in oldest:
        _take(progress, at, item, context)
        if isinstance(item, SeenSignal):
            progress.signal = item
        else:
            progress.action = item
    signals = sum(isinstance(item, SeenSignal) for _, item in oldest)
    actions = record.actions[len(oldest) - signals :]
    return AlertRecord(record.latest, record.cause, record.signals[signals:], actions, progress)


def next_change(progress: Progress, context: AlertContext) -> int | None:
    """Returns when the clock alone changes the alert, UTC ms; None: never."""
    return min((at for at, _ in _due(progress, context)), default=None)


def is_active(progress: Progress) -> bool:
    """Whether the cause lasts, or counts as lasting (flapping, reopened)."""
    return progress.cause or progress.flapping or progress.reopened


def _take(progress: Progress, at: int, item: SeenSignal | SeenAction, context: AlertContext) -> None:
    _pass_time(progress, at, context)
    progress.at = max(progress.at, at)
    if isinstance(item, SeenAction):
        _act(progress, item)
    elif item.raised:
        _cause_begins(progress, item, context)
    else:
        _cause_ends(progress, context)


def _pass_time(progress: Progress, until: int, context: AlertContext) -> None:
    """Apply what is due before ``until``, each at its time."""
    while True:
        due = min(_due(progress, context), default=None, key=lambda one: one[0])
        if due is None or due[0] >= until:
            return
        at, step = due
        progress.at = max(progress.at, at)
        step(progress, at, context)


Step = Callable[[Progress, int, AlertContext], None]


def _due(progress: Progress, context: AlertContext) -> Iterator[tuple[int, Step]]:
    if progress.flapping:
        yield progress.cause_changed_at + context.policy.quiet_ms, _calm
    if progress.state is _SNOOZED and progress.snoozed is not None:
        yield progress.snoozed[0], _wake
    if progress.state is _GATHERED and progress.release_at is not None:
        yield progress.release_at, _release
    escalation = context.route.escalation
    if progress.state is _RAISED and escalation is not None and not progress.escalated:
        yield progress.attention_at + escalation.after_ms, _escalate


def _cause_begins(progress: Progress, signal: SeenSignal, context: AlertContext) -> None:
    was_active = is_active(progress)
    if not progress.cause:
        progress.cause_changed_at = progress.at
    progress.cause = True
    progress.severity = signal.severity
    if not was_active:
        _activate(progress, signal, context)
    elif signal.severity > progress.answered and progress.state is not _GATHERED:
        progress.answered = signal.severity
        if progress.state is _RAISED:
            _log(progress, progress.at, AlertStep.WORSENED)
        else:
            _call_attention(progress, progress.at, AlertStep.WORSENED)


def _activate(progress: Progress, signal: SeenSignal, context: AlertContext) -> None:
    progress.raised_at = signal.raised_at
    progress.answered = signal.severity
    progress.acknowledged = progress.snoozed = progress.resolved = progress.assigned = progress.release_at = None
    progress.escalated = progress.resolved_manually = False
    progress.active = (*progress.active, (min(progress.at, signal.raised_at), None))[-MOST_SPANS:]
    for start, end in context.silences:
        if start <= progress.at and (end is None or progress.at < end):
            progress.state, progress.release_at = _GATHERED, end
            _log(progress, progress.at, AlertStep.GATHERED)
            return
    _call_attention(progress, progress.at, AlertStep.RAISED)


def _cause_ends(progress: Progress, context: AlertContext) -> None:
    if not progress.cause:
        return
    policy, at = context.policy, progress.at
    progress.cause = progress.reopened = False
    progress.cause_changed_at = at
    progress.ends = tuple(one for one in (*progress.ends, at) if one > at - policy.flaps_within_ms)[-policy.flaps - 1 :]
    if not progress.flapping and len(progress.ends) > policy.flaps and progress.state is not _GATHERED:
        progress.flapping = True
        _log(progress, at, AlertStep.FLAPPING)
    if not is_active(progress):
        _deactivate(progress, at, ITSELF)


def _deactivate(progress: Progress, at: int, by: str, note: str = "") -> None:
    """The cause is over."""
    if progress.active and progress.active[-1][1] is None:
        progress.active = (*progress.active[:-1], (progress.active[-1][0], at))
    progress.resolved_manually = progress.reopened = False
    progress.release_at = None
    if progress.state is not _RESOLVED:
        progress.state, progress.resolved = _RESOLVED, (at, by)
        _log(progress, at, AlertStep.RESOLVED, by, note)


def _calm(progress: Progress, at: int, context: AlertContext) -> None:
    del context
    progress.flapping = False
    progress.ends = ()
    _log(progress, at, AlertStep.CALMED)
    if not is_active(progress):
        _deactivate(progress, at, ITSELF)


def _wake(progress: Progress, at: int, context: AlertContext) -> None:
    del context
    _call_attention(progress, at, AlertStep.WOKEN)


def _release(progress: Progress, at: int, context: AlertContext) -> None:
    del context
    progress.release_at = None
    _call_attention(progress, at, AlertStep.RELEASED)


def _escalate(progress: Progress, at: int, context: AlertContext) -> None:
    escalation = context.route.escalation
    assert escalation is not None
    progress.escalated = True
    if escalation.owner is not None:
        progress.assigned = escalation.owner
    _log(progress, at, AlertStep.ESCALATED, note=escalation.owner or "")


def _call_attention(progress: Progress, at: int, step: AlertStep, by: str = ITSELF, note: str = "") -> None:
    """Raise the alert, for the first time or again."""
    progress.state = _RAISED
    progress.attention_at = at
    progress.times_raised += 1
    progress.acknowledged = progress.snoozed = progress.resolved = None
    progress.escalated = progress.resolved_manually = False
    _log(progress, at, step, by, note)


def _log(progress: Progress, at: int, step: AlertStep, by: str = ITSELF, note: str = "") -> None:
    progress.history = (*progress.history, AlertChange(at, step, by, note))[-MOST_CHANGES:]


def _act(progress: Progress, action: SeenAction) -> None:
    step = _PERFORM[action.action](progress, action)
    if step is AlertStep.IGNORED:
        ignored = action.action.value
        _log(progress, action.at, step, action.by, f"{ignored}: {action.note}" if action.note else ignored)
        return
    progress.answered = progress.severity
    progress.note = action.note or progress.note
    if step is AlertStep.REOPENED:
        _call_attention(progress, progress.at, step, action.by, action.note)
    else:
        _log(progress, action.at, step, action.by, action.note)


def _acknowledge(progress: Progress, action: SeenAction) -> AlertStep:
    if progress.state not in (_RAISED, _SNOOZED):
        return AlertStep.IGNORED
    progress.state, progress.acknowledged, progress.snoozed = _ACKNOWLEDGED, (action.at, action.by), None
    return AlertStep.ACKNOWLEDGED


def _snooze(progress: Progress, action: SeenAction) -> AlertStep:
    if progress.state not in OPEN or action.until is None or action.until <= progress.at:
        return AlertStep.IGNORED
    progress.state, progress.snoozed = _SNOOZED, (action.until, action.by)
    return AlertStep.SNOOZED


def _resolve(progress: Progress, action: SeenAction) -> AlertStep:
    if progress.state not in OPEN:
        return AlertStep.IGNORED
    progress.state, progress.resolved = _RESOLVED, (action.at, action.by)
    progress.snoozed, progress.reopened = None, False
    progress.resolved_manually = is_active(progress)
    if not progress.resolved_manually:
        _deactivate(progress, action.at, action.by)
    return AlertStep.RESOLVED


def _reopen(progress: Progress, action: SeenAction) -> AlertStep:
    if progress.state in (_RAISED, _GATHERED) or not progress.active:
        return AlertStep.IGNORED
    if not is_active(progress):
        progress.reopened = True
        progress.active = (*progress.active, (action.at, None))[-MOST_SPANS:]
    return AlertStep.REOPENED


def _assign(progress: Progress, action: SeenAction) -> AlertStep:
    if action.owner is None or not (progress.state in OPEN or progress.state is _GATHERED):
        return AlertStep.IGNORED
    progress.assigned = action.owner
    return AlertStep.ASSIGNED


_PERFORM: dict[ActionKind, Callable[[Progress, SeenAction], AlertStep]] = {
    ActionKind.ACKNOWLEDGE: _acknowledge, ActionKind.SNOOZE: _snooze, ActionKind.RESOLVE: _resolve,
    ActionKind.REOPEN: _reopen, ActionKind.ASSIGN: _assign,
}
