"""The page that kills a stage of the embedded stack, and says what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace

from connectors.embedded.stage_kill import KillCheck, KillFolder, KillReport, KillRequest
from portal.sign_in.people import Person, Role
from tests.support.portal_world import Portal, portal
from tests.support.read_model_world import MINUTE, NOON

OURS = {"sec-fetch-site": "same-origin"}
AT = NOON + MINUTE // 2
GOOD = KillCheck(2_391, 2_390, 1, 0, 530, 0, 1_120, 0, 3)
REPORT = KillReport("shipments", "Ada", AT - 20_000, AT - 11_600, 0, 17, AT - 9_000, GOOD)


@pytest.fixture
def kills(tmp_path: Path) -> KillFolder:
    folder = KillFolder(tmp_path)
    folder.make()
    return folder


@pytest.fixture
def embedded(model: Path, kills: KillFolder) -> Iterator[Portal]:
    made = portal(model, kills=kills)
    yield made
    made.store.close()


@pytest.fixture
def client(embedded: Portal) -> TestClient:
    return TestClient(embedded.app, follow_redirects=False)


def test_elsewhere_there_is_no_such_page(model: Path) -> None:
    made = portal(model)
    client = TestClient(made.app)
    assert "/tower/stack" not in client.get("/tower").text
    assert client.get("/tower/stack").status_code == 404
    assert client.post("/tower/stack/kill", data={"stage": "shipments"}, headers=OURS).status_code == 404
    made.store.close()


def test_the_button_asks_the_supervisor(embedded: Portal, client: TestClient, kills: KillFolder) -> None:
    assert 'href="/tower/stack"' in client.get("/tower").text
    assert "Kill the shipments stage" in client.get("/tower/stack").text
    answer = client.post("/tower/stack/kill", data={"stage": "shipments"}, headers=OURS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/tower/stack")
    page = client.get("/tower/stack").text
    assert "the supervisor takes it up" in page
    assert 'hx-trigger="every 1s"' in page
    assert kills.taken(AT) == KillRequest("shipments", "Ada", AT)
    [audit] = embedded.acts.recorded_actions
    assert (audit.action, audit.key, audit.who, audit.at) == ("stage.kill", "stage:shipments", "Ada", AT)


def test_no_stage_is_killed_that_is_not_on_record(embedded: Portal, client: TestClient, kills: KillFolder) -> None:
    embedded.acts.away = True
    assert client.post("/tower/stack/kill", data={"stage": "shipments"}, headers=OURS).status_code == 503
    assert not kills.pending


@pytest.mark.parametrize(("form", "headers", "status"), [
    ({"stage": "shipments"}, {}, 403), ({"stage": "shipments"}, {"sec-fetch-site": "cross-site"}, 403),
    ({"stage": "broker"}, OURS, 400), ({}, OURS, 400),
])
def test_what_may_not_be_asked_is_refused(
    client: TestClient, kills: KillFolder, form: dict[str, str], headers: dict[str, str], status: int
) -> None:
    assert client.post("/tower/stack/kill", data=form, headers=headers).status_code == status
    assert not kills.pending


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("finance", 403), ("operator", 303), ("admin", 303)])
def test_only_who_may_kills(model: Path, kills: KillFolder, role: str, status: int) -> None:
    made = portal(model, who=Person("Eve", Role(role)), kills=kills)
    client = TestClient(made.app, follow_redirects=False)
    assert ("<button class=\"main\"" in client.get("/tower/stack").text) == (status == 303)
    assert client.post("/tower/stack/kill", data={"stage": "shipments"}, headers=OURS).status_code == status
    assert kills.pending == (status == 303)
    made.store.close()


def test_one_kill_at_a_time(client: TestClient, kills: KillFolder) -> None:
    kills.write(replace(REPORT, check=None))
    assert client.post("/tower/stack/kill", data={"stage": "shipments"}, headers=OURS).status_code == 409
    kills.write(REPORT)
    assert client.post("/tower/stack/kill", data={"stage": "shipments"}, headers=OURS).status_code == 303


def test_a_kill_under_way_is_followed(client: TestClient, kills: KillFolder) -> None:
    kills.write(KillReport("shipments", "Ada", AT - 4_000, waiting=12, most_waiting=12))
    page = client.get("/tower/stack").text
    assert 'hx-trigger="every 1s"' in page
    assert "not yet" in page
    assert ">12<" in page
    assert "nothing lost" not in page


def test_the_verdict_is_that_of_the_check(client: TestClient, kills: KillFolder) -> None:
    kills.write(REPORT)
    page = client.get("/tower/stack").text
    for told in ("after 8.4 s", "after 11.0 s", "at most 17", "nothing lost, nothing twice", "2,390 + 1 of 2,391"):
        assert told in page
    assert 'hx-trigger="every 1s"' not in page
    kills.write(replace(REPORT, check=replace(GOOD, lost=1, in_history=2_389, examples=["event <b>x</b> is lost"])))
    page = client.get("/tower/stack").text
    assert "something is wrong" in page
    assert "nothing lost" not in page
    assert "event &lt;b&gt;x&lt;/b&gt; is lost" in page
