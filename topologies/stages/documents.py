"""The documents stage: deliveries that want documents, documents that came and answered attempts in; documents to
fetch, and milestones that tell deliveries what is stored, out.

Reads ``delivery.milestones.v1``, and passes on to ``document.wants.v1``, keyed by shipment, what wants documents; that
topic, ``shipment.documents.v1`` and ``document.attempts.v1`` are co-partitioned by shipment. Its changelog is
``document.state.v1``. When missing documents are asked for again is in ``config/fulfilment.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from config import topics
from config.settings import Settings
from connectors.carrier_api.credentials import called_carriers
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.ids import shipment_key
from streams.contracts.model import (
    DeliveryMilestone,
    DocumentChase,
    DocumentedShipment,
    DocumentState,
    OutboundAttempt,
    OutboundDestination,
    OutboundQueue,
    OutboundRequest,
    Record,
    ShipmentDocument,
)
from streams.documents import shipment_record
from streams.documents import step as documents
from streams.documents.policy import FETCHING, Calls, Chasing
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from streams.outbound import engine
from streams.outbound.policy import Policy
from topologies.runtime.decoding import decoded
from topologies.runtime.handler import Handled, Message, View
from topologies.runtime.outbound import outbound_records
from topologies.runtime.outbound.engine_chunk import OF_ENGINE, EngineChunk
from topologies.runtime.state import due_index
from topologies.stages import fulfilment_rules

MOST_DUE = 2_000
"""Records one sweep examines; the next sweep continues."""
Kept = DocumentedShipment | OutboundDestination | OutboundQueue


class DocumentsHandler:
    """Decides which documents are fetched, and tells deliveries of those that are stored."""

    def __init__(
        self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier],
        chasing: Chasing | None = None, policy: Policy = FETCHING, calls: Calls | None = None,
    ) -> None:
        """``chasing`` and ``calls`` None: as the settings and their file of policies say. Raises Fatal for a faulty
        file, SettingsError for credentials that do not fit the carriers."""
        policies = fulfilment_rules.load(settings.fulfilment.file)
        self._chasing = chasing or fulfilment_rules.chasing(policies)
        self._calls = calls or fulfilment_rules.calls(
            policies, called_carriers(carriers.values(), settings.documents.api_credentials)
        )
        self._outbound = replace(policy, all_dry_run=not settings.documents.fetch)
        self._milestones = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, registry)
        self._wants = ValueCodec(topics.DOCUMENT_WANTS, DeliveryMilestone, registry)
        self._documents = ValueCodec(topics.SHIPMENT_DOCUMENTS, ShipmentDocument, registry)
        self._attempts = ValueCodec(topics.DOCUMENT_ATTEMPTS, OutboundAttempt, registry)
        self._requests = ValueCodec(topics.DOCUMENT_REQUESTS, OutboundRequest, registry)
        self._chases = ValueCodec(topics.DOCUMENT_CHASES, DocumentChase, registry)
        self._states = ValueCodec(topics.DOCUMENT_STATE, DocumentState, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Attempts to make, milestones and changed records of one chunk."""
        assert state is not None
        topic = records[0].topic
        if topic == topics.DELIVERY_MILESTONES.name:
            return self._passed_on(records)
        work = EngineChunk[DocumentedShipment](self, state)
        if topic == topics.DOCUMENT_ATTEMPTS.name:
            attempts, _, work.refused = decoded(records, self._attempts.decode)
            work.send(attempts, now_ms)
            self._take_outcomes(work, now_ms)
            return work.handled()
        chunk: Sequence[DeliveryMilestone | ShipmentDocument]
        if topic == topics.SHIPMENT_DOCUMENTS.name:
            chunk, _, work.refused = decoded(records, self._documents.decode)
        else:
            chunk, _, work.refused = decoded(records, self._wants.decode)
        work.fetch(shipment_record.record_key(one.carrier, one.tracking_number) for one in chunk)
        self._take(work, documents.step(chunk, _Shipments(work), now_ms, self._calls), now_ms)
        return work.handled()

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes | None]:
        """The changelog value itself, and its index entries. Raises Reject where it is none."""
        kept = self.kept(changelog_value)
        entries = dict.fromkeys(self.entries(key, kept), b"")
        return {key: changelog_value} | outbound_records.restored_entries(key, kept) | entries

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Documents to ask for again, retries and trials that are due, and what is to be forgotten."""
        due = due_index.due(state, now_ms, MOST_DUE)
        if not due:
            return Handled()
        keys = list(dict.fromkeys(due_index.key_of(entry).decode() for entry in due))
        work = EngineChunk[DocumentedShipment](self, state)
        work.fetch(keys)
        work.look_at([key for key in keys if key.startswith(OF_ENGINE)], now_ms)
        own = [key for key in keys if not key.startswith(OF_ENGINE)]
        self._take(work, documents.sweep(own, _Shipments(work), self._chasing, now_ms, self._calls), now_ms)
        handled = work.handled()
        handled.local = dict.fromkeys(due, None) | handled.local
        return handled

    @property
    def outbound(self) -> Policy:
        """How patient fetching is."""
        return self._outbound

    def kept(self, value: bytes) -> Kept:
        """The record of stored bytes. Raises Reject."""
        state = self._states.decode(value)
        kept = state.shipment or state.queue or state.destination
        if kept is None:
            raise Reject(RejectReason.CONTRACT_BROKEN, "neither a shipment, nor a queue or a destination")
        return kept

    def encoded(self, kept: Kept) -> bytes:
        """The record as it is stored."""
        match kept:
            case DocumentedShipment():
                return self._states.encode(DocumentState(shipment=kept))
            case OutboundQueue():
                return self._states.encode(DocumentState(queue=kept))
            case OutboundDestination():
                return self._states.encode(DocumentState(destination=kept))

    def entries(self, key: bytes, kept: Kept) -> list[bytes]:
        """Where the indexes name a record."""
        if isinstance(kept, OutboundQueue | OutboundDestination):
            return outbound_records.entries(key, kept, self._outbound)
        return [due_index.entry(shipment_record.next_due(kept, self._chasing), key)]

    def messages(self, outputs: engine.OutboundOutputs) -> dict[str, list[Message]]:
        """The engine's attempts as messages; what became of fetches is told with their documents."""
        requests: list[Message] = [
            {"key": one.queue.encode(), "value": self._requests.encode(one)} for one in outputs.requests
        ]
        return {topics.DOCUMENT_REQUESTS.name: requests} if requests else {}

    def _passed_on(self, records: Sequence[Record]) -> Handled:
        milestones, _, refused = decoded(records, self._milestones.decode)
        wants: list[Message] = [
            {"key": shipment_key(one.carrier, one.tracking_number).encode(), "value": self._wants.encode(one)}
            for one in milestones if shipment_record.wants_documents(one)
        ]
        counts = {"passed_on": len(wants), "not_needed": len(milestones) - len(wants)}
        return Handled({topics.DOCUMENT_WANTS.name: wants} if wants else {}, refused, counts=counts)

    def _take(self, work: EngineChunk[DocumentedShipment], result: documents.Result, now_ms: int) -> None:
        """Takes over a step's result, has the engine fetch, and takes over what that says."""
        work.take(result.states, result.counts)
        if result.outputs.fetches:
            work.send(result.outputs.fetches, now_ms)
        self._tell(work, result)
        self._take_outcomes(work, now_ms)

    def _take_outcomes(self, work: EngineChunk[DocumentedShipment], now_ms: int) -> None:
        outcomes, work.outcomes = work.outcomes, []
        work.fetch(shipment_record.SHIPMENT + one.queue for one in outcomes)
        result = documents.step(outcomes, _Shipments(work), now_ms)
        work.take(result.states, result.counts)
        self._tell(work, result)

    def _tell(self, work: EngineChunk[DocumentedShipment], result: documents.Result) -> None:
        out = result.outputs
        work.tell(topics.SHIPMENT_DOCUMENTS.name, [
            {"key": shipment_key(one.carrier, one.tracking_number).encode(), "value": self._documents.encode(one)}
            for one in out.documents
        ])
        work.tell(topics.DELIVERY_MILESTONES.name, [
            {"key": one.delivery_id.encode(), "value": self._milestones.encode(one)} for one in out.milestones
        ])
        work.tell(topics.DOCUMENT_CHASES.name, [
            {"key": one.delivery_id.encode(), "value": self._chases.encode(one)} for one in out.chases
        ])


class _Shipments:
    """The shipments' records, fetched as they are asked for."""

    def __init__(self, chunk: EngineChunk[DocumentedShipment]) -> None:
        self._chunk = chunk

    def get(self, key: str, /) -> DocumentedShipment | None:
        """The record; None where there is none."""
        found = self._chunk.get(key)
        return found if isinstance(found, DocumentedShipment) else None
