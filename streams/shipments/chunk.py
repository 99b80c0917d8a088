"""Collects the changes and outputs of a chunk. An input changes a shipment in one of two ways: the slow path by the
facts, and the fast path for a plain event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.ids import digest, shipment_key
from streams.contracts.model import (
    Adoption,
    AlertSignal,
    CustomerUpdate,
    DeliveryMilestone,
    EnrichedEvent,
    ErpNotice,
)
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from streams.shipments.deliveries import touches_deliveries
from streams.shipments.diff import (
    alerts_between,
    milestone,
    milestones_between,
    update,
    updates_between,
)
from streams.shipments.erp_notices import Notices, notices_between, standing
from streams.shipments.facts import Entry, Facts, decode_entry, encode_entry, place_of
from streams.shipments.linked.propagation import events_for, parents_of
from streams.shipments.merge import check_room, with_event
from streams.shipments.project import all_facts, insert, is_plain, project
from streams.shipments.record import Shipment, View
from streams.shipments.reuse.archive import Keeping
from streams.shipments.status_machine import known_facts
from streams.shipments.timers.deadlines import FOR_EVER, settle
from streams.shipments.told import alerts_of, items_of, news_since, told


class Outputs(Struct):
    """Collects the step's outputs, a list for each topic. ``events``: message key and event; ``archived``: shipments
    that ended before another began under their number, as they are now."""

    events: list[tuple[str, EnrichedEvent]] = field(default_factory=list)
    customer_updates: list[CustomerUpdate] = field(default_factory=list)
    delivery_milestones: list[DeliveryMilestone] = field(default_factory=list)
    alerts: list[AlertSignal] = field(default_factory=list)
    adoptions: list[Adoption] = field(default_factory=list)
    archived: list[Shipment] = field(default_factory=list)
    notices: list[ErpNotice] = field(default_factory=list)


class Taken(Struct, frozen=True):
    """An event was taken in. ``now``: the shipments under the number, the one that goes on last; ``holder``: the one
    that holds it, None where it is about an archived one; ``place``: in its history."""

    now: list[Shipment]
    holder: Shipment | None
    place: int
    is_new: bool


class Chunk:
    """A chunk in progress. ``states``: the changed shipments; ``outputs``; ``counts``; ``reordered``: keys of shipments
    whose orders changed."""

    def __init__(self, stored: Mapping[str, Shipment | None], keeping: Keeping) -> None:
        self._stored, self.keeping = stored, keeping
        self.states: dict[str, Shipment] = {}
        self.outputs = Outputs()
        self.counts: Counter[str] = Counter()
        self.reordered: set[str] = set()
        self._own: set[str] = set()

    def get(self, carrier: str, tracking_number: str) -> tuple[str, Shipment]:
        """The key and the shipment as it stands within the chunk. Raises Reject where carrier or number is missing."""
        key = known_key(carrier, tracking_number)
        known = self.states.get(key) or self._stored.get(key)
        return key, known or Shipment(Facts(carrier, tracking_number), View())

    def change(
        self, key: str, before: Shipment, facts: Facts, because_of: str, like: Entry | None = None
    ) -> list[Shipment]:
        """The slow path: take other facts for those under the number, and send what differs. ``because_of``: names the
        input; ``like``: the event that was taken in, if it was one; the shipments under the number, the one that goes
        on last."""
        was, now, out = shipments_under(before, self.keeping), project(facts, self.keeping, before), self.outputs
        last = now[-1]
        touched = like is not None and touches_deliveries(before.view, like)
        voided = before.view.voided != last.view.voided
        if touched or last.view.doubtful or voided or len(was) > 1 or len(now) > 1 or before.view.archived:
            like = None
        late = self.keeping.ordered_late
        told_before, told_after = told(was, like, late), told(now, like, late)
        out.customer_updates += updates_between(told_before, told_after, now)
        out.delivery_milestones += milestones_between(told_before, told_after, now, because_of)
        if before.view.generation == last.view.generation:
            last.raised, last.dwells_told = before.raised, before.dwells_told
        else:
            out.alerts += settle(replace(before), FOR_EVER)
        out.alerts += alerts_between(told_before.alerts, told_after.alerts, last)
        out.notices += notices_between(standing(was), standing(now), now)
        known = [one.facts for one in was[:-1]]
        out.archived += [one for one in now[:-1] if one.facts not in known]
        last.ended = tuple(one.facts for one in now[:-1])
        self.states[key] = last
        self._own.discard(key)
        return now

    def insert(self, key: str, before: Shipment, event_id: bytes, entry: Entry, because_of: str) -> Taken:
        """The fast path: take in a plain event, and send what it tells."""
        data = encode_entry(entry)
        check_room(before.facts, data)
        shipment, out = self._copied(key, before), self.outputs
        late = self.keeping.ordered_late
        known, alerts = known_facts(shipment.view, entry.piece), alerts_of(shipment, late)
        stood: Notices = standing([shipment]) if shipment.view.open else {}
        inserted = insert(shipment, event_id, entry, data)
        is_heard_of = entry.story is not None and shipment.view.standing
        if is_heard_of and (news := news_since(shipment, inserted, entry, known)):
            updates, milestones = items_of(shipment, news, late)
            out.customer_updates += [update(name, item, shipment) for name, item in updates.items()]
            out.delivery_milestones += [
                milestone(name, item, shipment, because_of) for name, item in milestones.items()
            ]
        now_open = alerts_of(shipment, late)
        if alerts or now_open:
            out.alerts += alerts_between(alerts, now_open, shipment)
        if stood or shipment.view.open:
            out.notices += notices_between(stood, standing([shipment]), [shipment])
        return Taken([shipment], shipment, inserted.place, is_new=True)

    def take_entry(self, key: str, before: Shipment, event_id: bytes, entry: Entry, because_of: str) -> Taken | None:
        """Take an event in, new or seen again; None where it holds nothing new. Raises Reject."""
        facts = all_facts(before)
        is_new = place_of(facts.seen, event_id) < 0
        if is_new and is_plain(before, event_id, entry, self.keeping):
            taken = self.insert(key, before, event_id, entry, because_of)
        else:
            merged = with_event(facts, event_id, entry, self.keeping)
            if merged is None:
                return None
            if not is_new:
                sighting = merged.history[place_of(merged.seen, event_id)]
                because_of = digest("sighting", event_id.hex(), sighting.hex(), because_of)
            taken = _taken(self.change(key, before, merged, because_of, entry), event_id, is_new=is_new)
        if taken.now[-1].facts.parents:
            self._send_to_parents(taken.now[-1], event_id)
        return taken

    def _send_to_parents(self, shipment: Shipment, event_id: bytes) -> None:
        facts = shipment.facts
        if (place := place_of(facts.seen, event_id)) < 0:
            return
        entry = decode_entry(facts.history[place])
        for parent in parents_of(facts):
            self.outputs.adoptions.extend(events_for(facts, parent, event_id.hex(), entry))

    def _copied(self, key: str, before: Shipment) -> Shipment:
        """The chunk's own copy of a shipment, to be changed at will."""
        if key in self._own:
            return before
        facts = replace(before.facts, history=before.facts.history.copy())
        mine = replace(before, facts=facts, view=replace(before.view))
        self.states[key] = mine
        self._own.add(key)
        return mine


def _taken(now: list[Shipment], event_id: bytes, *, is_new: bool) -> Taken:
    for one in now:
        if (place := place_of(one.facts.seen, event_id)) >= 0:
            return Taken(now, one, place, is_new)
    return Taken(now, None, -1, is_new)


def shipments_under(shipment: Shipment, keeping: Keeping) -> list[Shipment]:
    """The shipments under the number of a record, the one that goes on last."""
    return [*project(all_facts(shipment), keeping)[:-1], shipment] if shipment.ended else [shipment]


def known_key(carrier: str, tracking_number: str) -> str:
    """``CARRIER:REFERENCE``. Raises Reject where either is missing."""
    if not carrier or not tracking_number:
        raise Reject(RejectReason.NO_REFERENCE, "no carrier or no tracking number", "tracking_number")
    return shipment_key(carrier, tracking_number)
