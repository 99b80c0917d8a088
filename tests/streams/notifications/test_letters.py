"""Says which recipients hear of an update, and that nothing internal is told."""

from __future__ import annotations

import json

import pytest

from streams.contracts.model import CustomerUpdate, Location
from streams.kernel.vocabulary import ExceptionType, Milestone, Reason
from streams.notifications.letters import MOST_WANTED, destination_of, messages_of, wants
from tests.support.outbound_inputs import recipient, update


@pytest.mark.parametrize(("chosen", "hears"), [
    ({}, True), ({"milestones": ["picked_up"]}, True), ({"milestones": ["delivered"]}, False),
    ({"order_id": "SO-1"}, True), ({"order_id": "SO-10"}, False),
    ({"shipment": "ups:1Z1"}, True), ({"shipment": "ups:1Z"}, False), ({"shipment": "dhl:1Z1"}, False),
])
def test_a_recipient_hears_of_what_it_chose(chosen: dict[str, object], hears: bool) -> None:
    assert wants(recipient(**chosen), update()) is hears


def test_who_did_not_choose_is_spared_each_scan_on_the_way() -> None:
    assert not wants(recipient(), update(Milestone.ARRIVED_FACILITY))
    assert wants(recipient(), update(Milestone.INFO, exception=ExceptionType.DELAY))
    assert not wants(recipient(), update(Milestone.INFO))
    assert {"exception", *Milestone} >= MOST_WANTED


def test_news_of_an_order_are_one_queue_and_hold_nothing_internal() -> None:
    [message] = messages_of(update(), [recipient()])
    assert (message.destination, message.owner, message.queue) == ("email:rcp_1", "C-1", "SO-1")
    assert (message.subject, message.moment) == ("ups:1Z1", update().occurred_at)
    assert json.loads(message.body).keys() <= {
        "order_id", "carrier", "tracking_number", "milestone", "occurred_at", "reason", "utc_offset_minutes", "city",
        "country",
    }
    assert destination_of(recipient()) == message.destination


def test_whether_a_later_event_was_known_does_not_make_it_other_news() -> None:
    bodies = {one.body for late in (True, False) for one in messages_of(update(superseded=late), [recipient()])}
    assert len(bodies) == 1


def test_where_to_collect_it_and_when_it_comes_are_told_where_the_update_is_about_that() -> None:
    place = Location(name="Shop", city="LYON", postal_code="69001", country="FR")

    def told(milestone: Milestone) -> dict[str, object]:
        one: CustomerUpdate = update(milestone, location=place, estimated_delivery_at=5, reason=Reason.WEATHER)
        [message] = messages_of(one, [recipient(milestones=[milestone.value])])
        return dict(json.loads(message.body))

    assert told(Milestone.AVAILABLE_FOR_PICKUP)["pickup"] == "Shop, 69001, LYON, FR"
    assert "pickup" not in told(Milestone.DELIVERED)
    assert told(Milestone.ETA_UPDATED)["expected_at"] == 5
    assert "expected_at" not in told(Milestone.DELIVERED)
