"""Told: what customers, the ERP and the alerts stage are to know of a shipment, each item under its own id.

A function of the shipment alone; ``diff.py`` turns the difference between two of its values into messages. An item's id
is made of what it is about, so that the same item sent again (after a crash, by a replay) carries the same id. What may
happen several times is numbered (``occurrences/numbering.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from streams.contracts.ids import digest
from streams.contracts.model import AlertSignal, CustomerUpdate, DeliveryMilestone, OrderLink
from streams.kernel.vocabulary import STATUS_OF, AlertKind, ExceptionType, Severity
from streams.shipments.alert_signals import raised, signal
from streams.shipments.audiences import FACT_BITS, FACTS, Fact, public_trouble
from streams.shipments.claims.standing import revision_of
from streams.shipments.facts import Entry, Story, decode_entry, entries_of, origin_at
from streams.shipments.linked.propagation import is_mute
from streams.shipments.occurrences.numbering import Appended, is_voided, kind_of, numbered, received_before
from streams.shipments.record import OpenException, Shipment
from streams.shipments.timers.punctuality import risk, risk_signal

_CRITICAL = frozenset({ExceptionType.DAMAGE, ExceptionType.LOSS})


class Told(NamedTuple):
    """What stands told, by audience: customer updates and delivery milestones of every shipment under the number,
    alerts of the one that goes on; each by its id. ``reporters``: of each update all events of its kind of news,
    of each milestone all that report its fact; which of them a message names depends on which came first."""

    updates: dict[str, CustomerUpdate]
    milestones: dict[str, DeliveryMilestone]
    alerts: dict[str, AlertSignal]
    reporters: dict[str, frozenset[str]]


class News(NamedTuple):
    """An event that tells somebody something. ``number``: which occurrence of its kind, 0 for none; ``facts``: those
    it is the first to report; ``reporters``: all events of its kind, and of each fact."""

    place: int
    entry: Entry
    story: Story
    number: int
    facts: tuple[Fact, ...]
    reporters: Mapping[str, frozenset[str]] = {}


def told(shipments: Sequence[Shipment], like: Entry | None = None) -> Told:
    """What stands told of the shipments under a number, the one that goes on last. With an event, of updates and
    milestones only those of its kind of news and of the facts it reports."""
    updates: dict[str, CustomerUpdate] = {}
    milestones: dict[str, DeliveryMilestone] = {}
    reporters: dict[str, frozenset[str]] = {}
    for shipment in shipments:
        if shipment.view.standing and shipment.facts.history:
            news = list(news_of(shipment, like))
            updates |= updates_of(shipment, news, reporters)
            milestones |= milestones_of(shipment, news, reporters)
    return Told(updates, milestones, alerts_of(shipments[-1]), reporters)


def news_of(shipment: Shipment, like: Entry | None = None) -> Iterator[News]:
    """The events that tell somebody something, in event-time order; with an event, those like it. A fact is told by the
    event of it received first."""
    facts, view = shipment.facts, shipment.view
    entries = entries_of(facts)
    number_of = numbered(facts, view, entries, like)
    told_by = {
        place: origin_at(facts, place, entry).hex() for place, entry in enumerate(entries)
        if entry.story is not None and not entry.retracts and (like is None or is_like(entry, like))
        and not is_voided(facts, view, place, entry)
    }
    known: dict[str, int] = {}
    first: dict[int, tuple[Fact, ...]] = {}
    reporters: dict[str, set[str]] = {}
    for place in sorted(told_by, key=lambda place: received_before(facts, place, entries[place])):
        entry = entries[place]
        first[place] = new_facts(entry, known.get(entry.piece, 0), number_of.get(place, 0))
        known[entry.piece] = known.get(entry.piece, 0) | sum(fact.bit for fact in first[place])
        for name in _reported(entry):
            reporters.setdefault(name, set()).add(told_by[place])
    for place in told_by:
        entry, number = entries[place], number_of.get(place, 0)
        if entry.story is not None and (number or first[place]):
            names = {name: frozenset(reporters[name]) for name in _reported(entry)}
            yield News(place, entry, entry.story, number, first[place], names)


def news_since(
    shipment: Shipment, appended: Appended, entry: Entry, story: Story, known: int
) -> list[News]:
    """What a plain last event, ``entry``, tells that was not told before; ``known``: the facts known of its piece
    before it (bits)."""
    place, number, teller = appended
    if teller == place:
        facts = new_facts(entry, known, number)
        return [News(place, entry, story, number, facts)] if number or facts else []
    other = decode_entry(shipment.facts.history[teller])
    attempts = tuple(fact for fact in new_facts(other, 0, number) if fact.repeats)
    told_by_other = [] if other.story is None else [News(teller, other, other.story, number, attempts)]
    return [*told_by_other, News(place, entry, story, 0, new_facts(entry, known, 0))]


def _reported(entry: Entry) -> list[str]:
    """Names of what an event reports: its kind of news, and its facts (``_fact_name``)."""
    kind = kind_of(entry)
    facts = FACTS.get((entry.milestone, entry.exception), ()) if entry.actual else ()
    return [*([] if kind is None else [kind]), *(_fact_name(fact, entry) for fact in facts)]


def _fact_name(fact: Fact, entry: Entry) -> str:
    """A fact is one of its piece; attempts are numbered whichever piece they are of."""
    return f"fact {fact.name} {'' if fact.repeats else entry.piece}"


def is_like(entry: Entry, other: Entry) -> bool:
    """True where both events may tell the same item: news of one kind, or a fact that both report."""
    if entry.milestone is other.milestone and entry.exception is other.exception:
        return True
    if kind_of(entry) == kind_of(other):
        return True
    bits = FACT_BITS.get((entry.milestone, entry.exception), 0)
    return bool(bits & FACT_BITS.get((other.milestone, other.exception), 0))


def new_facts(entry: Entry, known: int, number: int) -> tuple[Fact, ...]:
    """The facts an event reports that are not ``known`` of its piece (bits). Of attempts each occurrence is one, told
    by the event that has its ``number``."""
    if not entry.actual or entry.retracts:
        return ()
    facts = FACTS.get((entry.milestone, entry.exception))
    if facts is None:
        return ()
    return tuple(fact for fact in facts if (number if fact.repeats else not fact.bit & known))


def updates_of(
    shipment: Shipment, news: Sequence[News], reporters: dict[str, frozenset[str]] | None = None
) -> dict[str, CustomerUpdate]:
    """One update per order and occurrence that customers hear of."""
    updates: dict[str, CustomerUpdate] = {}
    for order in _one_each(shipment.orders, "order_id"):
        for one in news:
            if one.number:
                update = _update(shipment, one, order)
                updates[update.update_id] = update
                if reporters is not None:
                    reporters[update.update_id] = one.reporters[kind_of(one.entry) or ""]
    return updates


def milestones_of(
    shipment: Shipment, news: Sequence[News], reporters: dict[str, frozenset[str]] | None = None
) -> dict[str, DeliveryMilestone]:
    """One milestone per delivery and fact."""
    milestones: dict[str, DeliveryMilestone] = {}
    for order in _one_each(shipment.orders, "delivery_id"):
        for one in news:
            for fact in one.facts:
                milestone = _milestone(shipment, one, order, fact)
                milestones[milestone.milestone_id] = milestone
                if reporters is not None:
                    reporters[milestone.milestone_id] = one.reporters[_fact_name(fact, one.entry)]
    return milestones


def alerts_of(shipment: Shipment) -> dict[str, AlertSignal]:
    """The alerts that are open by what is known of the shipment; none where its parent raises them."""
    view = shipment.view
    if not view.open and view.estimated_delivery_at is None:
        return {}
    if shipment.facts.parents and is_mute(shipment):
        return {}
    alerts = [
        raised(_signal(shipment, one), f"{in_words(one.type)} ({one.reason.value.replace('_', ' ')})", one.reason_at)
        for one in view.open
    ]
    if (found := risk(shipment)) is not None:
        alerts.append(risk_signal(shipment, found))
    return {one.alert_id: one for one in alerts}


def in_words(exception: ExceptionType) -> str:
    """An exception for people."""
    return exception.value.replace("_", " ")


def _signal(shipment: Shipment, one: OpenException) -> AlertSignal:
    severity = Severity.CRITICAL if one.type in _CRITICAL else Severity.WARNING
    return signal(
        shipment, AlertKind.SHIPMENT_EXCEPTION, one.type, one.reason, severity, one.since, one.type.value
    )


def _one_each(orders: list[OrderLink], name: str) -> Collection[OrderLink]:
    """The first claim of each order (or delivery): one order may claim for several deliveries, and several orders for
    one."""
    if len(orders) < 2:
        return orders
    first: dict[str, OrderLink] = {}
    for order in orders:
        first.setdefault(getattr(order, name), order)
    return first.values()


def _is_superseded(shipment: Shipment, place: int, entry: Entry) -> bool:
    """True where the shipment has moved on: a later event leads, or this one was not let to."""
    leader = shipment.view.leader
    return place < leader or (place > leader and entry.actual and STATUS_OF[entry.milestone] is not None)


def _update(shipment: Shipment, news: News, order: OrderLink) -> CustomerUpdate:
    facts, view, entry, story = shipment.facts, shipment.view, news.entry, news.story
    exception, reason = public_trouble(entry.exception, entry.reason)
    occurrence = f"{kind_of(entry)}:{news.number}"
    return CustomerUpdate(
        digest("customer", order.order_id, facts.carrier, facts.tracking_number, occurrence, *shipment.id_suffix),
        order.customer_id,
        order.order_id,
        facts.carrier,
        facts.tracking_number,
        entry.milestone,
        shipment.status,
        story.occurred_at,
        story.utc_offset_minutes,
        story.location,
        exception,
        reason,
        view.estimated_delivery_at,
        view.signed_by,
        _is_superseded(shipment, news.place, entry),
        origin_at(facts, news.place, entry).hex(),
        entry.piece or None,
    )


def _milestone(shipment: Shipment, news: News, order: OrderLink, fact: Fact) -> DeliveryMilestone:
    facts, entry, story = shipment.facts, news.entry, news.story
    which = (str(news.number),) if fact.repeats else (entry.piece,) if entry.piece else ()
    return DeliveryMilestone(
        digest(
            "milestone", order.delivery_id, facts.carrier, facts.tracking_number, fact.name, *which,
            *shipment.id_suffix,
        ),
        order.delivery_id,
        order.order_id,
        order.customer_id,
        facts.carrier,
        facts.tracking_number,
        fact.milestone,
        story.occurred_at,
        entry.exception,
        entry.reason,
        story.proof_of_delivery,
        origin_at(facts, news.place, entry).hex(),
        entry.piece or None,
        claim_revision=revision_of(facts.claims, order.delivery_id), life=shipment.view.generation,
    )
