"""Actions on alerts over HTTP: written as the contract has them, keyed by the alert, each field checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from config import headers
from config.topics import ALERT_ACTIONS, AUDIT_ACTIONS
from connectors.gateway.alert_actions import ACTIONS
from connectors.kafka.log_writer import NotWritten
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import AlertAction, AuditAction
from streams.kernel.vocabulary import ActionChannel, ActionKind, ActionOutcome, ActorKind, SubjectKind
from tests.support.gateway import NOW, Gateway, gateway
from tests.support.registry import fake_registry

ID = "0123456789abcdef0123456789abcdef"
CODEC = ValueCodec(ALERT_ACTIONS, AlertAction, fake_registry())
ACK = {"action": "acknowledge"}
AUDIT = ValueCodec(AUDIT_ACTIONS, AuditAction, fake_registry())
NOW_MS = int(NOW * 1000)
CLIENT = "api:alerts"


@pytest.fixture
def one(tmp_path: Path) -> Gateway:
    return gateway(tmp_path, api_keys={"alerts": "k-desk", "orders": "k-erp"})


def post(one: Gateway, told: object, alert: str = ID, key: str = "k-desk", **more: str) -> Any:
    given = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **more}
    return one.client.post(f"/v1/alerts/{alert}/actions", content=json.dumps(told), headers=given)


def test_an_action_is_written_with_its_time_of_receipt_keyed_by_the_alert(one: Gateway) -> None:
    answer = post(one, ACK)
    _, record = one.log.records
    assert (answer.status_code, record.topic, record.key) == (202, ALERT_ACTIONS.name, ID.encode())
    assert CODEC.decode(record.value) == AlertAction(ID, ActionKind.ACKNOWLEDGE, CLIENT, NOW_MS)


def test_an_action_is_recorded_before_it_is_written_and_bears_the_records_id(one: Gateway) -> None:
    assert post(one, {"action": "assign", "owner": "Grace", "note": "asked"}).status_code == 202
    first, second = one.log.records
    audit = AUDIT.decode(first.value)
    assert (first.topic, first.key) == (AUDIT_ACTIONS.name, f"alert:{ID}".encode())
    assert (audit.who, audit.actor, audit.channel, audit.action) == (
        CLIENT, ActorKind.API_CLIENT, ActionChannel.API, "alert.assign",
    )
    assert (audit.subject_kind, audit.subject, audit.reason) == (SubjectKind.ALERT, ID, "asked")
    assert [(one.name, one.value) for one in audit.details] == [("owner", "Grace")]
    assert (headers.ACTION, audit.action_id.encode()) in second.headers


def test_an_action_that_kafka_does_not_take_is_recorded_as_failed(one: Gateway) -> None:
    one.log.refuses = frozenset({ALERT_ACTIONS.name})
    assert post(one, ACK).status_code == 503
    found = [AUDIT.decode(record.value) for record in one.log.records]
    assert [audit.outcome for audit in found] == [ActionOutcome.TAKEN, ActionOutcome.FAILED]
    assert len({audit.action_id for audit in found}) == 1


def test_what_cannot_be_recorded_is_not_done(one: Gateway) -> None:
    one.log.refuses = frozenset({AUDIT_ACTIONS.name})
    assert post(one, ACK).status_code == 503
    assert one.log.records == []


def test_everything_said_of_it_is_kept(one: Gateway) -> None:
    told = {
        "action": "snooze", "at": "2026-09-21T14:00:00Z", "until": "2026-09-21T18:00:00+02:00",
        "note": "the carrier is asked",
    }
    assert post(one, told).status_code == 202
    assert CODEC.decode(one.log.records[-1].value) == AlertAction(
        ID, ActionKind.SNOOZE, CLIENT, 1_789_999_200_000, "the carrier is asked", 1_790_006_400_000, None
    )


def test_a_time_still_to_come_is_the_time_of_receipt(one: Gateway) -> None:
    post(one, {**ACK, "at": "2030-01-01T00:00:00Z"})
    assert CODEC.decode(one.log.records[-1].value).at == NOW_MS


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"action": "forget"}, "/action"), ({"action": "resolve", "by": "ada"}, "/by"),
        ({"action": "snooze"}, "/until"),
        ({"action": "snooze", "until": "2020-01-01T00:00:00Z"}, "/until"),
        ({"action": "assign"}, "/owner"), ({**ACK, "note": "x" * 2_001}, "/note"),
        ({**ACK, "alert_id": ID}, "/alert_id"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(one: Gateway, told: dict[str, Any], where: str) -> None:
    answer = post(one, told)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, where)
    assert one.log.records == []


@pytest.mark.parametrize("alert", ["short", "Z" * 32, ID + "0"])
def test_what_is_no_id_of_an_alert_is_refused(one: Gateway, alert: str) -> None:
    answer = post(one, ACK, alert)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")


def test_the_id_is_judged_after_the_key(one: Gateway) -> None:
    assert post(one, {"action": "resolve"}, "x", "guessed").status_code == 401


@pytest.mark.parametrize("key", ["", "k-erp"])
def test_only_a_key_for_alerts_is_accepted(one: Gateway, key: str) -> None:
    assert post(one, ACK, key=key).status_code == 401


def test_the_same_key_on_another_alert_is_another_request(one: Gateway) -> None:
    first, again = (post(one, ACK, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert first.json() == again.json()
    assert post(one, ACK, "f" * 32, **{"Idempotency-Key": "k"}).json() != first.json()
    assert [record.key for record in one.log.records if record.topic == ALERT_ACTIONS.name] == [
        ID.encode(), b"f" * 32,
    ]


def test_what_kafka_does_not_take_is_answered_503(one: Gateway) -> None:
    one.log.away = NotWritten("broker down")
    assert post(one, ACK).status_code == 503


def test_the_example_of_the_description_is_right(one: Gateway) -> None:
    (example,) = ACTIONS.model.model_config["json_schema_extra"]["examples"]  # type: ignore[typeddict-item, index]
    assert post(one, {**example, "until": "2026-12-01T00:00:00Z"}).status_code == 202
    assert example.keys() <= ActionKind.__members__.keys() | {"action", "until", "note"}


def test_the_description_tells_of_it(one: Gateway) -> None:
    told = one.client.get("/openapi.json").json()
    assert "ActionDocument" in told["components"]["schemas"]
    assert ACTIONS.path in told["paths"]
