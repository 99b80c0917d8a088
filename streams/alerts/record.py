"""Keeps the signals and people's actions of one alert, as sets.

The record is a function of the set of signals and actions. It is stored as MessagePack arrays: new fields go to the
end, with a default. Of very many, the oldest are folded into ``baseline``; only then does the order of arrival matter:
what is older than the baseline is ignored. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

from msgspec import Struct, field, msgpack

from streams.contracts.model import AlertAction, AlertChange, AlertSignal
from streams.kernel.vocabulary import ActionKind, AlertState, Severity

MOST_FACTS = 200
"""Signals and actions of one alert that are kept one by one."""
MOST_NOTE = 2_000
"""Characters kept of a note."""


class SeenSignal(Struct, frozen=True, array_like=True, order=True):
    """A signal without its texts: its order, by ``said_at`` and ``place`` first, and its effect. ``severity``: the
    index in ``Severity``."""

    said_at: int
    place: int
    raised: bool
    changed_at: int
    severity: int
    raised_at: int


class SeenAction(Struct, frozen=True, array_like=True):
    """An action without the alert it is about."""

    at: int
    action: ActionKind
    by: str
    note: str
    until: int | None
    owner: str | None


class Progress(Struct, array_like=True):
    """The state of an alert at one moment, and how it came to that (``timeline.py`` moves it on).

    ``cause``: whether the last signal says that the cause lasts. ``reopened``: a person reopened it without a cause.
    ``resolved_manually``: a person resolved it while the cause lasts. ``answered``: index of the severity a person
    answered to. ``ends``: when the cause ended lately. ``active``: spans in which the cause lasted, flapping included.
    ``release_at``: when it is no longer gathered under its feed's alert, where that is known.
    """

    at: int = 0
    state: AlertState = AlertState.RESOLVED
    cause: bool = False
    flapping: bool = False
    reopened: bool = False
    resolved_manually: bool = False
    severity: int = 0
    answered: int = 0
    cause_changed_at: int = 0
    ends: tuple[int, ...] = ()
    active: tuple[tuple[int, int | None], ...] = ()
    raised_at: int = 0
    attention_at: int = 0
    release_at: int | None = None
    times_raised: int = 0
    escalated: bool = False
    assigned: str | None = None
    acknowledged: tuple[int, str] | None = None
    snoozed: tuple[int, str] | None = None
    resolved: tuple[int, str] | None = None
    note: str = ""
    history: tuple[AlertChange, ...] = ()
    signal: SeenSignal | None = None
    action: SeenAction | None = None


class AlertRecord(Struct, array_like=True):
    """Keeps everything known of one alert. ``latest``: the last signal; ``cause``: the text of the last signal that
    raised it; ``signals`` and ``actions`` in their order; ``baseline``: the state before the first of them."""

    latest: AlertSignal | None = None
    cause: str = ""
    signals: list[SeenSignal] = []
    actions: list[SeenAction] = []
    baseline: Progress = field(default_factory=Progress)


encode = msgpack.Encoder().encode
decode = msgpack.Decoder(AlertRecord).decode
"""The record of stored bytes. Raises msgspec.DecodeError (or its ValidationError) for other bytes."""

_SEVERITIES = tuple(Severity)


def seen(signal: AlertSignal) -> SeenSignal:
    """The signal as the record keeps it."""
    return SeenSignal(
        signal.said_at, signal.place, signal.state is not AlertState.RESOLVED, signal.changed_at,
        _SEVERITIES.index(signal.severity), signal.raised_at,
    )


def with_signal(record: AlertRecord, signal: AlertSignal) -> AlertRecord | None:
    """The record with one more signal; None where that changes nothing."""
    new = seen(signal)
    if record.baseline.signal is not None and new <= record.baseline.signal:
        return None
    latest, cause = record.latest, record.cause
    if latest is None or _age(signal) > _age(latest):
        latest = signal
    if new.raised and all(not one.raised or one <= new for one in record.signals):
        is_known = new in record.signals
        cause = max(cause, signal.cause) if is_known else signal.cause
    signals = record.signals if new in record.signals else sorted([*record.signals, new])
    if signals is record.signals and latest is record.latest and cause == record.cause:
        return None
    return AlertRecord(latest, cause, signals, record.actions, record.baseline)


def with_action(record: AlertRecord, action: AlertAction) -> AlertRecord | None:
    """The record with one more action; None where that changes nothing."""
    new = SeenAction(action.at, action.action, action.by, action.note[:MOST_NOTE], action.until, action.owner)
    folded = record.baseline.action
    if new in record.actions or (folded is not None and order_of(new) <= order_of(folded)):
        return None
    actions = sorted([*record.actions, new], key=order_of)
    return AlertRecord(record.latest, record.cause, record.signals, actions, record.baseline)


def order_of(action: SeenAction) -> tuple[int, str, str, str, int, str]:
    """Orders actions by time; actions of the same time in a fixed order."""
    until = -1 if action.until is None else action.until
    return action.at, action.action.value, action.by, action.note, until, action.owner or ""


def timeline(record: AlertRecord) -> Iterator[tuple[int, SeenSignal | SeenAction]]:
    """Signals and actions in order, each with the time it takes effect. Signals go by ``said_at``; an action follows
    the signals said by its time."""
    at, timed = record.baseline.at, []
    for signal in record.signals:
        at = max(at, signal.said_at)
        timed.append((at, signal))
    place = 0
    for action in record.actions:
        while place < len(timed) and timed[place][0] <= action.at:
            yield timed[place]
            place += 1
        yield max(record.baseline.at, action.at), action
    yield from timed[place:]


def baseline_of(record: AlertRecord) -> Progress:
    """A copy of the baseline, to be moved on."""
    return copy(record.baseline)


def _age(signal: AlertSignal) -> tuple[SeenSignal, bytes]:
    return seen(signal), encode(signal)
