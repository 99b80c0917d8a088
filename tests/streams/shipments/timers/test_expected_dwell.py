"""The norm a shipment is measured by, from its lane to all carriers, and how it is said."""

from __future__ import annotations

import pytest

from streams.contracts.dwell_keys import ANY, key_of
from streams.contracts.model import Location
from streams.kernel.vocabulary import Milestone, Status
from streams.shipments.record import Shipment, decode
from streams.shipments.timers.expected_dwell import HOUR_MS, Usual, hours, usual_of
from tests.support.laws import tell
from tests.support.strategies import carrier_event, received


def shipment(milestone: Milestone) -> Shipment:
    events = [
        carrier_event(Milestone.PICKED_UP, 1, location=Location(country="US")),
        carrier_event(Milestone.CUSTOMS_RELEASED, 2, location=Location(country="DE")),
        carrier_event(milestone, 3, location=Location(country="DE")),
    ]
    return decode(tell([list(map(received, events))]).records["north:N100"])


def norm(carrier: str, lane: str, observations: int = 60) -> Usual:
    return Usual(carrier, lane, Status.IN_TRANSIT, observations, 30 * HOUR_MS, 60 * HOUR_MS)


LANE, CARRIER, ALL = norm("north", "US>DE"), norm("north", ANY), norm(ANY, ANY)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([LANE, CARRIER, ALL], LANE), ([norm("north", "US>DE", 49), CARRIER, ALL], CARRIER), ([ALL], ALL),
        ([norm("north", "SE>SE")], None), ([], None),
    ],
)
def test_the_nearest_norm_that_rests_on_enough_counts(known: list[Usual], expected: Usual | None) -> None:
    table = {key_of(one.carrier, one.lane, one.status): one for one in known}
    assert usual_of(shipment(Milestone.IN_TRANSIT), table, 50) == expected


def test_nothing_is_usual_for_a_shipment_that_has_ended() -> None:
    table = {key_of(ANY, ANY, Status.DELIVERED): norm(ANY, ANY)}
    assert usual_of(shipment(Milestone.DELIVERED), table, 1) is None


def test_a_norm_says_whose_it_is() -> None:
    assert LANE.words == "95 of 100 on US>DE take at most 60 h"
    assert CARRIER.words == "95 of 100 of north take at most 60 h"
    assert ALL.words == "95 of 100 of all carriers take at most 60 h"
    assert norm("north", "").words == "95 of 100 of unknown lane take at most 60 h"


@pytest.mark.parametrize(("span", "said"), [(0, "0 min"), (90 * 60_000, "90 min"), (2 * HOUR_MS + 1, "3 h")])
def test_a_span_is_rounded_up(span: int, said: str) -> None:
    assert hours(span) == said
