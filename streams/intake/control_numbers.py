"""Control numbers of EDI received: which delivery brought each of them first.

A partner that sends an interchange again, or uses its numbers again, repeats them; what comes under a number seen
before is flagged, never dropped. What is read again is no repeat: what one delivery is, its correlation id says. Times
are UTC milliseconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from msgspec import Struct

from streams.contracts.model import CarrierEvent, ControlRun, EdiReceipt

KEPT_MS = 30 * 24 * 3_600_000
"""For so long a number is known; one used again later is none repeated."""
MOST_KEPT = 200_000
"""Of spans of control numbers; beyond them what was seen first is forgotten first."""
_SPAN_BITS = 6
"""A span holds 64 control numbers that follow each other."""
_IN_SPAN = (1 << _SPAN_BITS) - 1
_LONGEST_NUMBER = 18


class SetRead(NamedTuple):
    """A transaction set or message: its control number, and the events read of it."""

    control: str
    events: list[CarrierEvent]


class Envelope(Struct):
    """The sets of one group (X12) or interchange (EDIFACT). ``group_control`` is empty where there is none."""

    sender: str
    interchange_control: str
    group_control: str
    sets: list[SetRead]


class Delivery(Protocol):
    """What brought a record."""

    @property
    def feed(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def received_at(self) -> int: ...
    @property
    def correlation_id(self) -> str: ...


_Span = tuple[str, str, str, str, int | str]
"""Feed, sender, interchange and group control, and which 64 numbers; a control that is no number is a span of its
own."""


class _Seen:
    """Of one span: which of its numbers a delivery brought first."""

    __slots__ = ("at", "delivery", "numbers")

    def __init__(self, delivery: str, at: int, numbers: int) -> None:
        self.delivery, self.at, self.numbers = delivery, at, numbers


class ControlNumbers:
    """What an intake worker knows of control numbers, by what it read and by what all workers tell. Bounded.

    ``ready``: false while what they told is still being read for the first time. One thread may learn while another
    looks.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.ready = True
        self._most = most
        self._seen: dict[_Span, list[_Seen]] = {}
        self._told: deque[EdiReceipt] = deque(maxlen=most)

    def repeated(self, envelopes: Iterable[Envelope], by: Delivery) -> tuple[list[SetRead], list[EdiReceipt]]:
        """Of what a delivery brought, the sets whose numbers another brought before, and its receipt of the rest.

        A delivery that is read again gives both as it did.
        """
        self._take_in()
        repeats: list[SetRead] = []
        first: list[EdiReceipt] = []
        for one in envelopes:
            own: list[str] = []
            for each in one.sets:
                if not each.control:
                    continue
                if self._is_first(by, one, each.control):
                    own.append(each.control)
                else:
                    repeats.append(each)
            if own:
                first.append(_receipt(by, one, own))
        return repeats, first

    def learn(self, told: EdiReceipt) -> None:
        """Hear what a worker saw; it counts from the next look on."""
        self._told.append(told)

    def _take_in(self) -> None:
        while self._told:
            told = self._told.popleft()
            envelope = Envelope(told.sender, told.interchange_control, told.group_control, [])
            for run in told.sets:
                if run.first == run.last:
                    self._is_first(told, envelope, run.first)
                elif _is_number(run.first) and _is_number(run.last):
                    for number in range(int(run.first), int(run.last) + 1):
                        self._is_first(told, envelope, str(number))

    def _is_first(self, by: Delivery, envelope: Envelope, control: str) -> bool:
        """Whether no other delivery brought this number before; it is noted as this one's then."""
        span: int | str = control
        bit = 1
        if _is_number(control):
            number = int(control)
            span, bit = number >> _SPAN_BITS, 1 << (number & _IN_SPAN)
        key = (by.feed, envelope.sender, envelope.interchange_control, envelope.group_control, span)
        known = self._seen.get(key)
        if known is None:
            self._seen[key] = [_Seen(by.correlation_id, by.received_at, bit)]
            if len(self._seen) > self._most:
                del self._seen[next(iter(self._seen))]
            return True
        own: _Seen | None = None
        for seen in known:
            if seen.delivery == by.correlation_id:
                own = seen
            if seen.numbers & bit:
                if seen.delivery == by.correlation_id:
                    return True
                if abs(by.received_at - seen.at) <= KEPT_MS:
                    return False
                seen.numbers &= ~bit
        if own is None:
            known[:] = [seen for seen in known if seen.numbers]
            known.append(_Seen(by.correlation_id, by.received_at, bit))
        else:
            own.numbers |= bit
        return True


def _receipt(by: Delivery, envelope: Envelope, controls: Sequence[str]) -> EdiReceipt:
    return EdiReceipt(
        by.feed, envelope.sender, envelope.interchange_control, envelope.group_control, list(_runs(controls)),
        by.correlation_id, by.received_at, by.topic, by.partition, by.offset,
    )


def _runs(controls: Iterable[str]) -> Iterator[ControlRun]:
    """The numbers, those that follow each other told by their first and last."""
    texts = sorted({control for control in controls if not _is_number(control)})
    numbers = sorted({int(control) for control in controls if _is_number(control)})
    for _, run in groupby(enumerate(numbers), lambda at: at[1] - at[0]):
        found = [str(number) for _, number in run]
        yield ControlRun(found[0], found[-1])
    for text in texts:
        yield ControlRun(text, text)


def _is_number(control: str) -> bool:
    return control.isascii() and control.isdigit() and len(control) <= _LONGEST_NUMBER
