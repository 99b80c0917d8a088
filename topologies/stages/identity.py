"""The identity stage: events without a tracking number in; the same events with it out, once their shipment is known.

Reads ``carrier.unresolved.v1`` and ``reference.claims.v1`` (co-partitioned); its changelog is ``reference.state.v1``.
An index beside the records finds what the clock brings about (``state/due_index.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.ids import shipment_key
from streams.contracts.model import AlertSignal, CarrierEvent, OrderReference, Record, ReferenceClaim, ReferenceState
from streams.identity import step as identity
from streams.identity.matching import MatchingRules, resolutions
from streams.identity.record import IdentityInput, ReferenceRecord, decode, encode, key_of
from streams.identity.unresolved_alerts import next_due, public_state
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Afterwards, Change, Handled, View
from topologies.runtime.state import due_index
from topologies.runtime.step_results import refusals
from topologies.runtime.writing.alert_outbox import signals
from topologies.stages import alert_rules

MOST_DUE = 5_000
"""References one sweep examines; the next sweep continues."""


class IdentityHandler:
    """Applies a chunk of unresolved events, or of claims, to the records of references."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        del carriers
        patience = alert_rules.load(settings.monitoring.alerts_file).reference_unresolved_ms
        self._rules = MatchingRules(round(settings.lifetimes.reference_span * 1000), patience)
        self._unresolved = ValueCodec(topics.CARRIER_UNRESOLVED, CarrierEvent, registry)
        self._claims = ValueCodec(topics.REFERENCE_CLAIMS, ReferenceClaim, registry)
        self._events = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, registry)
        self._references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, registry)
        self._alerts = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        self._states = ValueCodec(topics.REFERENCE_STATE, ReferenceState, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Resolved events and changed references of one chunk. ``state`` is never None: the stage has a changelog."""
        is_event = records[0].topic == topics.CARRIER_UNRESOLVED.name
        read: Callable[[bytes | None], IdentityInput] = self._unresolved.decode if is_event else self._claims.decode
        chunk, kept, refused = decoded(records, read)
        known = stored(filter(None, map(key_of, chunk)), state, decode)
        result = identity.step(chunk, known, self._rules)
        refused += refusals(kept, result.refused)
        counts = dict(result.counts)
        if refused:
            counts["refused"] = len(refused)
        return Handled(
            {}, refused, self._changes(result.states), counts, local=self._indexed(known, result.states),
            afterwards=self._messages(result.outputs, now_ms),
        )

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The stage's own record from a changelog value, and its index entry."""
        record = self._states.decode(changelog_value).record
        at = self._next_due(decode(record))
        return {key: record} if at is None else {key: record, due_index.entry(at, key): b""}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Alerts about events that wait too long; records that are forgotten."""
        due = due_index.due(state, now_ms, MOST_DUE)
        keys = list(dict.fromkeys(map(due_index.key_of, due)))
        found = stored((key.decode() for key in keys), state, decode)
        known = {key: record for key, record in found.items() if record is not None}
        result = identity.sweep(known, self._rules, now_ms)
        local: dict[bytes, bytes | None] = dict.fromkeys(due)
        for key, record in {**known, **result.states}.items():
            at = None if record is None else self._next_due(record)
            if at is not None:
                local[due_index.entry(at, key.encode())] = b""
        return Handled(
            {}, [], self._changes(result.states), dict(result.counts), local=local,
            afterwards=self._messages(result.outputs, now_ms),
        )

    def _next_due(self, record: ReferenceRecord) -> int | None:
        return next_due(record, resolutions(record, self._rules), self._rules)

    def _indexed(
        self, before: Mapping[str, ReferenceRecord | None], after: Mapping[str, ReferenceRecord]
    ) -> dict[bytes, bytes | None]:
        """The index entries these references lack. The index has each reference no later than it is due; a sweep that
        meets one too early enters it anew."""
        changes: dict[bytes, bytes | None] = {}
        for key, record in after.items():
            at = self._next_due(record)
            if at is None:
                continue
            old = before.get(key)
            was = None if old is None else self._next_due(old)
            if was is None or at < was:
                changes[due_index.entry(at, key.encode())] = b""
        return changes

    def _messages(self, out: identity.IdentityOutputs, now_ms: int) -> Afterwards:
        """All outputs, each under the reference it comes from, because a later input may retract any of them."""
        by_reference = signals(self._alerts, out.alerts, now_ms)
        for shipment, event in out.events:
            messages = by_reference.setdefault(key_of(event).encode(), {})
            messages.setdefault(topics.CARRIER_EVENTS.name, []).append(
                {"key": shipment.encode(), "value": self._events.encode(event)}
            )
        for one in out.references:
            shipment = shipment_key(one.carrier, one.tracking_number)
            by_reference.setdefault(one.by.encode(), {}).setdefault(topics.ORDER_REFERENCES.name, []).append(
                {"key": shipment.encode(), "value": self._references.encode(one)}
            )
        return by_reference

    def _changes(self, states: Mapping[str, ReferenceRecord | None]) -> dict[bytes, Change]:
        changes = {}
        for key, record in states.items():
            if record is None:
                changes[key.encode()] = Change(None, None)
                continue
            encoded = encode(record)
            public = self._states.encode(public_state(record, resolutions(record, self._rules), encoded))
            changes[key.encode()] = Change(encoded, public)
        return changes
