"""Told: what customers, the ERP and the alerts stage are to know of a shipment, each item under a key of its own.

A function of the shipment alone; ``diff.py`` turns the difference between two of its values into messages. A message's
id is made of its item's key, so that the same item sent again (after a crash, by a replay) carries the same id. What
may happen several times is numbered (``occurrences/numbering.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from msgspec import Struct

from streams.contracts.model import AlertSignal, OrderLink
from streams.kernel.vocabulary import AlertKind, ExceptionType, Milestone, Reason, Severity
from streams.shipments.alert_signals import raised, signal
from streams.shipments.audiences import NUMBERED_FACTS, ONE_TIME_FACTS, Fact
from streams.shipments.claims.standing import first_claimed_at
from streams.shipments.deliveries import waits_for_pieces
from streams.shipments.facts import Entry, decode_entry, origin_at
from streams.shipments.linked.propagation import is_mute
from streams.shipments.meanings import meant_entries
from streams.shipments.occurrences.numbering import Inserted, kind_of, places_by, tellers
from streams.shipments.record import OpenException, Shipment
from streams.shipments.timers.punctuality import risk, risk_signal

ORDERED_LATE_MS = 48 * 3_600_000
"""How long after its delivery an order may be entered and still be the order of it, where nothing else is set
(``Keeping.ordered_late``); None: however long."""
_OF_A_DELIVERY = frozenset({Milestone.DELIVERED, Milestone.POD_RECEIVED})
_CRITICAL = frozenset({ExceptionType.DAMAGE, ExceptionType.LOSS})
Key = tuple[str, ...]
"""Order (or delivery), what is told, and which shipment under the number where it is not the first."""


class News(Struct, frozen=True, gc=False):
    """Holds one thing the event at ``place`` tells: customers an occurrence of a ``kind``, or the ERP a ``fact``.

    ``number``: which occurrence, 0 for a fact that is true once. ``reporters``: ids of all events of the kind, or that
    report the fact; which of them a message names depends on which came first.
    """

    place: int
    entry: Entry
    number: int
    kind: str = ""
    fact: Fact | None = None
    reporters: frozenset[bytes] = frozenset()


class Item(Struct, frozen=True, gc=False):
    """News of a shipment for one order."""

    shipment: Shipment
    order: OrderLink
    news: News

    @property
    def event_id(self) -> bytes:
        """The event that tells it."""
        return origin_at(self.shipment.facts, self.news.place, self.news.entry)


Items = dict[Key, Item]


class Told(NamedTuple):
    """Holds what stands told: customer updates and delivery milestones of every shipment under the number, and the
    alerts, by their ids, of the one that goes on."""

    updates: Items
    milestones: Items
    alerts: dict[str, AlertSignal]


def told(
    shipments: Sequence[Shipment], like: Entry | None = None, ordered_late: int | None = ORDERED_LATE_MS
) -> Told:
    """Returns what stands told of the shipments under a number, the one that goes on last. With an event, of updates
    and milestones only those of its kind of news and of the facts it reports."""
    updates, milestones = Items(), Items()
    for shipment in shipments:
        if shipment.view.standing and shipment.facts.history:
            of_it = items_of(shipment, news_of(shipment, like), ordered_late)
            updates |= of_it[0]
            milestones |= of_it[1]
    return Told(updates, milestones, alerts_of(shipments[-1], ordered_late))


def news_of(shipment: Shipment, like: Entry | None = None) -> list[News]:
    """Returns the news of the events, in event-time order; with an event, only news of its kind or of the facts it
    reports. A fact is told by the event of it received first."""
    facts, wanted = shipment.facts, None if like is None else _reported(like)
    if wanted is not None and not wanted:
        return []
    entries, news = meant_entries(facts, shipment.view), list[News]()
    for (name, _), places in places_by(facts, shipment.view, entries, _reported, wanted).items():
        reporters = frozenset([origin_at(facts, place, entries[place]) for place in places])
        if isinstance(name, Fact):
            news.append(News(places[0], entries[places[0]], 0, "", name, reporters))
            continue
        for number, place in enumerate(tellers(shipment.view.sources, entries, places), 1):
            news += _occurrence(place, entries[place], number, name, reporters)
    return sorted(news, key=lambda one: (one.place, 0 if one.fact is None else one.fact.bit))


def news_since(shipment: Shipment, inserted: Inserted, entry: Entry, known: int) -> list[News]:
    """Returns the news of a plain event, ``entry``, that was not told before; ``known``: the facts known of its piece
    before it (bits)."""
    place, teller, news = inserted.place, inserted.teller, []
    if inserted.number:
        other = entry if teller == place else decode_entry(shipment.facts.history[teller])
        news = _occurrence(teller, other, inserted.number, kind_of(other) or "")
    return news + [News(place, entry, 0, "", fact) for fact in _facts(entry) if not fact.bit & known]


def _occurrence(
    place: int, entry: Entry, number: int, kind: str, reporters: frozenset[bytes] = frozenset()
) -> list[News]:
    """An occurrence of a kind, and the fact that each occurrence of it is."""
    news = [News(place, entry, number, kind, None, reporters)]
    if (fact := NUMBERED_FACTS.get(kind)) is not None:
        news.append(News(place, entry, number, kind, fact, reporters))
    return news


def _reported(entry: Entry) -> list[tuple[str | Fact, str]]:
    """Returns what an event reports: its kind of news, and facts, each with its piece."""
    kind = kind_of(entry)
    facts: list[tuple[str | Fact, str]] = [(fact, entry.piece) for fact in _facts(entry)]
    return facts if kind is None else [(kind, ""), *facts]


def _facts(entry: Entry) -> Sequence[Fact]:
    """The facts an event reports that are true once."""
    if entry.story is None or entry.retracts or not entry.actual:
        return ()
    return ONE_TIME_FACTS.get((entry.milestone, entry.exception), ())


def items_of(
    shipment: Shipment, news: Sequence[News], ordered_late: int | None = ORDERED_LATE_MS
) -> tuple[Items, Items]:
    """One update per order and occurrence that customers hear of, and one milestone per delivery and fact."""
    orders, suffix = shipment.orders, shipment.id_suffix
    news = [one for one in news if not waits_for_pieces(shipment.view, one.entry)]
    since = written_after(shipment, ordered_late) if any(one.entry.milestone in _OF_A_DELIVERY for one in news) else {}
    updates: Items = {
        (order.order_id, f"{one.kind}:{one.number}", *suffix): Item(shipment, order, one)
        for order in _one_each(orders, "order_id") for one in news
        if one.fact is None and not _predates(one.entry, since.get(order))
    }
    milestones: Items = {
        (order.delivery_id, one.fact.name, *_which(one), *suffix): Item(shipment, order, one)
        for order in _one_each(orders, "delivery_id") for one in news
        if one.fact is not None and not _predates(one.entry, since.get(order))
    }
    return updates, milestones


def written_after(shipment: Shipment, ordered_late: int | None) -> dict[OrderLink, int]:
    """For each standing claim the time before which a delivery is not of its order, UTC ms; empty once a person
    confirmed the delivery."""
    if shipment.view.confirmed or ordered_late is None:
        return {}
    claims = shipment.facts.claims
    first = first_claimed_at(claims)
    return {
        claims[place].link: first.get(claims[place].claim, claims[place].at) - ordered_late
        for place in shipment.view.standing
    }


def _predates(entry: Entry, earliest: int | None) -> bool:
    """Whether a delivery lies so long before the order that it is of a shipment that had the number before."""
    return earliest is not None and entry.milestone in _OF_A_DELIVERY and entry.at < earliest


def _which(fact: News) -> tuple[str, ...]:
    if fact.number:
        return (str(fact.number),)
    return (fact.entry.piece,) if fact.entry.piece else ()


def alerts_of(shipment: Shipment, ordered_late: int | None = ORDERED_LATE_MS) -> dict[str, AlertSignal]:
    """The alerts that are open by what is known of the shipment; none where its parent raises them."""
    view, found = shipment.view, risk(shipment)
    may_be = view.doubtful or (view.delivered_at is not None and view.standing)
    doubts = doubts_of(shipment, ordered_late) if may_be else []
    if (found is None and not view.open and not doubts) or (shipment.facts.parents and is_mute(shipment)):
        return {}
    alerts = [
        raised(_signal(shipment, one), f"{in_words(one.type)} ({one.reason.value.replace('_', ' ')})", one.reason_at)
        for one in view.open
    ]
    alerts += doubts
    if found is not None:
        alerts.append(risk_signal(shipment, found))
    return {one.alert_id: one for one in alerts}


def doubts_of(shipment: Shipment, ordered_late: int | None = ORDERED_LATE_MS) -> list[AlertSignal]:
    """The delivery that is held back from customers and the ERP until a person or a proof says so, as an alert."""
    view, cause, since = shipment.view, "", 0
    if view.doubtful:
        cause, since = "a delivery is reported that its code or another source makes doubtful", view.doubtful[0]
    elif view.delivered_at is not None:
        late = sorted(
            (at, order.order_id) for order, at in written_after(shipment, ordered_late).items()
            if view.delivered_at < at
        )
        if late:
            at, order_id = late[0]
            cause, since = f"it was delivered before order {order_id} was written", at + (ordered_late or 0)
    if not cause:
        return []
    doubt = signal(
        shipment, AlertKind.DELIVERY_DOUBTFUL, ExceptionType.NONE, Reason.NORMAL, Severity.WARNING, since,
    )
    return [raised(doubt, f"{cause}; nothing is posted until a person confirms it", since)]


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
