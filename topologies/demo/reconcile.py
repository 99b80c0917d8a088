"""Checks that every message of the demo is accounted for, and that the totals agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import msgspec

from streams.contracts.ids import shipment_key
from streams.contracts.model import DeliveryMilestone, ErpPosting
from streams.fulfilment.kinds import kind_of
from streams.kernel.vocabulary import Milestone, PostingKind, Status
from topologies.demo.ledger import FeedCount, Ledger, Origin, claims

TWICE_IN_HISTORY = "events are on shipment.events more than once"
TWICE_TOLD = "customer updates were sent more than once"
TWICE_SENT = "ERP postings were sent more than once"


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals of the demo. Latencies: ms from receipt to fan-out. ``differences`` is empty if everything is accounted
    for."""

    seed: int
    raw_records: int
    orders: int
    canonical_events: int
    unresolved_events: int
    distinct_events: int
    duplicates: int
    dead_letters: Mapping[str, int]
    raw_with_events: int
    raw_refused: int
    raw_carrier_errors: int
    raw_acknowledgements: int
    shipments: int
    matched: int
    unmatched: int
    customer_updates: int
    erp_postings: int
    open_alerts: int
    unknown_codes: int
    latency_p50_ms: int | None
    latency_p99_ms: int | None
    statuses: Mapping[str, int]
    feeds: Mapping[str, FeedCount]
    differences: list[str]

    @property
    def explained(self) -> bool:
        """Whether there is no difference."""
        return not self.differences


def _named(count: int, what: str, example: object) -> str:
    return f"{count} {what}; for example {example}"


def _one_line(what: str, cases: Iterable[str]) -> Iterator[str]:
    """One sentence for all cases of a kind, naming the first; none without a case."""
    found = list(cases)
    if found:
        yield _named(len(found), what, found[0])


def _raw(ledger: Ledger) -> Iterator[str]:
    unsent = len(ledger.plan.raw) - len(ledger.sent)
    if unsent:
        yield f"{unsent} of {len(ledger.plan.raw)} raw records were not acknowledged by the broker"
    lost, otherwise = [], []
    for origin, message in ledger.sent.items():
        events = len({event.source.index for event in ledger.events_of.get(origin, ())})
        reasons = {card.reason for card in ledger.cards.get(origin, ())}
        here = f"{message.what} ({origin}, {message.correlation_id})"
        if (message.expected.carrier_error or message.expected.acknowledges) and not events and not reasons:
            continue
        if not events and not reasons:
            lost.append(here)
            continue
        due = {message.expected.dead_letter.value} if message.expected.dead_letter else set()
        if events != message.expected.events or reasons != due:
            came = _outcome(events, reasons)
            otherwise.append(f"{here}: expected {_outcome(message.expected.events, due)}, got {came}")
    yield from _one_line("raw records led to nothing", lost)
    yield from _one_line("raw records came out otherwise than they should", otherwise)
    due_errors = Counter(message.feed for message in ledger.sent.values() if message.expected.carrier_error)
    yield from _one_line(
        "feeds' carrier errors were not counted",
        (
            f"{feed}: {number} due, {ledger.carrier_errors[feed]} counted"
            for feed, number in sorted(due_errors.items()) if ledger.carrier_errors[feed] < number
        ),
    )


def _records(ledger: Ledger) -> Iterator[str]:
    otherwise = (
        f"{message.what} ({origin}): expected dead letter {due or 'none'}, got {', '.join(sorted(reasons)) or 'none'}"
        for origin, message in ledger.records_sent.items()
        for due in ["" if message.expected.dead_letter is None else message.expected.dead_letter.value]
        for reasons in [{card.reason for card in ledger.cards.get(origin, ())}]
        if reasons != ({due} if due else set())
    )
    yield from _one_line("other records came out otherwise than they should", otherwise)


def _outcome(events: int, reasons: set[str]) -> str:
    dead = f"dead letter {', '.join(sorted(reasons))}" if reasons else ""
    return " and ".join(part for part in (f"{events} events" if events or not dead else "", dead) if part)


def _dead_letters(ledger: Ledger) -> Iterator[str]:
    ours = ledger.sent
    yield from _one_line(
        "dead letters without their whole record on a dlq topic",
        (str(origin) for origin in ledger.cards if origin in ours and origin not in ledger.refused),
    )
    yield from _one_line(
        "whole dead letters without an index card on dead.letters",
        (str(origin) for origin in ledger.refused if origin in ours and origin not in ledger.cards),
    )


def _unasked(ledger: Ledger) -> Iterator[str]:
    strange = (origin for origin in ledger.events_of if origin not in ledger.sent)
    yield from _one_line("canonical events name a raw record that was not sent", map(str, strange))


def _fan_out(ledger: Ledger) -> Iterator[str]:
    about: dict[str, str] = {}
    for origin, events in ledger.events_of.items():
        for event in events:
            subject = shipment_key(event.carrier, event.tracking_number)
            about[event.event_id] = f"{event.milestone.value} of {subject} ({event.event_id}, from {origin})"
    yield from _one_line(
        "events are on carrier.events but not on shipment.events",
        (about.get(event_id, event_id) for event_id in ledger.resolved if event_id not in ledger.fanned_out),
    )
    yield from _one_line(
        TWICE_IN_HISTORY,
        (about.get(event_id, event_id) for event_id, times in ledger.fanned_out.items() if times > 1),
    )
    yield from _one_line(
        "events on shipment.events were never on carrier.events",
        (event_id for event_id in ledger.fanned_out if event_id not in ledger.resolved),
    )


def _orders(ledger: Ledger) -> Iterator[str]:
    missing = ledger.references_sent - ledger.references
    yield from _one_line(
        "order lines never came to order.references", (f"{order} for {key}" for order, key in sorted(missing))
    )
    due = {key for order in ledger.orders_sent.values() for _, key in claims(order)} | ledger.plan.booked
    yield from _one_line(
        "shipments did not find their order",
        (key for key, state in ledger.states.items() if key in due and not state.orders),
    )
    yield from _one_line(
        "shipments found an order nobody sent",
        (key for key, state in ledger.states.items() if key not in due and state.orders),
    )


def _customers(ledger: Ledger) -> Iterator[str]:
    yield from _one_line(
        TWICE_TOLD,
        (
            f"{update.milestone.value} to {update.customer_id} ({update_id})"
            for update_id, update in ledger.updates.items() if ledger.update_ids[update_id] > 1
        ),
    )
    told = {
        (shipment_key(update.carrier, update.tracking_number), update.order_id)
        for update in ledger.updates.values() if update.milestone is Milestone.DELIVERED
    }
    yield from _one_line(
        "delivered shipments whose customer was not told",
        (
            f"{key} of {order.order_id}"
            for key, state in ledger.states.items() if state.status is Status.DELIVERED
            for order in state.orders if (key, order.order_id) not in told
        ),
    )


def _postings(ledger: Ledger) -> Iterator[str]:
    posted = Counter(_fact(posting, posting.kind) for posting in ledger.postings.values())
    yield from _one_line(TWICE_SENT, (
        f"{_fact(posting, posting.kind)}, as {posting_id}"
        for posting_id, posting in ledger.postings.items() if ledger.posting_ids[posting_id] > 1
    ))
    due = {
        _fact(milestone, kind) for milestone in ledger.milestones.values() if (kind := kind_of(milestone)) is not None
    }
    yield from _one_line(
        "delivery milestones have no ERP posting", (str(fact) for fact in sorted(due) if not posted[fact])
    )
    yield from _one_line(
        "delivery milestones were posted more than once",
        (str(fact) for fact in sorted(due) if posted[fact] > 1),
    )
    yield from _one_line(
        "ERP postings have no delivery milestone", (str(fact) for fact in sorted(posted) if fact not in due)
    )


class _Fact(NamedTuple):
    """A fact that must be posted exactly once. ``piece``: of which piece; ``event_id`` only where each event is a fact
    of its own."""

    kind: PostingKind
    delivery_id: str
    shipment: str
    piece: str
    event_id: str

    def __str__(self) -> str:
        return f"{self.kind.value} for {self.delivery_id} ({self.shipment})"


def _fact(told: DeliveryMilestone | ErpPosting, kind: PostingKind) -> _Fact:
    event_id = told.event_id if kind is PostingKind.DELIVERY_ATTEMPT else ""
    return _Fact(
        kind, told.delivery_id, shipment_key(told.carrier, told.tracking_number), told.piece or "", event_id
    )


def _ends(ledger: Ledger) -> Iterator[str]:
    plan, states = ledger.plan, ledger.states
    for what, keys, status in (
        ("delivered", plan.delivered, Status.DELIVERED), ("returned", plan.returned, Status.RETURNED)
    ):
        yield from _one_line(
            f"shipments should have ended {what} and did not",
            (
                f"{key}, which is {states[key].status.value if key in states else 'unknown to shipments'}"
                for key in sorted(keys) if key not in states or states[key].status is not status
            ),
        )
    yield from _one_line(
        "shipments ended delivered and should not have",
        (
            key for key, state in states.items()
            if state.status is Status.DELIVERED and key not in plan.delivered
        ),
    )


def differences(ledger: Ledger) -> list[str]:
    """Every difference from what is expected, one sentence for each kind, with an example."""
    parts = (_raw, _records, _unasked, _dead_letters, _fan_out, _orders, _customers, _postings, _ends)
    return [difference for part in parts for difference in part(ledger)]


def is_repeat(difference: str) -> bool:
    """Whether it says that something was sent again under the id it had, as a killed worker may do without
    transactions."""
    return any(words in difference for words in (TWICE_IN_HISTORY, TWICE_TOLD, TWICE_SENT))


def may_be_put_right(found: Iterable[str]) -> list[str]:
    """The differences that a later output can remove. No repeated message is taken back; a posting may be reversed."""
    return [one for one in found if not is_repeat(one)]


def without_repeats(result: Totals) -> Totals:
    """The totals where a stage was killed meanwhile: what was sent again under the id it had is no difference."""
    return replace(result, differences=[one for one in result.differences if not is_repeat(one)])


def to_json(result: Totals) -> str:
    """The totals as indented JSON, with ``explained`` as its first word."""
    words = {"explained": result.explained, **msgspec.to_builtins(result)}
    return msgspec.json.format(msgspec.json.encode(words)).decode()


def totals(ledger: Ledger, found: list[str] | None = None) -> Totals:
    """Totals of the demo. ``found``: the differences, if they are computed already."""
    with_events: set[Origin] = {origin for origin in ledger.events_of if origin in ledger.sent}
    refused: set[Origin] = {origin for origin in ledger.cards if origin in ledger.sent}
    feeds = dict(ledger.by_feed())
    matched = ledger.matched()
    return Totals(
        seed=ledger.plan.seed,
        raw_records=len(ledger.sent),
        orders=len({order for order, _ in ledger.references_sent}),
        canonical_events=ledger.resolved.total(),
        unresolved_events=ledger.unresolved,
        distinct_events=len(ledger.resolved),
        duplicates=ledger.resolved.total() - len(ledger.resolved),
        dead_letters=dict(sorted(ledger.dead_letters().items())),
        raw_with_events=len(with_events),
        raw_refused=len(refused),
        raw_carrier_errors=sum(1 for message in ledger.sent.values() if message.expected.carrier_error),
        raw_acknowledgements=sum(1 for message in ledger.sent.values() if message.expected.acknowledges),
        shipments=len(ledger.states),
        matched=matched,
        unmatched=len(ledger.states) - matched,
        customer_updates=len(ledger.update_ids),
        erp_postings=len(ledger.posting_ids),
        open_alerts=len(ledger.open_alerts()),
        unknown_codes=sum(feed.unknown for feed in feeds.values()),
        latency_p50_ms=ledger.latency_ms(0.50),
        latency_p99_ms=ledger.latency_ms(0.99),
        statuses=dict(ledger.statuses().most_common()),
        feeds=feeds,
        differences=differences(ledger) if found is None else found,
    )
