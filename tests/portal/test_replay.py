"""Dead letters are replayed from the page: shown first, by who may, each once, and said in the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from lxml import html
from msgspec import structs

from portal.sign_in.people import Person, Role
from streams.contracts.audit import Actor, AuditAction
from streams.contracts.model import DeadLetter
from streams.kernel.vocabulary import ActionChannel, ActionOutcome, ActorKind, SubjectKind
from tests.support.portal_afternoon import STAR, afternoon
from tests.support.portal_world import Portal, portal
from tests.support.read_model_world import HOUR, MINUTE, NOON, fill

OURS = {"sec-fetch-site": "same-origin"}
LETTERS, REPLAY = "/tower/dead-letters", "/tower/dead-letters/replay"
UPS, GLS = "intake/raw.ups.v1/0/5", "intake/raw.gls.v1/1/88"
AT = NOON + MINUTE // 2
ADA = Actor("Ada", ActorKind.PERSON, ActionChannel.TOWER, "operator")
SENT = "Replay sent by Ada, waiting to be confirmed"


def replayed(place: str, outcome: ActionOutcome = ActionOutcome.TAKEN) -> tuple[str, AuditAction]:
    done = AuditAction(
        f"replay-{place}", AT, "Grace", ActorKind.PERSON, "operator", ActionChannel.TOWER, "dead_letter.replay",
        SubjectKind.DEAD_LETTER, place, "mapping mended", [], outcome,
    )
    return done.key, done


def test_one_letter_is_shown_tried_and_then_replayed(shown: Portal, client: TestClient) -> None:
    assert f'href="{REPLAY}?letter={UPS}"' in client.get(LETTERS).text
    page = client.get(f"{REPLAY}?letter={UPS}").text
    assert shown.acts.taken == []
    assert "1 of 1 can be replayed" in page
    assert "1 shipment would be told as delivered" in page
    assert f'delivered of <span class="mono">ups:{STAR}</span>' in page
    answer = client.post(REPLAY, data={"letters": UPS, "reason": "mended", "back": f"{LETTERS}?feed=ups"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LETTERS}?feed=ups")
    assert shown.acts.taken == [("replay", [UPS], AT, "mended")]
    assert shown.acts.actors == [ADA]
    assert client.get(LETTERS).text.count(SENT) == 1


def test_a_filtered_set_is_replayed_as_it_was_shown(shown: Portal, client: TestClient) -> None:
    page = html.fromstring(client.get(f"{REPLAY}?step=intake").text)
    [places] = page.xpath("//input[@name='letters']/@value")
    assert places.split() == [UPS, GLS]
    assert "refused again" in page.text_content()
    one = html.fromstring(client.get(f"{REPLAY}?step=intake&reason=malformed").text)
    assert one.xpath("//input[@name='letters']/@value") == [GLS]
    client.post(REPLAY, data={"letters": places}, headers=OURS)
    assert shown.acts.taken == [("replay", [UPS, GLS], AT, "")]
    assert "Nothing to replay" in client.get(f"{REPLAY}?step=intake").text


def test_the_list_is_filtered_by_step_and_reason(client: TestClient) -> None:
    for query, count in (("", 2), ("?reason=malformed", 1), ("?step=orders", 0), ("?feed=ups&reason=malformed", 0)):
        assert len(html.fromstring(client.get(f"{LETTERS}{query}").text).xpath("//main//article")) == count


def test_a_replayed_letter_says_so_and_is_not_offered_again(tmp_path: Path) -> None:
    fill(tmp_path, [*afternoon(), replayed(UPS), replayed(GLS, ActionOutcome.FAILED)])
    made = portal(tmp_path)
    client = TestClient(made.app, follow_redirects=False)
    text = " ".join(html.fromstring(client.get(LETTERS).text).text_content().split())
    assert "by Grace: mapping mended" in text
    assert html.fromstring(client.get(REPLAY).text).xpath("//input[@name='letters']/@value") == [GLS]
    answer = client.post(REPLAY, data={"letters": f"{GLS} {UPS}"}, headers=OURS)
    assert answer.status_code == 409
    assert made.acts.taken == []
    made.store.close()


def test_of_many_the_newest_hundred_are_replayed_at_once(tmp_path: Path) -> None:
    many = [DeadLetter("intake", "malformed", "x", None, "raw.ups.v1", 0, at, "ups", None, 1, NOON - at * HOUR)
            for at in range(230)]
    fill(tmp_path, [("intake", one) for one in many] + [replayed(one.place) for one in many[:110]])
    made = portal(tmp_path)
    client = TestClient(made.app, follow_redirects=False)
    page = html.fromstring(client.get(REPLAY).text)
    [places] = page.xpath("//input[@name='letters']/@value")
    assert places.split() == [one.place for one in many[110:210]]
    assert "more fit" in page.text_content()
    assert client.post(REPLAY, data={"letters": places, "reason": "ü" * 200}, headers=OURS).status_code == 303
    made.store.close()


@pytest.mark.parametrize(("form", "status"), [
    ({}, 400), ({"letters": "intake/raw.ups.v1/0/999"}, 404), ({"letters": "x"}, 404),
    ({"letters": "intake/raw.ups.v1/0/٣"}, 404), ({"letters": f"intake/raw.ups.v1/0/{'9' * 40}"}, 404),
])
def test_what_makes_no_sense_is_not_taken(
    shown: Portal, client: TestClient, form: dict[str, str], status: int
) -> None:
    assert client.post(REPLAY, data=form, headers=OURS).status_code == status
    assert shown.acts.taken == []


def test_what_cannot_be_replayed_has_no_button(tmp_path: Path) -> None:
    fill(tmp_path, [("alerts", structs.replace(
        DeadLetter("alerts", "malformed", "x", None, "alert.signals.v1", 0, 1, None, None, 1, NOON),
    ))])
    made = portal(tmp_path)
    page = TestClient(made.app).get(f"{REPLAY}?step=alerts").text
    assert "0 of 1 can be replayed" in page
    assert 'method="post"' not in page
    made.store.close()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.FINANCE])
def test_who_may_not_act_sees_no_button(model: Path, role: Role) -> None:
    made = portal(model, who=Person("Eve", role))
    client = TestClient(made.app)
    assert "Replay" not in client.get(LETTERS).text
    assert client.get(REPLAY).status_code == 403
    assert client.post(REPLAY, data={"letters": UPS}, headers=OURS).status_code == 403
    assert made.acts.taken == []
    made.store.close()


def test_what_kafka_does_not_answer_is_said(shown: Portal, client: TestClient) -> None:
    shown.acts.away = True
    assert client.get(f"{REPLAY}?letter={UPS}").status_code == 503
    assert client.post(REPLAY, data={"letters": UPS}, headers=OURS).status_code == 503
    assert SENT not in client.get(LETTERS).text
