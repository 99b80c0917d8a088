"""The documents step: who wants the documents of a shipment, and documents that came, in; documents to fetch, and
milestones that tell deliveries of what is stored, out.

Reads ``document.wants`` and ``shipment.documents``, keyed by shipment, and what became of fetches, of which the engine
(``streams/outbound``) tells; writes ``shipment.documents`` and ``delivery.milestones`` and, as its state,
``document.state``. Times are UTC ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct, field

from streams.contracts.model import (
    DeliveryMilestone,
    DocumentChase,
    DocumentedShipment,
    NewMessage,
    OutboundOutcome,
    ShipmentDocument,
)
from streams.documents import shipment_record as records
from streams.documents.calls import called, called_at_once
from streams.documents.fetches import message_of
from streams.documents.policy import KEPT, Calls, Chasing
from streams.documents.proofs import told
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import DocumentStatus

Input = DeliveryMilestone | ShipmentDocument | OutboundOutcome


class Known(Protocol):
    """The stored records, by key."""

    def get(self, key: str, /) -> DocumentedShipment | None:
        """The record; None where there is none."""


class Outputs(Struct):
    """``fetches``: documents to fetch, for the engine; ``milestones``: for deliveries; ``documents``: those that
    changed, as they stand now; ``chases``: what was asked for again."""

    fetches: list[NewMessage] = field(default_factory=list)
    milestones: list[DeliveryMilestone] = field(default_factory=list)
    documents: list[ShipmentDocument] = field(default_factory=list)
    chases: list[DocumentChase] = field(default_factory=list)


Result = StepResult[Outputs, DocumentedShipment | None]
_NO_CALLS = Calls()


def step(chunk: Sequence[Input], known: Known, now_ms: int, calls: Calls = _NO_CALLS) -> Result:
    """Take in a chunk, of outcomes those of fetches. A document that waits is one that a person wants to be fetched
    again, or this step's own. ``counts``: ``wanted``, ``stored``, ``asked_again`` and ``repeats``."""
    work = _Work(known)
    for item in chunk:
        if isinstance(item, OutboundOutcome):
            work.hear(item)
            continue
        key = records.record_key(item.carrier, item.tracking_number)
        before = work.get(key) or records.new(item.carrier, item.tracking_number, now_ms)
        after, outcome = _taken(before, item, now_ms)
        if isinstance(item, DeliveryMilestone) and after is not before:
            after = called_at_once(after, calls, now_ms)
        work.counts[outcome if after is not before else "repeats"] += 1
        if after is not before:
            work.fetch(_to_fetch(before, after))
            work.put(key, after)
    return work.result()


def sweep(
    keys: Sequence[str], known: Known, chasing: Chasing, now_ms: int, calls: Calls = _NO_CALLS
) -> Result:
    """Do what the clock brings about for these shipments: ask again for documents that are missing, and forget.
    ``counts``: ``chased`` and ``forgotten``."""
    work = _Work(known)
    for key in keys:
        before = work.get(key)
        if before is None:
            continue
        at = records.chase_due(before, chasing)
        if at is not None and at <= now_ms:
            work.fetch(records.refused_links(before))
            after = called(records.chased(before, chasing, now_ms), calls, now_ms)
            work.fetch(_to_fetch(before, after))
            work.put(key, after)
            work.chase(after, now_ms)
            work.counts["chased"] += 1
        elif before.changed_at + KEPT <= now_ms:
            work.forget(key)
            work.counts["forgotten"] += 1
    return work.result()


def _to_fetch(before: DocumentedShipment, after: DocumentedShipment) -> list[ShipmentDocument]:
    """The documents that wait, and did not before."""
    waited = {one.source_id for one in before.documents if one.status is DocumentStatus.WAITING}
    return [
        one for one in after.documents if one.status is DocumentStatus.WAITING and one.source_id not in waited
    ]


def _taken(
    before: DocumentedShipment, item: DeliveryMilestone | ShipmentDocument, now_ms: int
) -> tuple[DocumentedShipment, str]:
    """The record with one input, and what that came to."""
    if isinstance(item, DeliveryMilestone):
        return records.with_want(before, item, now_ms), "wanted"
    if item.status is DocumentStatus.STORED:
        return records.with_document(before, item), "stored"
    return records.asked_again(before, item), "asked_again"


class _Work:
    """The records of one call as they change."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._changed: dict[str, DocumentedShipment | None] = {}
        self._out = Outputs()
        self.counts: Counter[str] = Counter()

    def get(self, key: str) -> DocumentedShipment | None:
        """The record as it is now."""
        return self._changed[key] if key in self._changed else self._known.get(key)

    def hear(self, outcome: OutboundOutcome) -> None:
        """Take in the state of a fetch, where it is of a document that is known."""
        key = records.SHIPMENT + outcome.queue
        before = self.get(key)
        if before is not None:
            self.put(key, records.with_outcome(before, outcome))

    def put(self, key: str, record: DocumentedShipment) -> None:
        """The record as it is now."""
        if record is not self.get(key):
            self._changed[key] = record

    def forget(self, key: str) -> None:
        """The record is gone."""
        self._changed[key] = None

    def chase(self, record: DocumentedShipment, now_ms: int) -> None:
        """Say to whom it matters that documents were asked for again."""
        self._out.chases += [
            DocumentChase(
                one.delivery_id, record.carrier, record.tracking_number, now_ms, record.chases, records.missing(record)
            )
            for one in records.unproved(record)
        ]

    def fetch(self, documents: Iterable[ShipmentDocument]) -> None:
        """Have documents fetched that have a link and are not there."""
        self._out.fetches += [
            message_of(one) for one in documents if one.link and one.status is not DocumentStatus.STORED
        ]

    def result(self) -> Result:
        """All that changed, and what it makes known."""
        states: dict[str, DocumentedShipment | None] = {}
        for key, record in self._changed.items():
            if record is None:
                states[key] = None
                continue
            after, milestones = told(record)
            states[key] = after
            self._out.milestones += milestones
            before = self._known.get(key)
            earlier = {} if before is None else {one.source_id: one for one in before.documents}
            self._out.documents += [one for one in after.documents if one != earlier.get(one.source_id)]
        return StepResult(self._out, states, counts=dict(self.counts))
