"""People act on alerts: shown at once as sent, confirmed when the alert changes, and only by who may."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from msgspec import structs

from portal.sign_in.people import Person, Role
from streams.contracts import ids
from streams.contracts.model import AlertAction
from streams.kernel.vocabulary import ActionKind, AlertKind, AlertState
from tests.support.portal_afternoon import STAR, afternoon
from tests.support.portal_world import Portal, portal
from tests.support.read_model_world import HOUR, MINUTE, NOON, fill

OURS = {"sec-fetch-site": "same-origin"}
ALERT = ids.alert_id(AlertKind.DELIVERY_AT_RISK, f"ups:{STAR}")
AT = NOON + MINUTE // 2


@pytest.mark.parametrize(("action", "form", "expected"), [
    ("acknowledge", {}, AlertAction(ALERT, ActionKind.ACKNOWLEDGE, "Ada", AT)),
    ("resolve", {"note": "agreed a new date"}, AlertAction(ALERT, ActionKind.RESOLVE, "Ada", AT, "agreed a new date")),
    ("snooze", {"for": "4h"}, AlertAction(ALERT, ActionKind.SNOOZE, "Ada", AT, until=AT + 4 * HOUR)),
    ("assign", {"owner": "Grace"}, AlertAction(ALERT, ActionKind.ASSIGN, "Ada", AT, owner="Grace")),
    ("reopen", {}, AlertAction(ALERT, ActionKind.REOPEN, "Ada", AT)),
])
def test_an_action_is_handed_over_and_shown_as_sent(
    shown: Portal, client: TestClient, action: str, form: dict[str, str], expected: AlertAction
) -> None:
    answer = client.post(f"/tower/alerts/{ALERT}/{action}", data={**form, "back": "/tower?kind=x"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/tower?kind=x")
    assert shown.acts.taken == [expected]
    assert "sent by Ada, waiting to be confirmed" in client.get("/tower").text


def test_what_was_sent_is_confirmed_when_the_alert_changes(tmp_path: Path) -> None:
    fill(tmp_path, afternoon())
    made = portal(tmp_path)
    client = TestClient(made.app)
    client.post(f"/tower/alerts/{ALERT}/acknowledge", headers=OURS)
    assert "waiting to be confirmed" in client.get("/tower").text
    alert = made.store.alert(ALERT)
    assert alert is not None
    changed = structs.replace(alert, state=AlertState.ACKNOWLEDGED, changed_at=AT + 1)
    fill(tmp_path, [(ALERT, changed)])
    page = client.get("/tower").text
    assert "waiting to be confirmed" not in page
    assert "acknowledged" in page
    made.store.close()


@pytest.mark.parametrize("headers", [
    {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "none"}, {},
    {"origin": "https://elsewhere.example"}, {"origin": "null"},
])
def test_another_site_cannot_act_in_a_persons_name(
    shown: Portal, client: TestClient, headers: dict[str, str]
) -> None:
    assert client.post(f"/tower/alerts/{ALERT}/acknowledge", headers=headers).status_code == 403
    assert shown.acts.taken == []


def test_an_old_browser_is_judged_by_its_origin(shown: Portal, client: TestClient) -> None:
    assert client.post(f"/tower/alerts/{ALERT}/resolve", headers={"origin": "http://testserver"}).status_code == 303
    assert len(shown.acts.taken) == 1


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("finance", 403), ("operator", 303), ("admin", 303)])
def test_only_who_may_acts(model: Path, role: str, status: int) -> None:
    made = portal(model, who=Person("Eve", Role(role)))
    client = TestClient(made.app, follow_redirects=False)
    assert ("Acknowledge" in client.get("/tower").text) == (status == 303)
    assert client.post(f"/tower/alerts/{ALERT}/acknowledge", headers=OURS).status_code == status
    assert len(made.acts.taken) == (status == 303)
    made.store.close()


@pytest.mark.parametrize(("action", "form", "status"), [
    ("snooze", {}, 400), ("snooze", {"for": "9y"}, 400), ("assign", {}, 400), ("burn", {}, 404),
    ("acknowledge", {"note": "x" * 9_000}, 413),
])
def test_an_action_that_makes_no_sense_is_not_taken(
    shown: Portal, client: TestClient, action: str, form: dict[str, str], status: int
) -> None:
    assert client.post(f"/tower/alerts/{ALERT}/{action}", data=form, headers=OURS).status_code == status
    assert shown.acts.taken == []


def test_nobody_is_led_elsewhere(client: TestClient) -> None:
    for back in ("https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "/towering"):
        answer = client.post(f"/tower/alerts/{ALERT}/acknowledge", data={"back": back}, headers=OURS)
        assert answer.headers["location"] == "/tower"


def test_an_action_kafka_does_not_take_is_said_and_not_shown_as_sent(shown: Portal, client: TestClient) -> None:
    shown.acts.away = True
    answer = client.post(f"/tower/alerts/{ALERT}/acknowledge", headers=OURS)
    assert answer.status_code == 503
    assert "The action was not taken" in answer.text
    assert "waiting to be confirmed" not in client.get("/tower").text


def test_a_message_is_sent_again_by_an_operator_alone(shown: Portal, client: TestClient, tmp_path: Path) -> None:
    page = client.get("/tower/notifications?status=sent").text
    assert "Send again" in page
    assert "Send again" not in client.get("/tower/notifications?status=pending").text
    form = {"customer": "C-1001", "back": "/tower/notifications?status=sent"}
    answer = client.post("/tower/notifications/msg_1/again", data=form, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/tower/notifications?status=sent")
    assert shown.acts.taken == [("send_again", "msg_1", "C-1001", AT)]
    fill(tmp_path, afternoon())
    viewer = portal(tmp_path, who=Person("Vi", Role.VIEWER))
    assert TestClient(viewer.app).post("/tower/notifications/msg_1/again", data=form, headers=OURS).status_code == 403
    assert viewer.acts.taken == []
