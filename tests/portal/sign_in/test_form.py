"""Signing in over HTTP: who is let in, where the form leads, and that nobody else's page can use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from config.setting_group import SettingsError
from config.settings import Settings
from connectors.gateway.rates import Rates
from connectors.read_store.files import FOLDER
from portal.server.secret import secret_of
from portal.server.serving import application
from portal.sign_in.form import COOKIE, SignIn
from portal.sign_in.people import Sessions, hashed, users_of
from tests.support.portal_world import Acts
from tests.support.read_model_world import fill

PASSWORD = "correct horse battery"
HERE = {"origin": "http://127.0.0.1:18090"}
USERS = SecretStr(msgspec.json.encode([
    {"name": "ada", "role": "operator", "password": hashed(PASSWORD)},
    {"name": "vic", "role": "viewer", "password": hashed(PASSWORD)},
]).decode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path / FOLDER)
    return tmp_path


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    with visitor(Settings(data_dir=folder, portal_users=USERS)) as found:
        yield found


def visitor(settings: Settings, host: str = "127.0.0.1:18090") -> TestClient:
    return TestClient(application(settings, Acts()), f"http://{host}", follow_redirects=False)


def signed_in(client: TestClient, name: str = "ada", password: str = PASSWORD, back: str = "/tower/feeds") -> str:
    answer = client.post("/login", data={"name": name, "password": password, "back": back}, headers=HERE)
    return f"{answer.status_code} {answer.headers.get('location', '')}"


def test_who_has_not_signed_in_is_led_to_the_form_and_back(client: TestClient) -> None:
    asked = client.get("/tower/shipments?status=delivered")
    assert (asked.status_code, asked.headers["location"]) == (
        303, "/login?back=%2Ftower%2Fshipments%3Fstatus%3Ddelivered"
    )
    assert 'value="/tower/shipments?status=delivered"' in client.get(asked.headers["location"]).text
    assert signed_in(client) == "303 /tower/feeds"
    assert client.get("/tower/feeds").status_code == 200


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/tower.evil.example", "", "/login"])
def test_the_form_leads_nowhere_else(client: TestClient, back: str) -> None:
    assert signed_in(client, back=back) == "303 /tower"


def test_a_wrong_password_is_refused(client: TestClient) -> None:
    assert signed_in(client, password="wrong") == "401 "
    assert signed_in(client, name="eve") == "401 "
    assert client.get("/tower").status_code == 303


def test_tries_are_limited() -> None:
    app, tries = FastAPI(), Rates(2, lambda: 0.0)
    app.include_router(SignIn(users_of(USERS), Sessions(None), only_here=False, tries=tries).router())
    client = TestClient(app, "http://127.0.0.1:18090", follow_redirects=False)
    assert [signed_in(client, password="wrong") for _ in range(3)] == ["401 ", "401 ", "429 "]
    assert signed_in(client) == "429 "


def test_a_form_of_another_site_is_refused(client: TestClient) -> None:
    answer = client.post(
        "/login", data={"name": "ada", "password": PASSWORD}, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert COOKIE not in answer.cookies


def test_the_session_ends_on_request(client: TestClient) -> None:
    signed_in(client)
    assert client.post("/logout", headers=HERE).headers["location"] == "/login"
    assert client.get("/tower").status_code == 303


def test_a_viewer_may_look_and_not_act(client: TestClient) -> None:
    signed_in(client, "vic")
    page = client.get("/tower")
    assert page.status_code == 200
    assert "/acknowledge" not in page.text
    refused = client.post("/tower/alerts/x/acknowledge", headers=HERE)
    assert refused.status_code == 403


def test_an_action_without_a_session_is_not_lost_in_a_redirect(client: TestClient) -> None:
    assert client.post("/tower/alerts/x/acknowledge", headers=HERE).status_code == 401


def test_without_users_this_machine_alone_may_look(folder: Path) -> None:
    with visitor(Settings(data_dir=folder)) as here:
        assert here.get("/tower").status_code == 200
    with visitor(Settings(data_dir=folder), "evil.example") as rebound:
        assert rebound.get("/tower").status_code == 403
    with visitor(Settings(data_dir=folder, host="0.0.0.0")) as open_to_all:
        assert "SHIPSYNC_PORTAL_USERS" in open_to_all.get("/tower").text


def test_the_secret_is_made_once_and_kept(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    assert secret_of(settings) == secret_of(settings)
    assert (folder / "portal-secret").stat().st_mode & 0o077 == 0
    with pytest.raises(SettingsError, match="16 characters"):
        secret_of(Settings(data_dir=folder, portal_secret=SecretStr("short")))


def test_a_mistyped_address_is_a_page_for_a_person_and_a_problem_for_a_program(client: TestClient) -> None:
    page = client.get("/towr", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert 'href="/tower"' in page.text
    for path, accept in (("/towr", "*/*"), ("/v1/none", "text/html")):
        answer = client.get(path, headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
