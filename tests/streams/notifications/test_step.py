"""Says what an update tells a customer's endpoints, and what follows from changed subscriptions."""

from __future__ import annotations

import json

import pytest

from streams.contracts.outbound import CustomerSubscriptions, NewMessage, WebhookEndpoint
from streams.kernel.vocabulary import Correction, ExceptionType, Milestone
from streams.notifications.destinations import settings_of
from streams.notifications.step import step, sweep
from streams.notifications.webhooks import kind_of, messages_of
from streams.outbound.engine import Known
from streams.outbound.policy import Policy
from tests.support.outbound_inputs import NOW, endpoint, subscriptions, update

NOTHING = Known({}, {})


def messages(*endpoints: WebhookEndpoint, **changes: object) -> list[NewMessage]:
    return list(messages_of(update(**changes), subscriptions("C-1", *endpoints)))


@pytest.mark.parametrize(("milestone", "exception", "kind"), [
    (Milestone.DELIVERED, ExceptionType.NONE, "shipment.delivered"),
    (Milestone.DELIVERED, ExceptionType.DAMAGE, "shipment.delivered"),
    (Milestone.INFO, ExceptionType.DELAY, "shipment.exception"),
    (Milestone.ETA_UPDATED, ExceptionType.NONE, "shipment.eta_updated"),
])
def test_the_type_is_the_milestone_or_that_something_is_wrong(
    milestone: Milestone, exception: ExceptionType, kind: str
) -> None:
    assert kind_of(update(milestone, exception=exception)) == kind


def test_an_endpoint_hears_the_milestones_it_wants() -> None:
    told = messages(endpoint("all"), endpoint("some", milestones=["delivered"]), milestone=Milestone.DELIVERED)
    assert [one.destination for one in told] == ["webhook:all", "webhook:some"]
    assert [one.destination for one in messages(endpoint("all"), endpoint("some", milestones=["delivered"]))] == [
        "webhook:all"
    ]


def test_the_same_update_says_the_same_whenever_it_comes() -> None:
    assert messages(endpoint()) == messages(endpoint())


def test_times_are_local_where_the_place_is_known_and_say_whether_they_are() -> None:
    [local], [utc] = messages(endpoint()), messages(endpoint(), utc_offset_minutes=None)
    for one, moment, is_local in ((local, "16:13:20.000+02:00", True), (utc, "14:13:20.000+00:00", False)):
        data = json.loads(one.body)
        assert (data["occurred_at"], data["is_local_time_known"]) == (f"2026-09-21T{moment}", is_local)


def test_a_time_nobody_can_mean_is_still_a_time() -> None:
    assert messages(endpoint(), utc_offset_minutes=14 * 60)


def test_changed_subscriptions_set_new_endpoints_and_remove_old_ones() -> None:
    before = {"C-1": subscriptions("C-1", endpoint("old"), endpoint("kept"))}
    after: dict[str, CustomerSubscriptions | None] = {"C-1": subscriptions("C-1", endpoint("kept"), endpoint("new"))}
    settings = settings_of(after, before)
    assert {name: one.endpoint is None for name, one in settings.items()} == {
        "webhook:old": True, "webhook:kept": False, "webhook:new": False,
    }
    assert {one.endpoint for one in settings_of({"C-1": None}, before).values()} == {None}


def test_a_message_is_rendered_with_its_correction() -> None:
    [message] = messages(endpoint(), correction=Correction.REPLACES)
    result = step([message], NOTHING, Policy(), NOW)
    [request] = result.outputs.requests
    body = json.loads(request.body)
    assert (body["type"], body["correction"], body["update_id"]) == (
        "shipment.picked_up", "new", update().update_id,
    )
    assert sweep([], NOTHING, Policy(), NOW).states == {}
