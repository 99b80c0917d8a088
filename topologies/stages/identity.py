"""The identity stage: events without a carrier's number in, the same with it out, once it is known whose they are.

Reads ``carrier.unresolved.v1`` and ``reference.claims.v1`` (co-partitioned); its changelog is ``reference.state.v1``.
What the clock alone has to do is found by an index beside the records (``runtime/due_index.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.ids import shipment_key
from streams.contracts.model import AlertSignal, CarrierEvent, OrderReference, Record, ReferenceClaim, ReferenceState
from streams.identity.matching import Rules, standing
from streams.identity.record import Known, decode, encode
from streams.identity.step import Identified, Said, identify, key_of
from streams.identity.unresolved_alerts import fall_due, is_forgotten, next_due, remains, state_of
from topologies.runtime import due_index
from topologies.runtime.alert_outbox import signals
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Afterwards, Change, Handled, Refused, View
from topologies.stages import alert_rules

MOST_DUE = 5_000
"""References one sweep looks at; the next goes on."""


class IdentityHandler:
    """Takes a chunk of unresolved events, or of claims, into what is known of references."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        del carriers
        patience = alert_rules.load(settings.monitoring.alerts_file).reference_unresolved_ms
        self._rules = Rules(round(settings.lifetimes.reference_span * 1000), patience)
        self._unresolved = ValueCodec(topics.CARRIER_UNRESOLVED, CarrierEvent, registry)
        self._claims = ValueCodec(topics.REFERENCE_CLAIMS, ReferenceClaim, registry)
        self._events = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, registry)
        self._references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, registry)
        self._alerts = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        self._states = ValueCodec(topics.REFERENCE_STATE, ReferenceState, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """What is resolved, and changed references, of one chunk. ``state`` is never None: it has a changelog."""
        is_event = records[0].topic == topics.CARRIER_UNRESOLVED.name
        read: Callable[[bytes | None], Said] = self._unresolved.decode if is_event else self._claims.decode
        chunk, kept, refused = decoded(records, read)
        known = stored(filter(None, map(key_of, chunk)), state, decode)
        out = identify(chunk, known, self._rules)
        refused += [Refused(kept[place], reject) for place, reject in out.refused]
        if refused:
            out.counts["refused"] = len(refused)
        return Handled(
            {}, refused, self._changes(out.states), dict(out.counts), local=self._indexed(known, out.states),
            afterwards=self._told(out, now_ms),
        )

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The stage's own record inside a changelog value, and where the index has it."""
        record = self._states.decode(changelog_value).record
        at = self._next_due(decode(record))
        return {key: record} if at is None else {key: record, due_index.entry(at, key): b""}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Alerts about what has waited too long; records nobody needs any more are forgotten."""
        due = due_index.due(state, now_ms, MOST_DUE)
        keys = list(dict.fromkeys(map(due_index.key_of, due)))
        known = stored((key.decode() for key in keys), state, decode)
        out = Identified()
        local: dict[bytes, bytes | None] = dict.fromkeys(due)
        changes: dict[bytes, Change] = {}
        forgotten = 0
        for key, one in known.items():
            if one is None:
                continue
            now = standing(one, self._rules)
            if is_forgotten(one, now, self._rules, now_ms):
                forgotten += 1
                left = remains(one)
                if left is None:
                    changes[key.encode()] = Change(None, None)
                else:
                    out.states[key] = left
                continue
            changed, alerts = fall_due(one, now, self._rules, now_ms)
            out.alerts += alerts
            if alerts:
                out.states[key] = changed
            at = next_due(changed, now, self._rules)
            if at is not None:
                local[due_index.entry(at, key.encode())] = b""
        counts = {"alerts_due": len(out.alerts), "forgotten": forgotten}
        changes |= self._changes(out.states)
        return Handled(
            {}, [], changes, {name: count for name, count in counts.items() if count}, local=local,
            afterwards=self._told(out, now_ms),
        )

    def _next_due(self, known: Known) -> int | None:
        return next_due(known, standing(known, self._rules), self._rules)

    def _indexed(self, before: Mapping[str, Known | None], after: Mapping[str, Known]) -> dict[bytes, bytes | None]:
        """What the index lacks with these references. It holds each no later than it is due; the sweep that meets one
        too early puts it where it belongs."""
        changes: dict[bytes, bytes | None] = {}
        for key, known in after.items():
            at = self._next_due(known)
            if at is None:
                continue
            old = before.get(key)
            was = None if old is None else self._next_due(old)
            if was is None or at < was:
                changes[due_index.entry(at, key.encode())] = b""
        return changes

    def _told(self, out: Identified, now_ms: int) -> Afterwards:
        """All that goes out, by the reference it is known by: any of it may be taken back."""
        told = signals(self._alerts, out.alerts, now_ms)
        for shipment, event in out.events:
            of_reference = told.setdefault(key_of(event).encode(), {})
            of_reference.setdefault(topics.CARRIER_EVENTS.name, []).append(
                {"key": shipment.encode(), "value": self._events.encode(event)}
            )
        for one in out.references:
            shipment = shipment_key(one.carrier, one.tracking_number)
            told.setdefault(one.by.encode(), {}).setdefault(topics.ORDER_REFERENCES.name, []).append(
                {"key": shipment.encode(), "value": self._references.encode(one)}
            )
        return told

    def _changes(self, states: Mapping[str, Known]) -> dict[bytes, Change]:
        changes = {}
        for key, known in states.items():
            record = encode(known)
            public = self._states.encode(state_of(known, standing(known, self._rules), record))
            changes[key.encode()] = Change(record, public)
        return changes
