"""Daily numbers about shipments, to compare carriers and to see how much runs without people.

The numbers of a shipment follow from what is known of it and from nothing else. Their sum over all shipments is kept;
where something about one changes, its former numbers are taken from the sum and its new ones added. So a repeat counts
once, what is retracted counts no more, and a read model made anew has the same sums. Times are UTC milliseconds, days
are those of UTC, counted from 1970-01-01.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from streams.kernel.vocabulary import STATUS_OF, Correction, Milestone, PostingKind, Punctuality, Status

DAY_MS = 86_400_000
EDGES_MS = tuple(round(1_000 * 2 ** (step / 2)) for step in range(44))
"""Upper edges of the buckets that durations are counted in: from a second, each √2 times the one before, to 34 days.
The last bucket holds what is longer."""


class Origin(StrEnum):
    """The origin of an event: a carrier, a person, or a decision of ShipSync to read an earlier one differently."""

    CARRIER = "carrier"
    PERSON = "person"
    SHIPSYNC = "shipsync"


class Measure(StrEnum):
    """The things that are counted. ``received_after``: from an event to its receipt; ``told_after``: from the receipt
    to the history; ``posted_after``: from a delivery to its posting; these three are durations, in buckets.
    ``confirmed``: events that a person entered, as the confirmation of a doubtful delivery.

    By the day of their receipt: events, ``unmapped``, ``false_start``, ``confirmed`` and the first two durations; by
    the day of the posting: ``posted_after``; by the day of delivery: all others.
    """

    EVENTS = "events"
    UNMAPPED = "unmapped"
    FALSE_START = "false_start"
    CONFIRMED = "confirmed"
    RECEIVED_AFTER = "received_after"
    TOLD_AFTER = "told_after"
    DELIVERED = "delivered"
    ON_TIME = "on_time"
    LATE = "late"
    UNTOUCHED = "untouched"
    WITH_PICKUP = "with_pickup"
    WITH_DEPARTURE = "with_departure"
    WITH_OUT_FOR_DELIVERY = "with_out_for_delivery"
    WITH_DELIVERY = "with_delivery"
    WITH_PROOF = "with_proof"
    POSTED_AFTER = "posted_after"


MILESTONES_EXPECTED = (
    Measure.WITH_PICKUP, Measure.WITH_DEPARTURE, Measure.WITH_OUT_FOR_DELIVERY, Measure.WITH_DELIVERY,
    Measure.WITH_PROOF,
)
"""The reports due of every delivered shipment."""
_STATUSES: Mapping[Status, Measure] = {
    Status.PICKED_UP: Measure.WITH_PICKUP, Status.IN_TRANSIT: Measure.WITH_DEPARTURE,
    Status.OUT_FOR_DELIVERY: Measure.WITH_OUT_FOR_DELIVERY,
    Status.AVAILABLE_FOR_PICKUP: Measure.WITH_OUT_FOR_DELIVERY, Status.DELIVERED: Measure.WITH_DELIVERY,
}
_STARTS = frozenset({
    Milestone.PICKED_UP, Milestone.DEPARTED_PICKUP, Milestone.OUT_FOR_DELIVERY, Milestone.DELIVERED,
})
"""Milestones that customers or the ERP act on at once: one that is taken back is a false start."""


class Tally(NamedTuple):
    """One of what is counted. ``bucket``: index of the first of :data:`EDGES_MS` that a duration does not exceed; 0 for
    what is no duration."""

    measure: str
    day: int
    bucket: int = 0


class ShipmentFacts(NamedTuple):
    """The state of a shipment, as far as it is counted."""

    status: str
    punctuality: str
    delivered_at: int | None
    archived: int

    @property
    def is_delivered(self) -> bool:
        """Whether it counts among the deliveries."""
        return self.status == Status.DELIVERED


class EventFacts(NamedTuple):
    """An event of a shipment, as far as it is counted: the columns of the same names of ``rows.Event``."""

    event_id: str
    correction: str
    feed: str
    milestone: str
    occurred_at: int
    received_at: int
    told_at: int
    corrects: str
    origin: str
    exact: int
    unmapped: int
    proof: int
    promised_at: int | None


class PostingFacts(NamedTuple):
    """A posting about a shipment, as far as it is counted."""

    posting_id: str
    kind: str
    occurred_at: int
    told_at: int
    reverses: str


def bucket_of(duration_ms: int) -> int:
    """The bucket of a duration; of a negative one, the first."""
    return bisect_left(EDGES_MS, duration_ms)


def quantile(buckets: Mapping[int, int], share: float) -> int | None:
    """The duration in ms that this share of all do not exceed, to a fifth exactly; None where there is none."""
    left = share * sum(buckets.values())
    if not left:
        return None
    for bucket, number in sorted(buckets.items()):
        if left <= number:
            upper = EDGES_MS[min(bucket, len(EDGES_MS) - 1)]
            lower = EDGES_MS[bucket - 1] if bucket else 0
            return round(lower + (upper - lower) * left / number) if bucket < len(EDGES_MS) else upper
        left -= number
    return EDGES_MS[-1]


def day_of(at: int) -> int:
    """The day of a time, UTC."""
    return at // DAY_MS


def tallies(
    shipment: ShipmentFacts, events: Sequence[EventFacts], postings: Iterable[PostingFacts], touched: bool
) -> Counter[Tally]:
    """The numbers of one shipment: those of each event, and those of the whole. ``touched``: a person did something
    about it that no event shows."""
    found = of_whole(shipment, events, postings, touched=touched)
    for one in events:
        found.update(of_event(one))
    return found


def is_plain(shipment: ShipmentFacts, events: Iterable[EventFacts]) -> bool:
    """Whether the whole has no numbers: it is not delivered, and nothing was corrected."""
    return not shipment.is_delivered and not any(one.corrects for one in events)


def of_whole(
    shipment: ShipmentFacts, events: Sequence[EventFacts], postings: Iterable[PostingFacts], touched: bool
) -> Counter[Tally]:
    """The numbers of one shipment that no event has by itself. ``touched`` as of :func:`tallies`."""
    found: Counter[Tally] = Counter()
    standing = _standing(events)
    found.update(Tally(Measure.FALSE_START, day_of(one.received_at)) for one in _false_starts(events))
    delivered_at = _delivered_at(shipment, standing)
    if delivered_at is None:
        return found
    day = day_of(delivered_at)
    found[Tally(Measure.DELIVERED, day)] += 1
    if (kept := _kept_promise(shipment, delivered_at, standing)) is not None:
        found[Tally(Measure.ON_TIME if kept else Measure.LATE, day)] += 1
    if not touched and all(one.origin != Origin.PERSON for one in events):
        found[Tally(Measure.UNTOUCHED, day)] += 1
    found.update(Tally(one, day) for one in _reported(standing))
    found.update(_of_postings(postings))
    return found


def of_event(event: EventFacts) -> list[Tally]:
    """The numbers that an event has whatever else is known of the shipment."""
    if event.correction != Correction.NEW:
        return []
    day = day_of(event.received_at)
    found = [Tally(Measure.EVENTS, day)]
    if event.unmapped:
        found.append(Tally(Measure.UNMAPPED, day))
    if event.feed == Origin.PERSON:
        found.append(Tally(Measure.CONFIRMED, day))
    if event.origin == Origin.CARRIER:
        if event.exact:
            found.append(Tally(Measure.RECEIVED_AFTER, day, bucket_of(event.received_at - event.occurred_at)))
        found.append(Tally(Measure.TOLD_AFTER, day, bucket_of(event.told_at - event.received_at)))
    return found


def _standing(events: Sequence[EventFacts]) -> list[EventFacts]:
    """The events that no other retracted or replaced."""
    corrected = {one.corrects for one in events if one.corrects and one.corrects != one.event_id}
    renewed = {one.event_id for one in events if one.corrects == one.event_id}
    return [
        one for one in events if one.correction != Correction.RETRACTS and one.event_id not in corrected
        and not (one.correction == Correction.NEW and one.event_id in renewed)
    ]


def _false_starts(events: Sequence[EventFacts]) -> list[EventFacts]:
    """Pickups, departures and deliveries that the carrier reported and then took back, or made something else of."""
    back: dict[str, set[str]] = {}
    for one in events:
        if one.corrects and one.origin == Origin.CARRIER:
            now = "" if one.correction == Correction.RETRACTS else one.milestone
            back.setdefault(one.corrects, set()).add(now)
    return [
        one for one in events if one.correction == Correction.NEW and one.milestone in _STARTS
        and back.get(one.event_id, set()) - {one.milestone}
    ]


def _delivered_at(shipment: ShipmentFacts, standing: Iterable[EventFacts]) -> int | None:
    """When it was delivered. The state of an archived shipment does not say; its events do."""
    if not shipment.is_delivered:
        return None
    if not shipment.archived:
        return shipment.delivered_at
    return max((one.occurred_at for one in standing if one.milestone == Milestone.DELIVERED), default=None)


def _kept_promise(shipment: ShipmentFacts, delivered_at: int, standing: Iterable[EventFacts]) -> bool | None:
    """Whether the promise was kept; None where there was none."""
    if not shipment.archived:
        return {Punctuality.DELIVERED_ON_TIME: True, Punctuality.DELIVERED_LATE: False}.get(
            Punctuality(shipment.punctuality)
        )
    promises = [(one.told_at, one.promised_at) for one in standing if one.promised_at is not None]
    return delivered_at <= max(promises)[1] if promises else None


def _reported(standing: Iterable[EventFacts]) -> set[Measure]:
    found = set()
    for one in standing:
        status = STATUS_OF[Milestone(one.milestone)]
        if status is not None and status in _STATUSES:
            found.add(_STATUSES[status])
        if one.proof:
            found.add(Measure.WITH_PROOF)
    return found


def _of_postings(postings: Iterable[PostingFacts]) -> list[Tally]:
    known = list(postings)
    reversed_ids = {one.reverses for one in known if one.reverses}
    return [
        Tally(Measure.POSTED_AFTER, day_of(one.told_at), bucket_of(one.told_at - one.occurred_at)) for one in known
        if one.kind == PostingKind.DELIVERY_CONFIRMATION and not one.reverses and one.posting_id not in reversed_ids
    ]
