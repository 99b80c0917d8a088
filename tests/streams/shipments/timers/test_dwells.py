"""How long a shipment stood in each status, and on which lane, as its history tells in the end."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.model import CarrierEvent, Location
from streams.kernel.vocabulary import TERMINAL, Correction, Milestone, Status
from streams.shipments.facts import Facts
from streams.shipments.record import Shipment, View, decode
from streams.shipments.timers.dwells import DWELT, dwells, lane_of
from tests.support.laws import tell
from tests.support.reference_inputs import mistaken
from tests.support.strategies import (
    DAY_ONE,
    MINUTE,
    batchings,
    carrier_event,
    histories,
    received,
    retellings,
)

US, DE = Location(city="Memphis", country="US"), Location(city="Köln", country="DE")


def shipment(*said: CarrierEvent) -> Shipment:
    return decode(tell([list(map(received, said))]).records["north:N100"])


ABROAD = (
    carrier_event(Milestone.PICKED_UP, 10, location=US),
    carrier_event(Milestone.IN_TRANSIT, 40, location=US),
    carrier_event(Milestone.CUSTOMS_RELEASED, 400, location=DE),
    carrier_event(Milestone.OUT_FOR_DELIVERY, 500, location=DE),
    carrier_event(Milestone.DELIVERED, 560, location=DE),
)


def test_every_status_it_left_is_told_with_its_time_and_what_was_known_of_its_lane() -> None:
    told = [(one.status, one.dwelt_ms // MINUTE, one.lane, one.left_at) for one in dwells(shipment(*ABROAD))]
    assert told == [
        (Status.PICKED_UP, 30, "US>US", DAY_ONE + 40 * MINUTE),
        (Status.IN_TRANSIT, 460, "US>DE", DAY_ONE + 500 * MINUTE),
        (Status.OUT_FOR_DELIVERY, 60, "US>DE", DAY_ONE + 560 * MINUTE),
    ]


def test_the_lane_of_a_shipment_under_way_is_that_its_dwell_will_be_told_under() -> None:
    assert lane_of(shipment(*ABROAD[:2])) == "US>US"
    assert lane_of(shipment(*ABROAD[:3])) == "US>DE"
    assert lane_of(shipment(carrier_event(Milestone.IN_TRANSIT, 1, location=None))) == ""
    assert lane_of(Shipment(Facts("north", "N1"), View())) == ""


def test_a_status_it_stands_in_still_or_ended_in_is_no_dwell() -> None:
    assert [one.status for one in dwells(shipment(*ABROAD[:2]))] == [Status.PICKED_UP]
    assert dwells(shipment(ABROAD[-1])) == []
    assert DWELT.isdisjoint(TERMINAL)


def test_an_event_that_was_taken_back_ends_no_dwell_and_names_no_country() -> None:
    wrong = carrier_event(Milestone.OUT_FOR_DELIVERY, 100, location=DE)
    back = carrier_event(
        Milestone.OUT_FOR_DELIVERY, 101, correction=Correction.RETRACTS, corrects=wrong.event_id, location=DE
    )
    found = dwells(shipment(*ABROAD[:2], wrong, back, carrier_event(Milestone.DELIVERED, 560, location=US)))
    assert [(one.status, one.lane) for one in found] == [
        (Status.PICKED_UP, "US>US"), (Status.IN_TRANSIT, "US>US"),
    ]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_dwells_are_the_same_by_id_and_contents_however_the_history_came_in(data: st.DataObject) -> None:
    history = data.draw(histories())
    plain, again = tell([history]), tell(data.draw(batchings(data.draw(retellings(history)))))
    for key, record in plain.records.items():
        told = dwells(decode(record))
        assert told == dwells(decode(again.records[key]))
        assert all(one.dwelt_ms >= 0 and one.status in DWELT for one in told)
        assert len({one.dwell_id for one in told}) == len({(one.status, one.left_at - one.dwelt_ms) for one in told})


def test_what_was_found_not_to_be_its_own_is_no_part_of_a_stay() -> None:
    wrong = mistaken(carrier_event(Milestone.PICKED_UP, 20, location=DE, piece="2"))
    ended = carrier_event(Milestone.DELIVERED, 560, location=DE, piece="1")
    assert dwells(shipment(*ABROAD[:-1], ended, *wrong)) == dwells(shipment(*ABROAD))
