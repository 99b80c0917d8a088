"""The fulfilment stage: facts about ERP deliveries in, postings for the ERP out, each once, when the customer's policy
lets them go.

Reads ``delivery.milestones.v1``, ``wms.confirmations.v1``, ``carrier.bookings.v1``, ``document.chases.v1`` and
``fulfilment.decisions.v1`` (co-partitioned by delivery); its changelog is ``fulfilment.state.v1``. The policies are in
``config/fulfilment.yaml``.
An index beside the records finds what the clock brings about (``state/due_index.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import (
    AlertSignal,
    BookingRequest,
    DeliveryMilestone,
    DocumentChase,
    ErpPosting,
    FulfilmentDecision,
    FulfilmentState,
    Record,
    WmsConfirmation,
)
from streams.fulfilment.phases import next_due
from streams.fulfilment.policy import Policies
from streams.fulfilment.step import Input, Outputs, step, sweep
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Afterwards, Handled, Message, View
from topologies.runtime.state import due_index
from topologies.runtime.step_results import changes_of, refusals
from topologies.runtime.writing.alert_outbox import signals
from topologies.stages import fulfilment_rules, fulfilment_waits
from topologies.stages.fulfilment_waits import WaitCounts

MOST_DUE = 5_000
"""Deliveries one sweep examines; the next sweep continues."""


class FulfilmentHandler:
    """Posts what is true of deliveries."""

    def __init__(
        self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier],
        policies: Policies | None = None,
    ) -> None:
        """``policies`` None: those of the settings' file. Raises Fatal for a faulty file."""
        del carriers
        self._policies = fulfilment_rules.load(settings.fulfilment.file) if policies is None else policies
        self._waits = WaitCounts()
        self._postings = ValueCodec(topics.ERP_POSTINGS, ErpPosting, registry)
        self._states = ValueCodec(topics.FULFILMENT_STATE, FulfilmentState, registry)
        self._alerts = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        self._read: Mapping[str, Callable[[bytes | None], Input]] = {
            topics.DELIVERY_MILESTONES.name: ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, registry).decode,
            topics.WMS_CONFIRMATIONS.name: ValueCodec(topics.WMS_CONFIRMATIONS, WmsConfirmation, registry).decode,
            topics.CARRIER_BOOKINGS.name: ValueCodec(topics.CARRIER_BOOKINGS, BookingRequest, registry).decode,
            topics.DOCUMENT_CHASES.name: ValueCodec(topics.DOCUMENT_CHASES, DocumentChase, registry).decode,
            topics.FULFILMENT_DECISIONS.name: ValueCodec(
                topics.FULFILMENT_DECISIONS, FulfilmentDecision, registry
            ).decode,
        }

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Postings and changed deliveries of one chunk; alerts about waits that are over."""
        chunk, kept, refused = decoded(records, self._read[records[0].topic])
        known = stored((one.delivery_id for one in chunk), state, self._states.decode)
        result = step(chunk, known, self._policies, now_ms)
        postings = self._messages(result.outputs.postings)
        return Handled(
            {topics.ERP_POSTINGS.name: postings} if postings else {}, refused + refusals(kept, result.refused),
            changes_of(result.states, self._states.encode), dict(result.counts),
            local=self._indexed(result.states, known), afterwards=self._afterwards(result.outputs, now_ms),
        )

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes | None]:
        """The changelog value itself, and its index entries. Raises Reject where it is none."""
        wait = self._states.decode(changelog_value).wait
        at = next_due(wait)
        writes = {key: changelog_value, **fulfilment_waits.entry(key, wait)}
        return writes if at is None else {**writes, due_index.entry(at, key): b""}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Confirmations that grace lets go, and waits that pass their deadline."""
        self._waits.look(state, now_ms)
        due = due_index.due(state, now_ms, MOST_DUE)
        if not due:
            return Handled()
        keys = dict.fromkeys(due_index.key_of(entry).decode() for entry in due)
        found = stored(keys, state, self._states.decode)
        known = {key: one for key, one in found.items() if one is not None}
        result = sweep(known, self._policies, now_ms)
        removed: dict[bytes, bytes | None] = dict.fromkeys(due)
        changed = {key: one for key, one in result.states.items() if one != known[key]}
        return Handled(
            {}, [], changes_of(changed, self._states.encode), dict(result.counts),
            local=removed | self._indexed(result.states, known), afterwards=self._afterwards(result.outputs, now_ms),
        )

    def _messages(self, postings: Sequence[ErpPosting]) -> list[Message]:
        return [{"key": one.delivery_id.encode(), "value": self._postings.encode(one)} for one in postings]

    def _afterwards(self, outputs: Outputs, now_ms: int) -> Afterwards:
        told = signals(self._alerts, outputs.alerts, now_ms)
        for posting, message in zip(outputs.settled, self._messages(outputs.settled), strict=True):
            of_delivery = told.setdefault(posting.delivery_id.encode(), {})
            of_delivery.setdefault(topics.ERP_POSTINGS.name, []).append(message)
        return told

    def _indexed(
        self, states: Mapping[str, FulfilmentState], before: Mapping[str, FulfilmentState | None]
    ) -> dict[bytes, bytes | None]:
        found: dict[bytes, bytes | None] = {}
        for name, one in states.items():
            key = name.encode()
            was = before.get(name)
            if one.wait is not None or (was is not None and was.wait is not None):
                found |= fulfilment_waits.entry(key, one.wait)
            if (at := next_due(one.wait)) is not None:
                found[due_index.entry(at, key)] = b""
        return found
