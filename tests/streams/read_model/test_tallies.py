"""The numbers of one shipment: each report once, nothing that was taken back, durations to a fifth exactly."""

from __future__ import annotations

import pytest
from msgspec import structs

from streams.contracts.model import CarrierEvent, EnrichedEvent, OrderLink
from streams.kernel.vocabulary import (
    Classifier,
    Correction,
    Flag,
    Milestone,
    PostingKind,
    Precision,
    Punctuality,
    Status,
)
from streams.read_model import rows
from streams.read_model.project import changes
from streams.read_model.rows import Put
from streams.read_model.tallies import (
    MILESTONES_EXPECTED,
    EventFacts,
    Measure,
    PostingFacts,
    ShipmentFacts,
    Tally,
    bucket_of,
    day_of,
    quantile,
    tallies,
)
from tests.support.read_model_world import ACME, HOUR, MINUTE, NOON, event

TODAY = day_of(NOON)
ON_TIME = ShipmentFacts(Status.DELIVERED, Punctuality.DELIVERED_ON_TIME, NOON, 0)
UNDER_WAY = ShipmentFacts(Status.IN_TRANSIT, Punctuality.ON_TIME, None, 0)


def facts(told: EnrichedEvent, told_at: int = NOON + MINUTE) -> EventFacts:
    [change] = changes("ups:1Z", told, told_at)
    assert isinstance(change, Put)
    assert isinstance(change.row, rows.Event)
    return EventFacts(*(getattr(change.row, name) for name in EventFacts._fields))


def changed(told: EnrichedEvent, **fields: object) -> EnrichedEvent:
    assert isinstance(told.event, CarrierEvent)
    return structs.replace(told, event=structs.replace(told.event, **fields))


def counted(
    shipment: ShipmentFacts, *events: EventFacts, postings: tuple[PostingFacts, ...] = (), touched: bool = False
) -> dict[Measure, int]:
    found: dict[Measure, int] = {}
    for tally, number in tallies(shipment, events, postings, touched).items():
        found[Measure(tally.measure)] = found.get(Measure(tally.measure), 0) + number
    return found


PICKED_UP, OUT, DELIVERED = (
    event("1Z", one, NOON - 3 * HOUR + place * HOUR)
    for place, one in enumerate((Milestone.PICKED_UP, Milestone.OUT_FOR_DELIVERY, Milestone.DELIVERED))
)


def test_a_delivery_counts_its_reports_its_promise_and_that_nobody_touched_it() -> None:
    found = counted(ON_TIME, *map(facts, (PICKED_UP, OUT, DELIVERED)))
    assert {one for one in MILESTONES_EXPECTED if one in found} == set(MILESTONES_EXPECTED) - {Measure.WITH_DEPARTURE}
    assert found[Measure.EVENTS] == found[Measure.RECEIVED_AFTER] == found[Measure.TOLD_AFTER] == 3
    assert found[Measure.DELIVERED] == found[Measure.ON_TIME] == found[Measure.UNTOUCHED] == 1
    assert Measure.LATE not in found


def test_under_way_only_reports_are_counted() -> None:
    found = counted(UNDER_WAY, facts(PICKED_UP))
    assert found == {Measure.EVENTS: 1, Measure.RECEIVED_AFTER: 1, Measure.TOLD_AFTER: 1}


def test_a_report_counts_on_the_day_it_was_received_in_utc() -> None:
    midnight = TODAY * 24 * HOUR
    late = facts(event("1Z", Milestone.PICKED_UP, midnight - 30_000))
    assert tallies(UNDER_WAY, [late], (), touched=False)[Tally(Measure.EVENTS, TODAY)] == 1


@pytest.mark.parametrize("fields", [
    {"classifier": Classifier.ESTIMATED}, {"precision": Precision.DATE_ONLY}, {"flags": [Flag.ZONE_UNKNOWN]},
])
def test_a_time_that_is_not_known_exactly_says_nothing_about_latency(fields: dict[str, object]) -> None:
    assert Measure.RECEIVED_AFTER not in counted(UNDER_WAY, facts(changed(PICKED_UP, **fields)))


def test_a_pickup_the_carrier_took_back_is_a_false_start_and_no_milestone() -> None:
    assert isinstance(PICKED_UP.event, CarrierEvent)
    back = event("1Z", Milestone.INFO, NOON, correction=Correction.RETRACTS, corrects=PICKED_UP.event.event_id)
    found = counted(ON_TIME, facts(PICKED_UP), facts(back), facts(DELIVERED))
    assert found[Measure.FALSE_START] == 1
    assert Measure.WITH_PICKUP not in found
    ours = counted(ON_TIME, facts(PICKED_UP), facts(changed(back, flags=[Flag.REMAPPED])), facts(DELIVERED))
    assert Measure.FALSE_START not in ours


def test_a_pickup_whose_time_was_corrected_is_no_false_start() -> None:
    assert isinstance(PICKED_UP.event, CarrierEvent)
    again = event(
        "1Z", Milestone.PICKED_UP, NOON - HOUR, correction=Correction.REPLACES, corrects=PICKED_UP.event.event_id
    )
    found = counted(ON_TIME, facts(PICKED_UP), facts(again))
    assert Measure.FALSE_START not in found
    assert found[Measure.WITH_PICKUP] == found[Measure.EVENTS] == 1


def test_an_event_replaced_under_its_own_id_stands_as_the_replacement() -> None:
    assert isinstance(PICKED_UP.event, CarrierEvent)
    own = PICKED_UP.event.event_id
    same = facts(changed(PICKED_UP, correction=Correction.REPLACES, corrects=own, milestone=Milestone.INFO))
    assert Measure.WITH_PICKUP not in counted(ON_TIME, facts(PICKED_UP), same)


@pytest.mark.parametrize(("more", "touched"), [
    ((), True), ((changed(OUT, flags=[Flag.RESOLVED_BY_PERSON]),), False),
])
def test_what_a_person_decided_is_not_untouched(more: tuple[EnrichedEvent, ...], touched: bool) -> None:
    assert Measure.UNTOUCHED not in counted(ON_TIME, *map(facts, (DELIVERED, *more)), touched=touched)


def test_an_archived_shipment_is_counted_by_its_events() -> None:
    stub = ShipmentFacts(Status.DELIVERED, Punctuality.ENDED, None, 1)
    promised = structs.replace(DELIVERED, orders=[OrderLink("SO-1", "DN-1", ACME, NOON - 2 * HOUR)])
    found = counted(stub, facts(PICKED_UP), facts(promised))
    assert found[Measure.DELIVERED] == found[Measure.LATE] == found[Measure.WITH_PICKUP] == 1
    assert Measure.DELIVERED not in counted(stub, facts(PICKED_UP))


def test_a_delivery_a_person_confirmed_is_counted() -> None:
    assert isinstance(DELIVERED.event, CarrierEvent)
    person = structs.replace(DELIVERED.event.source, feed="person", channel="person")
    assert counted(UNDER_WAY, facts(changed(DELIVERED, source=person)))[Measure.CONFIRMED] == 1


def test_only_postings_that_stand_count() -> None:
    posted = PostingFacts("p-1", PostingKind.DELIVERY_CONFIRMATION, NOON, NOON + MINUTE, "")
    others = (
        PostingFacts("p-2", PostingKind.GOODS_ISSUE, NOON, NOON, ""),
        posted._replace(posting_id="p-3"), posted._replace(posting_id="p-4", reverses="p-3"),
    )
    found = tallies(ON_TIME, [facts(DELIVERED)], [posted, *others], touched=False)
    assert found[Tally(Measure.POSTED_AFTER, TODAY, bucket_of(MINUTE))] == 1
    assert counted(ON_TIME, facts(DELIVERED), postings=(posted, *others))[Measure.POSTED_AFTER] == 1


def test_a_quantile_is_right_to_a_fifth() -> None:
    times = [second * 1_000 for second in range(1, 1_001)]
    buckets: dict[int, int] = {}
    for one in times:
        buckets[bucket_of(one)] = buckets.get(bucket_of(one), 0) + 1
    for share in (0.05, 0.5, 0.95):
        found = quantile(buckets, share)
        assert found is not None
        assert abs(found / (share * 1_000_000) - 1) < 0.2
    assert quantile({}, 0.5) is None
    assert bucket_of(-5) == bucket_of(0) == 0
    longest = quantile({bucket_of(400 * 24 * HOUR): 1}, 0.5)
    assert longest is not None
    assert longest > 30 * 24 * HOUR
