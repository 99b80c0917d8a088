"""Who must hear of what about a shipment: customer updates, delivery milestones, exception alerts.

Every output's id is made of the fact alone, so the same fact told again (after a crash, by a replay)
carries the same id. What may happen several times is numbered: the n-th occurrence, whichever source tells of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import AlertSignal, CustomerUpdate, DeliveryMilestone, OrderLink
from streams.kernel.vocabulary import STATUS_OF, AlertKind, Correction, ExceptionType, Severity
from streams.shipments.claims.standing import revision_of
from streams.shipments.facts import FACTS, Fact, public_trouble
from streams.shipments.notifications.alert_signals import raised, resolved, signal
from streams.shipments.notifications.numbering import kind_of, news
from streams.shipments.record import Entry, OpenException, Shipment, Story, place_of
from streams.shipments.status_machine import id_at, is_voided, origin_at

_Output = TypeVar("_Output", CustomerUpdate, DeliveryMilestone)
_CRITICAL = frozenset({ExceptionType.DAMAGE, ExceptionType.LOSS})


def updates_of(shipment: Shipment, place: int, entry: Entry, number: int) -> list[CustomerUpdate]:
    """One update per order for the event at ``place``, the first word of the ``number``-th occurrence of its kind;
    none where customers need not hear of it (number 0)."""
    story, kind = entry.story, kind_of(entry)
    if story is None or kind is None or not number:
        return []
    return [
        _update(shipment, place, entry, story, order, f"{kind}:{number}")
        for order in _one_each(shipment.orders, "order_id")
    ]


def milestones_of(
    shipment: Shipment, place: int, entry: Entry, known: int, number: int
) -> list[DeliveryMilestone]:
    """One milestone per delivery and fact the event at ``place`` reports.

    ``known``: the facts' bits reported by other events of its piece; those are not told again. Attempts are, the
    ``number``-th by the event that made it known (else 0).
    """
    story = entry.story
    facts = _new_facts(entry, known, number)
    if not facts or story is None:
        return []
    return [
        _milestone(shipment, place, entry, story, order, fact, number)
        for order in _one_each(shipment.orders, "delivery_id")
        for fact in facts
    ]


def updates_held_for(
    shipment: Shipment, order: OrderLink, kinds: Collection[str] | None = None
) -> Iterator[CustomerUpdate]:
    """The shipment's whole story for an order just become known, or what is of these kinds, in event-time order."""
    for place, entry, number in news(shipment):
        kind = kind_of(entry)
        if entry.story is not None and number and (kinds is None or kind in kinds):
            yield _update(shipment, place, entry, entry.story, order, f"{kind}:{number}")


def milestones_held_for(
    shipment: Shipment, order: OrderLink, names: Collection[str] | None = None
) -> Iterator[DeliveryMilestone]:
    """Every fact about a delivery just become known, or of these names, each once, in event-time order."""
    known: dict[str, int] = {}
    for place, entry, number in news(shipment):
        if entry.story is None:
            continue
        for fact in _new_facts(entry, known.get(entry.piece, 0), number):
            known[entry.piece] = known.get(entry.piece, 0) | fact.bit
            if names is None or fact.name in names:
                yield _milestone(shipment, place, entry, entry.story, order, fact, number)


def differences(
    was: Shipment, now: Shipment, because_of: str
) -> tuple[list[CustomerUpdate], list[DeliveryMilestone]]:
    """What orders are told where events they were told of, as the shipment ``was``, are its own no more as it is
    ``now``, or others are again, or orders claim it that did not, or no more: of news and facts such as theirs what
    holds no more, and what stands, each under its own id. ``because_of``: the word that made it so."""
    before, after = _told_of(was), _told_of(now)
    gone = [told for key, told in before.items() if key not in after]
    come = [(key, *told) for key, told in after.items() if key not in before]
    corrected = dict.fromkeys(origin for origin, _ in gone)
    again = {origin for key, origin, _ in come if place_of(was.seen, key) >= 0}
    changed = [*(entry for _, entry in gone), *(entry for _, _, entry in come)]
    kinds = {kind for entry in changed if (kind := kind_of(entry)) is not None}
    names = {
        fact.name for entry in changed if entry.actual
        for fact in FACTS.get((entry.milestone, entry.exception), ())
    }
    updates: list[CustomerUpdate] = []
    milestones: list[DeliveryMilestone] = []
    for order, had, has in _by_name(was, now, "order_id"):
        of = kinds if had and has else None
        told = {one.update_id: one for one in updates_held_for(was, order, of)} if had else {}
        stands = {one.update_id: one for one in updates_held_for(now, order, of)} if has else {}
        lost = [one for key, one in told.items() if key not in stands]
        lost = [replace(one, status=now.standing) for one in lost] if has else lost
        updates += _corrected(lost, told, stands, corrected, again)
    for order, had, has in _by_name(was, now, "delivery_id"):
        of = names if had and has else None
        facts = {one.milestone_id: one for one in milestones_held_for(was, order, of)} if had else {}
        stand = {one.milestone_id: one for one in milestones_held_for(now, order, of)} if has else {}
        milestones += _corrected(
            [one for key, one in facts.items() if key not in stand], facts, stand, corrected, again
        )
    return updates, because(milestones, because_of)


def _by_name(was: Shipment, now: Shipment, name: str) -> Iterator[tuple[OrderLink, bool, bool]]:
    """Each order (or delivery), and whether it claimed the shipment as it ``was`` and as it is ``now``."""
    had, has = ({getattr(order, name) for order in one.orders} for one in (was, now))
    for order in _one_each([*now.orders, *was.orders], name):
        yield order, getattr(order, name) in had, getattr(order, name) in has


def _told_of(shipment: Shipment) -> dict[bytes, tuple[str, Entry]]:
    """The events somebody is told of, by id, with the one each was told under: an event seen in two ways is two."""
    return {
        id_at(shipment, place): (origin_at(shipment, place, entry).hex(), entry)
        for place, entry, _ in news(shipment)
        if entry.story is not None and not entry.retracts
    }


def between_lives(
    before: Sequence[Shipment], after: Sequence[Shipment], because_of: str
) -> tuple[list[CustomerUpdate], list[DeliveryMilestone]]:
    """What orders are told where a number turns out to have been borne by other shipments than it seemed ``before``:
    of each that was, or is, what holds no more, and what stands. ``because_of``: the word that made it so."""
    was, now = ({one.life: one for one in lives} for lives in (before, after))
    updates: list[CustomerUpdate] = []
    milestones: list[DeliveryMilestone] = []
    for life in sorted({*was, *now}):
        none = Shipment(after[-1].carrier, after[-1].tracking_number)
        more_updates, more_milestones = differences(was.get(life, none), now.get(life, none), because_of)
        updates += more_updates
        milestones += more_milestones
    return updates, milestones


def because(told: list[DeliveryMilestone], word: str | None) -> list[DeliveryMilestone]:
    """What is told, because of this word; without one as it is."""
    return told if word is None else [replace(one, because_of=word) for one in told]


def withdrawn(told: Iterable[_Output]) -> list[_Output]:
    """What was told an order, which claims the shipment no more, as no longer true of it."""
    return [replace(one, correction=Correction.RETRACTS) for one in told]


def _corrected(
    lost: Iterable[_Output], told: Mapping[str, _Output], stands: Mapping[str, _Output], gone: Collection[str],
    again: Collection[str],
) -> list[_Output]:
    """What is lost as retracted; of what stands, what was told before, or is told by an event let in ``again``, in its
    place, the rest as new. ``gone``: the events taken back, by the ids they were told under; what is lost names its own
    where that is among them, else the first."""
    first = next(iter(gone), None)
    retracted = [
        replace(
            one, correction=Correction.RETRACTS,
            corrects=one.event_id if first is None or one.event_id in gone else first,
        )
        for one in lost
    ]
    return retracted + [
        replace(one, correction=Correction.REPLACES, corrects=first)
        if key in told or one.event_id in again else one
        for key, one in stands.items()
    ]


def alerts_between(
    shipment: Shipment, before: list[OpenException], after: list[OpenException]
) -> list[AlertSignal]:
    """Alerts raised, renewed (another reason) and resolved since ``before`` was the open set, and not ``after``."""
    now = {one.type: one for one in after}
    then = {one.type: one for one in before}
    alerts = [
        resolved(
            _signal(shipment, one), f"{_words(one)} put right", max(shipment.last_event_at or 0, one.since)
        )
        for one in before
        if one.type not in now
    ]
    alerts += [
        raised(_signal(shipment, one), f"{_words(one)} ({one.reason.value.replace('_', ' ')})", one.reason_at)
        for one in after
        if then.get(one.type) != one
    ]
    return alerts


def _one_each(orders: list[OrderLink], name: str) -> Collection[OrderLink]:
    """The first link of each order (or delivery): one of several deliveries, or claimed by several orders."""
    if len(orders) < 2:
        return orders
    first: dict[str, OrderLink] = {}
    for order in orders:
        first.setdefault(getattr(order, name), order)
    return first.values()


def _new_facts(entry: Entry, known: int, number: int) -> tuple[Fact, ...]:
    if not entry.actual or entry.retracts:
        return ()
    facts = FACTS.get((entry.milestone, entry.exception))
    if facts is None:
        return ()
    if len(facts) == 1 and not facts[0].repeats and not facts[0].bit & known:
        return facts
    return tuple(fact for fact in facts if (number if fact.repeats else not fact.bit & known))


def _is_history(shipment: Shipment, place: int, entry: Entry) -> bool:
    """True where the shipment has moved on: a later event leads, or this one was not let to."""
    if place < shipment.leader or is_voided(shipment, place, entry):
        return True
    return place > shipment.leader and entry.actual and STATUS_OF[entry.milestone] is not None


def _update(
    shipment: Shipment, place: int, entry: Entry, story: Story, order: OrderLink, news_id: str
) -> CustomerUpdate:
    exception, reason = public_trouble(entry.exception, entry.reason)
    return CustomerUpdate(
        digest("customer", order.order_id, shipment.carrier, shipment.tracking_number, news_id, *shipment.salt),
        order.customer_id,
        order.order_id,
        shipment.carrier,
        shipment.tracking_number,
        entry.milestone,
        shipment.standing,
        story.occurred_at,
        story.utc_offset_minutes,
        story.location,
        exception,
        reason,
        shipment.estimated_delivery_at,
        shipment.signed_by,
        _is_history(shipment, place, entry),
        origin_at(shipment, place, entry).hex(),
        entry.piece or None,
    )


def _milestone(
    shipment: Shipment, place: int, entry: Entry, story: Story, order: OrderLink, fact: Fact, number: int
) -> DeliveryMilestone:
    which = (str(number),) if fact.repeats else (entry.piece,) if entry.piece else ()
    return DeliveryMilestone(
        digest(
            "milestone", order.delivery_id, shipment.carrier, shipment.tracking_number, fact.name, *which,
            *shipment.salt,
        ),
        order.delivery_id,
        order.order_id,
        order.customer_id,
        shipment.carrier,
        shipment.tracking_number,
        fact.milestone,
        story.occurred_at,
        entry.exception,
        entry.reason,
        story.proof_of_delivery,
        origin_at(shipment, place, entry).hex(),
        entry.piece or None,
        claim_revision=revision_of(shipment, order.delivery_id), life=shipment.life,
    )


def _signal(shipment: Shipment, one: OpenException) -> AlertSignal:
    severity = Severity.CRITICAL if one.type in _CRITICAL else Severity.WARNING
    return signal(
        shipment, AlertKind.SHIPMENT_EXCEPTION, one.type, one.reason, severity, one.since, one.type.value
    )


def _words(one: OpenException) -> str:
    return one.type.value.replace("_", " ")
