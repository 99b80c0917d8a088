"""``/v1/subscriptions``: a customer's program sees and changes that customer's recipients, and nobody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.portal import ALL, LEAST, OF_ACME, OF_OTHER, Portal, portal
from tests.support.read_model_world import ACME, OTHER
from tests.support.told_topic import ToldTopic

ANN = {
    "channel": "email", "address": "ann@example.com", "language": "de", "quiet_from": "22:00", "quiet_until": "07:00",
}


@pytest.fixture
def one(tmp_path: Path) -> Portal:
    return portal(tmp_path)


def send(one: Portal, method: str, path: str, key: str, body: Any = None) -> Any:
    return one.client.request(method, path, json=body, headers={"Authorization": f"Bearer {key}"})


def topic(one: Portal) -> ToldTopic:
    assert isinstance(one.services.subscriptions, ToldTopic)
    return one.services.subscriptions


def test_a_customers_program_adds_changes_and_removes_a_recipient(one: Portal) -> None:
    added = send(one, "POST", "/v1/subscriptions", OF_ACME, ANN)
    assert added.status_code == 201
    made = added.json()
    assert (made["customer_id"], made["address"], made["quiet_from"]) == (ACME, "a…n@example.com", "22:00")
    assert "ann@example.com" not in added.text + one.get("/v1/subscriptions", OF_ACME).text
    path = f"/v1/subscriptions/{made['subscription_id']}"
    changed = send(one, "PATCH", path, OF_ACME, {"milestones": ["delivered"], "quiet_from": None, "quiet_until": None})
    assert (changed.json()["milestones"], changed.json()["quiet_from"], changed.json()["language"]) == (
        ["delivered"], None, "de",
    )
    assert [one_["subscription_id"] for one_ in one.get("/v1/subscriptions", OF_ACME).json()["items"]] == [
        made["subscription_id"]
    ]
    assert send(one, "DELETE", path, OF_ACME).status_code == 204
    assert one.get("/v1/subscriptions", OF_ACME).json() == {"items": []}
    assert [(done, actor.name) for done, actor in topic(one).done] == [
        ("add", "api:acme"), ("change", "api:acme"), ("remove", "api:acme"),
    ]


def test_another_customers_recipient_is_as_if_it_were_not_there(one: Portal) -> None:
    made = send(one, "POST", "/v1/subscriptions", OF_ACME, ANN).json()
    path = f"/v1/subscriptions/{made['subscription_id']}"
    assert one.get("/v1/subscriptions", OF_OTHER).json() == {"items": []}
    assert send(one, "PATCH", path, OF_OTHER, {"paused": True}).status_code == 404
    assert send(one, "DELETE", path, OF_OTHER).status_code == 404
    assert send(one, "DELETE", f"{path}?customer={ACME}", OF_OTHER).status_code == 403
    assert send(one, "POST", "/v1/subscriptions", OF_OTHER, {**ANN, "customer_id": ACME}).status_code == 403
    assert len(one.get("/v1/subscriptions", OF_ACME).json()["items"]) == 1


def test_a_program_of_ours_says_whose_it_is(one: Portal) -> None:
    assert send(one, "POST", "/v1/subscriptions", ALL, ANN).json()["code"] == "not_possible"
    assert send(one, "POST", "/v1/subscriptions", ALL, {**ANN, "customer_id": OTHER}).status_code == 201
    assert one.get(f"/v1/subscriptions?customer={ACME}").json() == {"items": []}
    assert len(one.get("/v1/subscriptions").json()["items"]) == 1
    assert send(one, "POST", "/v1/subscriptions", LEAST, ANN).status_code == 403


@pytest.mark.parametrize(("wrong", "status"), [
    ({"address": "ann"}, 409), ({"time_zone": "Europe/Berlinn"}, 409), ({"milestones": ["deliverd"]}, 409),
    ({"quiet_until": None}, 409), ({"language": "it"}, 422), ({"quiet_from": "25:00"}, 422), ({"other": 1}, 422),
    ({"channel": "chat", "address": "json://127.0.0.1/x"}, 409),
])
def test_what_cannot_be_is_refused_and_nothing_written(one: Portal, wrong: dict[str, Any], status: int) -> None:
    assert send(one, "POST", "/v1/subscriptions", OF_ACME, {**ANN, **wrong}).status_code == status
    assert topic(one).done == []


def test_a_message_is_sent_again_for_its_own_customer_alone(one: Portal) -> None:
    path = "/v1/notifications/msg_1/redeliver"
    topic(one).sent["msg_1"] = ACME
    assert send(one, "POST", path, OF_OTHER).status_code == 409
    assert send(one, "POST", path, OF_ACME).json()["message_id"] == "msg_1"
    assert topic(one).again == ["msg_1"]


def test_while_kafka_is_away_the_answer_says_when_to_come_again(one: Portal) -> None:
    topic(one).away = True
    response = send(one, "POST", "/v1/subscriptions", OF_ACME, ANN)
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
