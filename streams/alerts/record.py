"""What the alerts stage keeps of one alert: what was said of its cause and done about it, as sets.

The record is a function of the set of signals and actions. It is stored as MessagePack arrays: new fields go to the
end, with a default. Of very many, the oldest are summed up (``course``); only then does it matter what came first:
what is older than the sum counts no more.
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


class Word(Struct, frozen=True, array_like=True, order=True):
    """Of a signal, what its place in the order and its effect depend on: first when it was said. ``severity``: its
    place in the list."""

    said_at: int
    place: int
    raised: bool
    changed_at: int
    severity: int
    raised_at: int


class Deed(Struct, frozen=True, array_like=True):
    """An action without the alert it is about."""

    at: int
    action: ActionKind
    by: str
    note: str
    until: int | None
    owner: str | None


class Course(Struct, array_like=True):
    """How an alert stands at one moment, and how it came to that (``timeline.py`` moves it on). Times: UTC ms.

    ``cause``: it is there, by what was said last; ``pinned``: reopened by a person without it; ``by_hand``: resolved by
    a person while it lasts. ``accepted``: the severity a person answered to. ``live``: spans in which the cause
    held, flapping counted in. ``release_at``: end of being gathered, where it is known.
    """

    at: int = 0
    state: AlertState = AlertState.RESOLVED
    cause: bool = False
    flapping: bool = False
    pinned: bool = False
    by_hand: bool = False
    severity: int = 0
    accepted: int = 0
    turned_at: int = 0
    ends: tuple[int, ...] = ()
    live: tuple[tuple[int, int | None], ...] = ()
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
    word: Word | None = None
    deed: Deed | None = None


class Life(Struct, array_like=True):
    """All of one alert. ``latest``: the signal said last; ``cause``: the words of the latest that raised it;
    ``words`` and ``deeds`` in their order; ``course``: how it stood before the first of them.
    """

    latest: AlertSignal | None = None
    cause: str = ""
    words: list[Word] = []
    deeds: list[Deed] = []
    course: Course = field(default_factory=Course)


encode = msgpack.Encoder().encode
decode = msgpack.Decoder(Life).decode
"""A stored record back. Raises msgspec.DecodeError (or its ValidationError) where it is not one."""

_SEVERITIES = tuple(Severity)


def word_of(signal: AlertSignal) -> Word:
    """The signal's place and effect."""
    return Word(
        signal.said_at, signal.place, signal.state is not AlertState.RESOLVED, signal.changed_at,
        _SEVERITIES.index(signal.severity), signal.raised_at,
    )


def with_signal(life: Life, signal: AlertSignal) -> Life | None:
    """The life with one more signal; None where it tells nothing new. ``life`` stays as it is."""
    word = word_of(signal)
    if life.course.word is not None and word <= life.course.word:
        return None
    latest, cause = life.latest, life.cause
    if latest is None or _age(signal) > _age(latest):
        latest = signal
    if word.raised and all(_last_raised(one, word) for one in life.words):
        same = any(one == word for one in life.words)
        cause = max(cause, signal.cause) if same else signal.cause
    words = life.words if word in life.words else sorted([*life.words, word])
    if words is life.words and latest is life.latest and cause == life.cause:
        return None
    return Life(latest, cause, words, life.deeds, life.course)


def _last_raised(one: Word, word: Word) -> bool:
    return not one.raised or one <= word


def _age(signal: AlertSignal) -> tuple[Word, bytes]:
    return word_of(signal), encode(signal)


def with_action(life: Life, action: AlertAction) -> Life | None:
    """The life with one more action; None where it is known. ``life`` stays as it is."""
    deed = Deed(action.at, action.action, action.by, action.note[:MOST_NOTE], action.until, action.owner)
    known = life.course.deed
    if deed in life.deeds or (known is not None and order_of(deed) <= order_of(known)):
        return None
    return Life(life.latest, life.cause, life.words, sorted([*life.deeds, deed], key=order_of), life.course)


def order_of(deed: Deed) -> tuple[int, str, str, str, int, str]:
    """What makes one action later than another; of equal time, always the same."""
    until = -1 if deed.until is None else deed.until
    return deed.at, deed.action.value, deed.by, deed.note, until, deed.owner or ""


def timeline(life: Life) -> Iterator[tuple[int, Word | Deed]]:
    """Everything in its order with the time it took effect at, UTC ms. Signals go by when they were said; an action
    meets what was said by then."""
    at, said = life.course.at, []
    for word in life.words:
        at = max(at, word.said_at)
        said.append((at, word))
    place = 0
    for deed in life.deeds:
        while place < len(said) and said[place][0] <= deed.at:
            yield said[place]
            place += 1
        yield max(life.course.at, deed.at), deed
    yield from said[place:]


def fresh(life: Life) -> Course:
    """How it stood before the first of what is kept, to be moved on."""
    return copy(life.course)
