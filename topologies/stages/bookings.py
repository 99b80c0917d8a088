"""The bookings stage: released and packed deliveries in, requests to carriers out, one carrier at a time.

Reads ``delivery.releases.v1``, ``wms.confirmations.v1``, ``booking.answers.v1``, ``booking.decisions.v1`` and
``freight.invoices.v1`` (co-partitioned by delivery); its changelog is ``booking.state.v1``. The rules are in
``config/bookings.yaml``. An index beside the records finds what the clock brings about (``state/due_index.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.bookings import declared
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.bookings.record import next_due
from streams.bookings.rules import Rules
from streams.bookings.step import Input, Outputs, step, sweep
from streams.contracts.ids import shipment_key
from streams.contracts.model import (
    AlertSignal,
    BookingAnswer,
    BookingDecision,
    BookingRequest,
    BookingState,
    DeliveryRelease,
    ErpNotice,
    FreightInvoice,
    OrderReference,
    Record,
    ReferenceClaim,
    WmsConfirmation,
)
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Afterwards, Handled, Message, View
from topologies.runtime.state import due_index
from topologies.runtime.step_results import changes_of, refusals
from topologies.runtime.writing.alert_outbox import signals

MOST_DUE = 5_000
"""Deliveries one sweep examines; the next sweep continues."""
READS = (
    topics.DELIVERY_RELEASES, topics.WMS_CONFIRMATIONS, topics.BOOKING_ANSWERS, topics.BOOKING_DECISIONS,
    topics.FREIGHT_INVOICES,
)


class BookingsHandler:
    """Finds each delivery a carrier. What it says goes out once the delivery's record is kept: a later input may lead
    to another carrier."""

    def __init__(
        self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier], rules: Rules | None = None
    ) -> None:
        """``rules`` None: those of the settings' file. Raises Fatal for a faulty file."""
        del carriers
        self._rules = declared.load(settings.bookings.file).rules if rules is None else rules
        self._requests = ValueCodec(topics.CARRIER_BOOKINGS, BookingRequest, registry)
        self._references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, registry)
        self._claims = ValueCodec(topics.REFERENCE_CLAIMS, ReferenceClaim, registry)
        self._notices = ValueCodec(topics.ERP_NOTICES, ErpNotice, registry)
        self._states = ValueCodec(topics.BOOKING_STATE, BookingState, registry)
        self._alerts = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        self._read: Mapping[str, Callable[[bytes | None], Input]] = {
            topics.DELIVERY_RELEASES.name: ValueCodec(topics.DELIVERY_RELEASES, DeliveryRelease, registry).decode,
            topics.WMS_CONFIRMATIONS.name: ValueCodec(topics.WMS_CONFIRMATIONS, WmsConfirmation, registry).decode,
            topics.BOOKING_ANSWERS.name: ValueCodec(topics.BOOKING_ANSWERS, BookingAnswer, registry).decode,
            topics.BOOKING_DECISIONS.name: ValueCodec(topics.BOOKING_DECISIONS, BookingDecision, registry).decode,
            topics.FREIGHT_INVOICES.name: ValueCodec(topics.FREIGHT_INVOICES, FreightInvoice, registry).decode,
        }

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Changed deliveries of one chunk, with what is asked and said of them."""
        chunk, kept, refused = decoded(records, self._read[records[0].topic])
        known = stored((one.delivery_id for one in chunk), state, self._states.decode)
        result = step(chunk, known, self._rules, now_ms)
        return Handled(
            {}, refused + refusals(kept, result.refused), changes_of(result.states, self._states.encode),
            dict(result.counts), local=self._indexed(result.states),
            afterwards=self._afterwards(result.outputs, now_ms),
        )

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The changelog value itself, and its index entry. Raises Reject where it is none."""
        at = next_due(self._states.decode(changelog_value))
        return {key: changelog_value} if at is None else {key: changelog_value, due_index.entry(at, key): b""}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Carriers that did not answer, others that are asked again, waits that pass their deadline."""
        due = due_index.due(state, now_ms, MOST_DUE)
        if not due:
            return Handled()
        keys = dict.fromkeys(due_index.key_of(entry).decode() for entry in due)
        found = stored(keys, state, self._states.decode)
        known = {
            key: one for key, one in found.items()
            if one is not None and (at := next_due(one)) is not None and at <= now_ms
        }
        result = sweep(known, self._rules, now_ms)
        removed: dict[bytes, bytes | None] = dict.fromkeys(due)
        return Handled(
            {}, [], changes_of(result.states, self._states.encode), dict(result.counts),
            local=removed | self._indexed(result.states), afterwards=self._afterwards(result.outputs, now_ms),
        )

    def _afterwards(self, outputs: Outputs, now_ms: int) -> Afterwards:
        told = signals(self._alerts, outputs.alerts, now_ms)

        def say(delivery_id: str, topic: str, key: str, value: bytes) -> None:
            message: Message = {"key": key.encode(), "value": value}
            told.setdefault(delivery_id.encode(), {}).setdefault(topic, []).append(message)

        for request in outputs.requests:
            value = self._requests.encode(request)
            say(request.delivery_id, topics.CARRIER_BOOKINGS.name, request.delivery_id, value)
        for reference in outputs.references:
            key = shipment_key(reference.carrier, reference.tracking_number)
            say(reference.delivery_id, topics.ORDER_REFERENCES.name, key, self._references.encode(reference))
        for claim in outputs.claims:
            key = f"{claim.type}:{claim.value}"
            say(claim.delivery_id, topics.REFERENCE_CLAIMS.name, key, self._claims.encode(claim))
        for notice in outputs.notices:
            value = self._notices.encode(notice)
            say(notice.delivery_id, topics.ERP_NOTICES.name, notice.delivery_id, value)
        return told

    def _indexed(self, states: Mapping[str, BookingState]) -> dict[bytes, bytes | None]:
        dues = ((key, next_due(one)) for key, one in states.items())
        return {due_index.entry(at, key.encode()): b"" for key, at in dues if at is not None}
