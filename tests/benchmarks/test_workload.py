"""The benchmark's workload is what RESULTS.md says it is."""

from benchmarks.workload import REPEATED_SHARE, SHIPMENT_EVENTS, make
from connectors.carriers import discover
from streams.intake.step import step
from tests.support.records import FakeRecord


def test_a_fifth_of_the_events_repeat_and_four_belong_to_a_shipment() -> None:
    load = make(2_000)
    assert len(load.bodies) == 2_000
    assert load.distinct == len(set(load.bodies)) == 2_000 - int(2_000 * REPEATED_SHARE)
    assert len(load.references) == 2_000 // SHIPMENT_EVENTS
    assert 380 <= sum(map(len, load.bodies)) / 2_000 <= 520


def test_every_body_becomes_one_known_canonical_event_of_an_ordered_shipment() -> None:
    load = make(400)
    adapters = {carrier.feed: carrier.adapter for carrier in discover()}
    later = 1_800_000_000_000
    records = [FakeRecord("raw.ups.v1", 0, n, later, value=body) for n, body in enumerate(load.bodies)]
    taken = step(records, adapters, later, 1_000_000)
    assert (len(taken.outputs.events), taken.refused) == (400, [])
    assert len({event.event_id for event in taken.outputs.events}) == load.distinct
    ordered = {reference.tracking_number for reference in load.references}
    assert {event.tracking_number for event in taken.outputs.events} <= ordered
    assert not any(event.flags for event in taken.outputs.events)
