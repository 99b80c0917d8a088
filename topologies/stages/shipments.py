"""The shipments stage: carrier events and order references in, the shipment's truth and its fan-out out.

Reads ``carrier.events.v1``, ``order.references.v1``, ``shipment.links.v1`` and ``shipment.adoptions.v1``
(co-partitioned), the last of which it writes itself, to other shipments' partitions, and, from the side,
``dwell.norms.v1``; its changelog is ``shipment.state.v1``. What falls due by the clock alone is found by an index
beside the records, which is local and made of them (``state/due_index.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Protocol, TypeVar

from msgspec import Struct

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.dwell_keys import key_of
from streams.contracts.ids import shipment_key
from streams.contracts.model import (
    Adoption,
    AlertSignal,
    CustomerUpdate,
    DeliveryMilestone,
    Dwell,
    EnrichedEvent,
    ErpNotice,
    OrderReference,
    Record,
    ShipmentLink,
    ShipmentState,
    Sighting,
)
from streams.kernel.vocabulary import TERMINAL
from streams.shipments.alert_signals import feed_of, feeds_by_source
from streams.shipments.chunk import Outputs
from streams.shipments.record import Shipment, decode, encode
from streams.shipments.reuse.archive import Keeping, archived, due_at
from streams.shipments.state_view import state_of
from streams.shipments.step import Input, Received, step
from streams.shipments.timers.deadlines import Hearing, fall_due, is_sooner, look_again_at, next_due, to_be_learnt_at
from streams.shipments.timers.dwells import dwells
from streams.shipments.timers.expected_dwell import Usual, usual_of
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Afterwards, Change, Handled, Message, View
from topologies.runtime.state import due_index
from topologies.runtime.step_results import refusals
from topologies.runtime.writing.alert_outbox import signals
from topologies.stages import alert_rules

T = TypeVar("T", bound=Struct)
MOST_DUE = 5_000
"""Shipments one sweep looks at; the next goes on."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class StoredShipment(Struct, gc=False):
    """Decodes the stage's own record of a shipment's state; the rest is skipped."""

    record: bytes


class Norms(Protocol):
    """Provides the norms known so far, taken in as they come."""

    @property
    def norms(self) -> Mapping[str, Usual]:
        """Returns the norms by ``CARRIER:LANE:STATUS``."""

    def look(self) -> None:
        """Take in what has come."""


class NothingLearnt:
    """No norms: what is declared holds alone."""

    norms: Mapping[str, Usual] = {}

    def look(self) -> None:
        """Does nothing: no norms come."""


class ShipmentsHandler:
    """Takes a chunk of carrier events or order references into the shipments' state."""

    def __init__(
        self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier], norms: Norms | None = None
    ) -> None:
        self._feeds = feeds_by_source(carriers)
        slugs = Counter(carrier.slug for carrier in carriers.values())
        self._own_feeds = {
            carrier.slug: feed for feed, carrier in carriers.items()
            if carrier.slug is not None and slugs[carrier.slug] == 1
        }
        rules = alert_rules.load(settings.monitoring.alerts_file)
        self._patience, self._norms_at_least = rules.patience, rules.norms_at_least
        self._keeping = keeping(settings)
        self._norms = norms or NothingLearnt()
        self._hearing = Hearing(rules.after_silence_ms, rules.until_heard_for_ms)
        self._events = ValueCodec(topics.CARRIER_EVENTS, Sighting, registry)
        self._references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, registry)
        self._links = ValueCodec(topics.SHIPMENT_LINKS, ShipmentLink, registry)
        self._adoptions = ValueCodec(topics.SHIPMENT_ADOPTIONS, Adoption, registry)
        self._reads: dict[str, Callable[[bytes | None], Input]] = {
            topics.CARRIER_EVENTS.name: self._received,
            topics.ORDER_REFERENCES.name: self._references.decode,
            topics.SHIPMENT_LINKS.name: self._links.decode,
            topics.SHIPMENT_ADOPTIONS.name: self._adoptions.decode,
        }
        self._enriched = ValueCodec(topics.SHIPMENT_EVENTS, EnrichedEvent, registry)
        self._states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, registry)
        self._archive = ValueCodec(topics.SHIPMENT_ARCHIVE, ShipmentState, registry)
        self._stored = ValueCodec(topics.SHIPMENT_STATE, StoredShipment, registry)
        self._updates = ValueCodec(topics.CUSTOMER_UPDATES, CustomerUpdate, registry)
        self._milestones = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, registry)
        self._notices = ValueCodec(topics.ERP_NOTICES, ErpNotice, registry)
        self._signals = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        self._dwells = ValueCodec(topics.SHIPMENT_DWELLS, Dwell, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Outputs and changed shipments of one chunk. ``state`` is never None: the stage has a changelog."""
        topic = records[0].topic
        chunk, kept, refused = decoded(records, self._reads[topic])
        if topic == topics.CARRIER_EVENTS.name:
            self._hearing.heard(now_ms)
        known = stored(map(_key, chunk), state, decode)
        result = step(chunk, known, self._patience, self._keeping)
        refused += refusals(kept, result.refused)
        counts = dict(result.counts)
        if refused:
            counts["refused"] = len(refused)
        return Handled(
            self._outputs(result.outputs), refused, self._changes(result.states), counts,
            local=self._indexed(known, result.states, now_ms),
            afterwards=self._signalled(result.outputs, result.states, now_ms),
        )

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The stage's own record inside a changelog value, and where the index has it."""
        record = self._stored.decode(changelog_value).record
        at = self._next_due(decode(record))
        return {key: record} if at is None else {key: record, due_index.entry(at, key): b""}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Alerts that fall due, dwells of shipments that have ended, shipments to archive or forget; none while the
        platform itself hears nothing."""
        if not self._hearing.is_sound(now_ms):
            return Handled()
        self._norms.look()
        due = due_index.due(state, now_ms, MOST_DUE)
        keys = list(dict.fromkeys(map(due_index.key_of, due)))
        known = stored((key.decode() for key in keys), state, decode)
        out, states, told, forgotten = Outputs(), dict[str, Shipment](), list[Dwell](), list[str]()
        local: dict[bytes, bytes | None] = dict.fromkeys(due)
        for key, shipment in known.items():
            if shipment is None:
                continue
            own = copy(shipment)
            at = self._look_at(own, out.alerts, told, now_ms)
            if (own.raised, own.dwells_told) != (shipment.raised, shipment.dwells_told):
                states[key] = own
            until = due_at(own, self._keeping, self._patience)
            if until is not None and until <= now_ms:
                if own.view.archived:
                    forgotten.append(key)
                    continue
                states[key], at, until = self._archive_one(own, out)
            if (next_at := _earliest(at, until)) is not None:
                local[due_index.entry(next_at, key.encode())] = b""
        counts = {
            "alerts_due": len(out.alerts), "dwells": len(told), "archived": len(out.archived),
            "forgotten": len(forgotten),
        }
        outputs = self._outputs(out)
        if told:
            outputs[topics.SHIPMENT_DWELLS.name] = _keyed(
                self._dwells, told, lambda one: key_of(one.carrier, one.lane, one.status)
            )
        changes = self._changes(states) | {key.encode(): Change(None, None) for key in forgotten}
        return Handled(
            outputs, [], changes, {name: count for name, count in counts.items() if count}, local=local,
            afterwards=self._signalled(out, states, now_ms),
        )

    def _archive_one(self, shipment: Shipment, out: Outputs) -> tuple[Shipment, None, int | None]:
        """Archive a shipment; its stub, which is not to be looked at before it is forgotten."""
        stub, alerts = archived(shipment, self._keeping)
        out.alerts += alerts
        out.archived.append(shipment)
        return stub, None, due_at(stub, self._keeping, self._patience)

    def _look_at(self, shipment: Shipment, alerts: list[AlertSignal], told: list[Dwell], now_ms: int) -> int | None:
        """Raise what is overdue of a shipment and tell its dwells where it is time; when to look again."""
        usual = usual_of(shipment, self._norms.norms, self._norms_at_least)
        alerts += fall_due(shipment, self._patience, now_ms, usual)
        learnt_at = to_be_learnt_at(shipment, self._patience)
        if learnt_at is not None and learnt_at <= now_ms:
            told += dwells(shipment)
            shipment.dwells_told = True
        return look_again_at(shipment, self._patience, usual, now_ms)

    def _next_due(self, shipment: Shipment) -> int | None:
        """Returns when the clock alone next does something about it."""
        due = next_due(shipment, self._patience)
        if shipment.view.status not in TERMINAL and not shipment.view.archived:
            return due
        return _earliest(due, due_at(shipment, self._keeping, self._patience))

    def _is_sooner(self, before: Shipment, after: Shipment) -> bool:
        until, was_until = (due_at(one, self._keeping, self._patience) for one in (after, before))
        return is_sooner(before, after, self._patience) or (
            until is not None and (was_until is None or until < was_until)
        )

    def _indexed(
        self, before: Mapping[str, Shipment | None], after: Mapping[str, Shipment], now_ms: int
    ) -> dict[bytes, bytes | None]:
        """Returns the entries the due index lacks with these shipments. It holds each no later than it is due; where
        one turns out not to be due yet, as with most after their next event, or by the norm, the sweep that meets it
        puts it where it belongs: behind what ``next_due`` says, once that has passed."""
        changes: dict[bytes, bytes | None] = {}
        for key, shipment in after.items():
            at = self._next_due(shipment)
            if at is None:
                continue
            old = before.get(key)
            was = None if old is None else self._next_due(old)
            if old is None or was is None or at < was or (was <= now_ms and self._is_sooner(old, shipment)):
                changes[due_index.entry(at, key.encode())] = b""
        return changes

    def _received(self, value: bytes | None) -> Received:
        return Received(*self._events.decode_with_body(value))

    def _outputs(self, out: Outputs) -> dict[str, list[Message]]:
        enrich = self._enriched.encode
        outputs: dict[str, list[Message]] = {
            topics.SHIPMENT_EVENTS.name: [
                {"key": key.encode(), "value": enrich(event)} for key, event in out.events
            ],
            topics.SHIPMENT_ARCHIVE.name: [
                {"key": shipment_key(one.carrier, one.tracking_number).encode(), "value": self._archived(one)}
                for one in out.archived
            ],
            topics.CUSTOMER_UPDATES.name: _keyed(
                self._updates, out.customer_updates, lambda update: update.customer_id
            ),
            topics.DELIVERY_MILESTONES.name: _keyed(
                self._milestones, out.delivery_milestones, lambda milestone: milestone.delivery_id
            ),
            topics.ERP_NOTICES.name: _keyed(self._notices, out.notices, lambda notice: notice.delivery_id),
            topics.SHIPMENT_ADOPTIONS.name: _keyed(
                self._adoptions, out.adoptions, lambda told: shipment_key(told.carrier, told.tracking_number)
            ),
        }
        return {name: messages for name, messages in outputs.items() if messages}

    def _signalled(self, out: Outputs, states: Mapping[str, Shipment], now_ms: int) -> Afterwards:
        """The signals in their order, each with the feed its shipment is heard by."""
        for one in out.alerts:
            one.feed = feed_of(states[one.subject], self._feeds, self._own_feeds)
        return signals(self._signals, out.alerts, now_ms)

    def _archived(self, shipment: Shipment) -> bytes:
        return self._archive.encode(state_of(shipment, encode(shipment), shipment.view.updated_at))

    def _changes(self, states: Mapping[str, Shipment]) -> dict[bytes, Change]:
        changes = {}
        for key, shipment in states.items():
            record = encode(shipment)
            public = self._states.encode(state_of(shipment, record, shipment.view.updated_at))
            changes[key.encode()] = Change(record, public)
        return changes


def keeping(settings: Settings) -> Keeping:
    """Returns how long shipments are kept."""
    return Keeping(
        settings.lifetimes.archive_after_days * DAY_MS, settings.lifetimes.unsettled_after_days * DAY_MS,
        settings.lifetimes.forget_after_days * DAY_MS, settings.lifetimes.reuse_after_days * DAY_MS,
        settings.lifetimes.ordered_late_hours * HOUR_MS or None,
    )


def _earliest(*times: int | None) -> int | None:
    return min((at for at in times if at is not None), default=None)


def _key(item: Input) -> str:
    about = item.event if isinstance(item, Received) else item
    return shipment_key(about.carrier, about.tracking_number)


def _keyed(codec: ValueCodec[T], values: Sequence[T], key: Callable[[T], str]) -> list[Message]:
    encode_value = codec.encode
    return [{"key": key(value).encode(), "value": encode_value(value)} for value in values]
