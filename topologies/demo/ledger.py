"""Records what the demo sent, and every output the pipeline produced for it.

Plain entries: ``reading.py`` decodes the records, ``reconcile.py`` compares them. Only outputs that trace back to a raw
record of this demo are entered, so other traffic on a running stack does not change the totals.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.contracts.ids import shipment_key
from streams.contracts.model import (
    Alert,
    CarrierEvent,
    CustomerUpdate,
    DeadLetter,
    DeliveryMilestone,
    EnrichedEvent,
    ErpPosting,
    FeedActivity,
    Order,
    OrderReference,
    ShipmentState,
)
from streams.kernel.alert_vocabulary import OPEN
from streams.kernel.vocabulary import Correction, Milestone
from topologies.demo.planned import Plan, Planned


class Origin(NamedTuple):
    """A raw record's topic, partition and offset."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class FeedCount:
    """One feed's line: raw records sent, canonical events, dead letters, events of unknown code."""

    sent: int
    events: int
    dead_letters: int
    unknown: int


def claims(order: Order) -> set[tuple[str, str]]:
    """(order id, CARRIER:REFERENCE) of its lines with a tracking number."""
    return {
        (order.order_id, shipment_key(line.carrier, line.tracking_number))
        for line in order.shipments if line.tracking_number
    }


@dataclass
class Ledger:
    """All entries so far."""

    plan: Plan
    sent: dict[Origin, Planned] = field(default_factory=dict)
    records_sent: dict[Origin, Planned] = field(default_factory=dict)
    """Everything sent beside carriers' messages and orders."""
    references_sent: set[tuple[str, str]] = field(default_factory=set)
    """(order id, CARRIER:REFERENCE) of every line with a tracking number of every order sent."""
    orders_sent: dict[str, Order] = field(default_factory=dict)
    """Order id -> its newest version."""

    events_of: dict[Origin, list[CarrierEvent]] = field(default_factory=lambda: defaultdict(list))
    resolved: Counter[str] = field(default_factory=Counter)
    """Event id -> how often on carrier.events."""
    unresolved: int = 0
    cards: dict[Origin, list[DeadLetter]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[Origin, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Raw record -> reasons on its whole dead letters."""

    carrier_errors: Counter[str] = field(default_factory=Counter)
    """Feed -> how many responses said that the carrier had no data."""

    fanned_out: Counter[str] = field(default_factory=Counter)
    """Event id -> how often on shipment.events."""
    latencies_ms: list[int] = field(default_factory=list)
    states: dict[str, ShipmentState] = field(default_factory=dict)
    references: set[tuple[str, str]] = field(default_factory=set)
    updates: dict[str, CustomerUpdate] = field(default_factory=dict)
    update_ids: Counter[str] = field(default_factory=Counter)
    milestones: dict[str, DeliveryMilestone] = field(default_factory=dict)
    postings: dict[str, ErpPosting] = field(default_factory=dict)
    posting_ids: Counter[str] = field(default_factory=Counter)
    alerts: dict[str, Alert] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ours = self.plan.shipments
        self._deliveries = {line.delivery_id for order in self.plan.orders for line in order.shipments}

    def raw_sent(self, origin: Origin, message: Planned) -> None:
        """A raw record the broker has acknowledged."""
        self.sent[origin] = message

    def order_sent(self, message: Planned) -> None:
        """An order the broker has acknowledged."""
        if message.order is not None:
            known = self.orders_sent.get(message.order.order_id)
            if known is None or known.updated_at < message.order.updated_at:
                self.orders_sent[message.order.order_id] = message.order
            self.references_sent |= claims(message.order)

    def record_sent(self, origin: Origin, message: Planned) -> None:
        """Another record the broker has acknowledged."""
        self.records_sent[origin] = message

    def carrier_event(self, event: CarrierEvent) -> None:
        """A record of carrier.events."""
        if self._from_us(event):
            self.resolved[event.event_id] += 1

    def unresolved_event(self, event: CarrierEvent) -> None:
        """A record of carrier.unresolved."""
        if self._from_us(event):
            self.unresolved += 1

    def _from_us(self, event: CarrierEvent) -> bool:
        source = event.source
        if not source.correlation_id.startswith(self.plan.correlation_prefix):
            return False
        self.events_of[Origin(source.topic, source.partition, source.offset)].append(event)
        return True

    def dead_letter(self, card: DeadLetter) -> None:
        """A record of dead.letters. Those of other senders are kept too; ``dead_letters`` leaves them out by origin."""
        self.cards[Origin(card.origin_topic, card.origin_partition, card.origin_offset)].append(card)

    def whole_dead_letter(self, origin: Origin, reason: str) -> None:
        """A record of a ``dlq.<step>`` topic."""
        self.refused[origin].append(reason)

    def activity(self, seen: FeedActivity) -> None:
        """A record of feed.activity."""
        self.carrier_errors[seen.feed] += seen.carrier_errors

    def order_reference(self, reference: OrderReference) -> None:
        """A record of order.references."""
        key = shipment_key(reference.carrier, reference.tracking_number)
        self.references.add((reference.order_id, key))

    def shipment_event(self, enriched: EnrichedEvent, written_ms: int) -> None:
        """A record of shipment.events, written at ``written_ms``."""
        event = enriched.event
        if isinstance(event, CarrierEvent) and event.source.correlation_id.startswith(
            self.plan.correlation_prefix
        ):
            self.fanned_out[event.event_id] += 1
            if event.source.correlation_id not in self.plan.backdated:
                self.latencies_ms.append(max(0, written_ms - event.received_at))

    def shipment_state(self, state: ShipmentState) -> None:
        """A record of shipment.state: the newest wins."""
        key = shipment_key(state.carrier, state.tracking_number)
        if key in self._ours:
            self.states[key] = state

    def customer_update(self, update: CustomerUpdate) -> bool:
        """A record of customer.updates; returns whether it is news about one of our shipments. A retracted update
        counts as not sent."""
        if shipment_key(update.carrier, update.tracking_number) not in self._ours:
            return False
        if update.correction is Correction.RETRACTS:
            del self.update_ids[update.update_id]
            self.updates.pop(update.update_id, None)
            return False
        self.updates[update.update_id] = update
        if update.correction is Correction.REPLACES:
            return False
        self.update_ids[update.update_id] += 1
        return self.update_ids[update.update_id] == 1

    def delivery_milestone(self, milestone: DeliveryMilestone) -> None:
        """A record of delivery.milestones; the newest for each id counts."""
        if milestone.delivery_id not in self._deliveries:
            return
        if milestone.correction is Correction.RETRACTS:
            self.milestones.pop(milestone.milestone_id, None)
        else:
            self.milestones[milestone.milestone_id] = milestone

    def posting(self, posting: ErpPosting) -> None:
        """A record of erp.postings; a reversed posting counts as not made."""
        if posting.reverses is not None:
            self.postings.pop(posting.reverses, None)
        elif posting.delivery_id in self._deliveries:
            self.posting_ids[posting.posting_id] += 1
            self.postings[posting.posting_id] = posting

    def alert(self, alert: Alert) -> None:
        """A record of ops.alerts: the newest of each alert wins."""
        self.alerts[alert.alert_id] = alert

    @property
    def entries(self) -> int:
        """Returns how many entries there are; it grows while outputs arrive."""
        return (
            len(self.sent) + sum(map(len, self.events_of.values())) + self.fanned_out.total()
            + sum(map(len, self.cards.values())) + sum(map(len, self.refused.values()))
            + self.carrier_errors.total()
            + len(self.references) + self.update_ids.total() + len(self.milestones) + self.posting_ids.total()
        )

    def dead_letters(self) -> Counter[str]:
        """Dead letters of our raw records by reason."""
        return Counter(
            card.reason for origin, cards in self.cards.items() if origin in self.sent for card in cards
        )

    def matched(self) -> int:
        """Returns how many shipments have an order."""
        return sum(1 for state in self.states.values() if state.orders)

    def open_alerts(self) -> list[Alert]:
        """Alerts raised and not resolved."""
        return [alert for alert in self.alerts.values() if alert.state in OPEN]

    def statuses(self) -> Counter[str]:
        """Shipments by current status."""
        return Counter(state.status.value for state in self.states.values())

    def latency_ms(self, share: float) -> int | None:
        """The latency from receipt to fan-out that ``share`` of the events stayed within."""
        if not self.latencies_ms:
            return None
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def by_feed(self) -> Iterator[tuple[str, FeedCount]]:
        """Each feed's line, by name."""
        sent: Counter[str] = Counter(message.feed for message in self.sent.values())
        events: Counter[str] = Counter()
        unknown: Counter[str] = Counter()
        for of_one in self.events_of.values():
            for event in of_one:
                events[event.source.feed] += 1
                unknown[event.source.feed] += event.milestone is Milestone.UNKNOWN
        dead: Counter[str] = Counter()
        for origin, cards in self.cards.items():
            if origin in self.sent:
                dead[self.sent[origin].feed] += len(cards)
        for feed in sorted(sent):
            yield feed, FeedCount(sent[feed], events[feed], dead[feed], unknown[feed])
