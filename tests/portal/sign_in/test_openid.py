"""Sign-in by an OpenID provider: a real small one in a process of its own; what it says is checked before it counts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from lxml import html
from pydantic import SecretStr

from config.setting_group import SettingsError
from config.settings import Settings
from connectors.embedded.broker import free_port
from connectors.read_store.files import FOLDER
from connectors.sign_on.openid import Refused
from portal.server.serving import application
from portal.sign_in.form import COOKIE
from portal.sign_in.openid import FLOW_COOKIE, Naming, roles_of
from portal.sign_in.people import Person, Role, Sessions, hashed
from tests.support.portal_world import Acts
from tests.support.read_model_world import HOSTILE, fill
from tests.support.waiting import PATIENCE, eventually

PEOPLE = (
    {"sub": "ada", "email": "ada@example.com", "groups": ["everybody", "logistics"]},
    {"sub": "eve", "email": "eve@example.com", "groups": ["everybody"]},
    {"sub": "vic", "email": "vic", "groups": "look"},
)
ROLES = {"logistics": "operator", "look": "viewer"}
US = "http://127.0.0.1:18090"
Query = dict[str, str]


@contextmanager
def provider(*more: str) -> Iterator[str]:
    """A provider that listens; its issuer."""
    port = free_port()
    users = [word for one in PEOPLE for word in ("--user-claims", json.dumps(one))]
    running = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *users, *more],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    issuer = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{issuer}/jwks", timeout=PATIENCE).status_code == 200
        except httpx.TransportError:
            assert running.poll() is None, "the provider ended"
            return False

    try:
        eventually(answers)
        yield issuer
    finally:
        running.terminate()
        running.wait()


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with provider() as found:
        yield found


@contextmanager
def visitor(folder: Path, issuer: str, **more: object) -> Iterator[TestClient]:
    """A browser before a portal whose people sign in by the provider."""
    if not (folder / FOLDER).exists():
        fill(folder / FOLDER)
    settings = Settings(
        data_dir=folder, oidc_issuer=issuer, oidc_roles=json.dumps(ROLES), oidc_client_secret=SecretStr("kept"), **more
    )
    with TestClient(application(settings, Acts()), US, follow_redirects=False) as found:
        yield found


def agreed(client: TestClient, sub: str, *, back: str = "/tower/feeds", **changed: str) -> str:
    """Where the provider leads after the person agreed; ``changed``: what of our question is changed on its way."""
    asked = client.get("/login/oidc", params={"back": back})
    assert asked.status_code == 302, asked.text
    address, query = asked.headers["location"].split("?")
    wanted = {name: values[0] for name, values in parse_qs(query).items()} | changed
    answer = httpx.post(address, params=wanted, data={"sub": sub}, timeout=PATIENCE)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def words(page: str) -> str:
    return " ".join(html.fromstring(page).text_content().split())


def test_a_person_signs_in_by_the_provider_and_out_again(tmp_path: Path, issuer: str) -> None:
    with visitor(tmp_path, issuer) as client:
        assert client.get("/tower").headers["location"] == "/login?back=%2Ftower"
        form = client.get("/login?back=/tower/feeds").text
        assert 'href="/login/oidc?back=/tower/feeds"' in form
        assert "password" not in form
        answer = client.get(agreed(client, "ada"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/tower/feeds")
        assert client.cookies.get(FLOW_COOKIE) is None
        page = client.get("/tower")
        assert "ada@example.com operator" in words(page.text.replace("<br>", " "))
        assert "/acknowledge" in page.text
        client.post("/logout", headers={"origin": US})
        assert client.get("/tower").status_code == 303


def test_the_question_carries_pkce_state_and_nonce(tmp_path: Path, issuer: str) -> None:
    with visitor(tmp_path, issuer) as client:
        asked = parse_qs(urlsplit(client.get("/login/oidc").headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{US}/login/oidc/answer"]
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    assert asked["scope"] == ["openid profile email"]


@pytest.mark.parametrize("changed", [{"nonce": "another"}, {"state": "another"}, {"client_id": "another"}])
def test_an_answer_to_another_question_signs_nobody_in(tmp_path: Path, issuer: str, changed: Query) -> None:
    with visitor(tmp_path, issuer) as client:
        answer = client.get(agreed(client, "ada", **changed))
        assert answer.status_code == 403
        assert "You could not be signed in" in words(answer.text)
        assert COOKIE not in client.cookies


def test_an_answer_counts_once_and_in_the_browser_that_asked(tmp_path: Path, issuer: str) -> None:
    with visitor(tmp_path, issuer) as client, visitor(tmp_path, issuer) as other:
        place = agreed(client, "ada")
        assert other.get(place).status_code == 403
        assert client.get(place).status_code == 303
        assert client.get(place).status_code == 403


def test_a_token_that_has_expired_signs_nobody_in(tmp_path: Path) -> None:
    with provider("--token-max-age", "-3600") as late, visitor(tmp_path, late) as client:
        assert client.get(agreed(client, "ada")).status_code == 403
        assert COOKIE not in client.cookies


def test_a_provider_of_another_issuer_is_not_asked(tmp_path: Path, issuer: str) -> None:
    with visitor(tmp_path, f"{issuer}/") as client:
        assert client.get("/login/oidc").status_code == 403


def test_who_has_no_group_with_a_role_is_told_so(tmp_path: Path, issuer: str) -> None:
    with visitor(tmp_path, issuer) as client:
        answer = client.get(agreed(client, "eve"))
        assert answer.status_code == 403
        assert "You have no role here" in words(answer.text)
        assert client.get("/tower").status_code == 303


def test_who_refuses_at_the_provider_comes_to_a_plain_page(tmp_path: Path, issuer: str) -> None:
    with visitor(tmp_path, issuer) as client:
        client.get("/login/oidc")
        answer = client.get("/login/oidc/answer", params={"error": "access_denied", "error_description": HOSTILE})
        assert answer.status_code == 403
        assert "alert(1)" not in answer.text


def test_local_users_sign_in_beside_the_provider_and_keep_their_names(tmp_path: Path, issuer: str) -> None:
    users = SecretStr(json.dumps([{"name": "vic", "role": "admin", "password": hashed("correct horse")}]))
    with visitor(tmp_path, issuer, portal_users=users) as client:
        assert "password" in client.get("/login").text
        assert "This name is taken" in words(client.get(agreed(client, "vic")).text)
        given = {"name": "vic", "password": "correct horse", "back": "/tower"}
        assert client.post("/login", data=given, headers={"origin": US}).status_code == 303
        assert client.get("/tower").status_code == 200


def test_the_provider_leads_nowhere_else(tmp_path: Path, issuer: str) -> None:
    with visitor(tmp_path, issuer) as client:
        answer = client.get(agreed(client, "ada", back="https://evil.example/"))
        assert answer.headers["location"] == "/tower"


def test_a_provider_that_does_not_answer_is_said_in_plain_words(tmp_path: Path) -> None:
    with visitor(tmp_path, f"http://127.0.0.1:{free_port()}") as client:
        assert client.get("/login/oidc").status_code == 503


def test_without_a_provider_its_session_counts_no_more(tmp_path: Path) -> None:
    fill(tmp_path / FOLDER)
    secret, users = SecretStr("s" * 20), SecretStr(
        json.dumps([{"name": "vic", "role": "viewer", "password": hashed("correct horse")}])
    )
    cookie = Sessions("s" * 20).begin_signed_on(Person("ada", Role.ADMIN))
    app = application(Settings(data_dir=tmp_path, portal_secret=secret, portal_users=users), Acts())
    with TestClient(app, US, follow_redirects=False, cookies={COOKIE: cookie}) as client:
        assert client.get("/tower").status_code == 303
        assert client.get("/login/oidc").status_code == 404


NAMING = Naming({"a": Role.VIEWER, "b": Role.OPERATOR, "c": Role.FINANCE}, "realm.roles", "email")


@pytest.mark.parametrize(("claims", "person"), [
    ({"realm": {"roles": ["a", "b", "x"]}, "email": "ada"}, Person("ada", Role.OPERATOR)),
    ({"realm.roles": "c", "sub": "17"}, Person("17", Role.FINANCE)),
    ({"realm": {"roles": ["a"]}, "sub": "17", "email": "boss", "email_verified": False}, Person("17", Role.VIEWER)),
    ({"realm": {"roles": ["x", 3, None]}, "sub": "17"}, None), ({"realm": "a", "sub": "17"}, None),
    ({"sub": "17"}, None),
])
def test_the_role_with_the_most_rights_counts(claims: dict[str, object], person: Person | None) -> None:
    assert NAMING.person(claims) == person


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 200, 7, None])
def test_a_name_that_cannot_be_shown_is_refused(name: object) -> None:
    with pytest.raises(Refused):
        NAMING.person({"realm": {"roles": ["a"]}, "sub": name})


@pytest.mark.parametrize("value", ["[]", "{", '{"a": "boss"}', "{}"])
def test_roles_that_are_none_are_named(value: str) -> None:
    with pytest.raises(SettingsError, match="SHIPSYNC_OIDC_ROLES"):
        roles_of(value)


@pytest.mark.parametrize("value", ["http://id.example.com", "id.example.com", "https://"])
def test_an_issuer_is_an_https_address(value: str) -> None:
    with pytest.raises(SettingsError, match="https address of the provider"):
        Settings(oidc_issuer=value)
