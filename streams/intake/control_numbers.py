"""Control numbers of received EDI: which delivery brought each of them first.

A partner that sends an interchange twice, or reuses its numbers, repeats control numbers. Events under a repeated
number are flagged, never dropped. A delivery that is read again is no repeat: its correlation id identifies it. Times
are UTC milliseconds. The envelopes are those of ASC X12.5 (ISA, GS, ST) and ISO 9735 (UNB, UNH).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from msgspec import Struct

from streams.contracts.ids import digest
from streams.contracts.model import CarrierEvent, ControlRun, EdiReceipt

KEPT_MS = 30 * 24 * 3_600_000
"""A number used again after so long counts as new."""
MOST_KEPT = 200_000
"""Spans of control numbers that are kept; beyond them the oldest is dropped."""
_SPAN_BITS = 6
"""A span covers 64 consecutive control numbers."""
_IN_SPAN = (1 << _SPAN_BITS) - 1
_LONGEST_NUMBER = 18
_LONGEST_KEPT = 64


def _short(text: str) -> str:
    """The text, or what stands for a long one: no sender and no control number is long."""
    return text if len(text) <= _LONGEST_KEPT else digest(text)


class SetRead(NamedTuple):
    """A transaction set (X12) or message (EDIFACT): its control number, and the events read from it."""

    control: str
    events: list[CarrierEvent]


class Envelope(Struct):
    """The sets of one group (X12) or interchange (EDIFACT). ``group_control`` is empty where there is none."""

    sender: str
    interchange_control: str
    group_control: str
    sets: list[SetRead]


class Delivery(Protocol):
    """Identifies the origin of a set: a raw record, or a receipt another worker published."""

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
"""Feed, sender, interchange and group control number, and the number of the span; a control number that is not numeric
is a span of its own."""


class _FirstDelivery:
    """The numbers of one span, as bits, that a delivery brought first."""

    __slots__ = ("at", "delivery", "numbers")

    def __init__(self, delivery: str, at: int, numbers: int) -> None:
        self.delivery, self.at, self.numbers = delivery, at, numbers


class ControlNumbers:
    """The control numbers an intake worker knows, from its own records and from all workers' receipts. Bounded.

    ``ready``: false until the existing receipts have been read. One thread may call :meth:`learn` while another calls
    :meth:`note`.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.ready = True
        self._most = most
        self._first: dict[_Span, list[_FirstDelivery]] = {}
        self._received: deque[EdiReceipt] = deque(maxlen=most)

    def note(self, envelopes: Iterable[Envelope], by: Delivery) -> tuple[list[SetRead], list[EdiReceipt]]:
        """The sets of a delivery whose numbers another delivery brought before, and the receipts of the other sets.

        A delivery that is read again returns the same as the first time.
        """
        self._apply_receipts()
        repeats: list[SetRead] = []
        receipts: list[EdiReceipt] = []
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
                receipts.append(_receipt(by, one, own))
        return repeats, receipts

    def learn(self, receipt: EdiReceipt) -> None:
        """Queue another worker's receipt; the next :meth:`note` applies it."""
        self._received.append(receipt)

    def _apply_receipts(self) -> None:
        while self._received:
            receipt = self._received.popleft()
            envelope = Envelope(receipt.sender, receipt.interchange_control, receipt.group_control, [])
            for run in receipt.sets:
                if run.first == run.last:
                    self._is_first(receipt, envelope, run.first)
                elif _is_number(run.first) and _is_number(run.last):
                    for number in range(int(run.first), int(run.last) + 1):
                        self._is_first(receipt, envelope, str(number))

    def _is_first(self, by: Delivery, envelope: Envelope, control: str) -> bool:
        """Whether no other delivery brought this number before; if so, notes it as this delivery's."""
        span: int | str = control
        bit = 1
        if _is_number(control):
            number = int(control)
            span, bit = number >> _SPAN_BITS, 1 << (number & _IN_SPAN)
        key = (
            by.feed, _short(envelope.sender), _short(envelope.interchange_control), _short(envelope.group_control),
            _short(span) if isinstance(span, str) else span,
        )
        known = self._first.get(key)
        if known is None:
            self._first[key] = [_FirstDelivery(by.correlation_id, by.received_at, bit)]
            if len(self._first) > self._most:
                del self._first[next(iter(self._first))]
            return True
        own: _FirstDelivery | None = None
        for first in known:
            if first.delivery == by.correlation_id:
                own = first
            if first.numbers & bit:
                if first.delivery == by.correlation_id:
                    return True
                if abs(by.received_at - first.at) <= KEPT_MS:
                    return False
                first.numbers &= ~bit
        if own is None:
            known[:] = [first for first in known if first.numbers]
            known.append(_FirstDelivery(by.correlation_id, by.received_at, bit))
        else:
            own.numbers |= bit
        return True


def _receipt(by: Delivery, envelope: Envelope, controls: Sequence[str]) -> EdiReceipt:
    return EdiReceipt(
        by.feed, envelope.sender, envelope.interchange_control, envelope.group_control, list(_runs(controls)),
        by.correlation_id, by.received_at, by.topic, by.partition, by.offset,
    )


def _runs(controls: Iterable[str]) -> Iterator[ControlRun]:
    """The control numbers, consecutive ones as one run."""
    texts = sorted({control for control in controls if not _is_number(control)})
    numbers = sorted({int(control) for control in controls if _is_number(control)})
    for _, run in groupby(enumerate(numbers), lambda at: at[1] - at[0]):
        found = [str(number) for _, number in run]
        yield ControlRun(found[0], found[-1])
    for text in texts:
        yield ControlRun(text, text)


def _is_number(control: str) -> bool:
    return control.isascii() and control.isdigit() and len(control) <= _LONGEST_NUMBER
