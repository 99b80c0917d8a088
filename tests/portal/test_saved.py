"""Saved filters: each person's own, by name, as links above the list; what cannot be kept is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from lxml import html

from connectors.portal_store.filters import FILE, MOST, SavedFilters, Taken, TooMany
from portal.sign_in.people import Person, Role
from streams.contracts.audit import ActionDetail
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import ActionOutcome
from tests.support.portal_world import portal
from tests.support.read_model_world import HOSTILE, fill

HERE = {"origin": "http://testserver"}
LATE = "kind=delivery_late&owner=-"


def client(folder: Path, name: str = "ada") -> TestClient:
    if not (folder / "model").exists():
        fill(folder / "model")
    return TestClient(portal(folder / "model", who=Person(name, Role.VIEWER)).app, follow_redirects=False)


def save(at: TestClient, name: str, query: str = LATE, of_list: str = "worklist") -> str:
    answer = at.post("/tower/filters/save", data={"list": of_list, "name": name, "query": query}, headers=HERE)
    return f"{answer.status_code} {answer.headers.get('location', '')}"


def links(at: TestClient, address: str = "/tower") -> dict[str, str]:
    found = html.fromstring(at.get(address).text).xpath("//nav[@aria-label='Saved filters']//a")
    return {one.text_content(): one.get("href") for one in found}


def number_of(at: TestClient, address: str) -> str:
    [number] = html.fromstring(at.get(address).text).xpath("//form[@action='/tower/filters/delete']/input/@value")
    return str(number)


def test_a_filter_is_saved_opened_renamed_and_deleted(tmp_path: Path) -> None:
    ada = client(tmp_path)
    assert links(ada) == {}
    assert save(ada, "Mine, late") == f"303 /tower?{LATE}"
    assert links(ada) == {"Mine, late": f"/tower?{LATE}"}
    assert links(ada, "/tower/shipments") == {}
    number = number_of(ada, f"/tower?{LATE}")
    renamed = ada.post("/tower/filters/rename", data={"id": number, "name": "Late"}, headers=HERE)
    assert renamed.headers["location"] == f"/tower?{LATE}"
    assert list(links(ada)) == ["Late"]
    ada.post("/tower/filters/delete", data={"id": number}, headers=HERE)
    assert links(ada) == {}


@pytest.mark.parametrize(("of_list", "address", "query"), [
    ("shipments", "/tower/shipments", "carrier=ups&status=delivered"), ("orders", "/tower/orders", "customer=C-ACME"),
    ("letters", "/tower/dead-letters", "feed=ups"),
])
def test_every_list_with_filters_keeps_its_own(tmp_path: Path, of_list: str, address: str, query: str) -> None:
    ada = client(tmp_path)
    page = html.fromstring(ada.get(f"{address}?{query}").text)
    form = {one.get("name"): one.get("value") for one in page.xpath("//form[@action='/tower/filters/save']/input")}
    assert form == {"list": of_list, "query": query}
    assert save(ada, "own", query, of_list) == f"303 {address}?{query}"
    assert links(ada, address) == {"own": f"{address}?{query}"}


def test_the_same_name_again_takes_its_place(tmp_path: Path) -> None:
    ada = client(tmp_path)
    save(ada, "own")
    save(ada, "own", "severity=critical&cursor=abc")
    assert links(ada) == {"own": "/tower?severity=critical"}


def test_every_change_is_on_record_before_it_is_made(tmp_path: Path) -> None:
    fill(tmp_path / "model")
    made = portal(tmp_path / "model", who=Person("ada", Role.VIEWER))
    ada = TestClient(made.app, follow_redirects=False)
    save(ada, "own")
    save(ada, "own", "severity=info")
    save(ada, "other")
    number = number_of(ada, "/tower?severity=info")
    for name in ("mine", "other"):
        ada.post("/tower/filters/rename", data={"id": number, "name": name}, headers=HERE)
    ada.post("/tower/filters/delete", data={"id": number}, headers=HERE)
    ada.post("/tower/filters/delete", data={"id": number}, headers=HERE)
    taken, failed = ActionOutcome.TAKEN, ActionOutcome.FAILED
    assert [(one.action, one.subject, [*one.details], one.outcome) for one in made.acts.recorded_actions] == [
        ("filter.save", "ada/worklist/own", [ActionDetail("query", LATE)], taken),
        ("filter.save", "ada/worklist/own", [ActionDetail("query", "severity=info", LATE)], taken),
        ("filter.save", "ada/worklist/other", [ActionDetail("query", LATE)], taken),
        ("filter.rename", "ada/worklist/own", [ActionDetail("name", "mine", "own")], taken),
        ("filter.rename", "ada/worklist/mine", [ActionDetail("name", "other", "mine")], taken),
        ("filter.rename", "ada/worklist/mine", [ActionDetail("name", "other", "mine")], failed),
        ("filter.delete", "ada/worklist/mine", [ActionDetail("query", "", "severity=info")], taken),
    ]
    made.acts.away = True
    assert save(ada, "more") == "503 "
    assert list(links(ada)) == ["other"]


def test_nobody_sees_or_changes_the_filters_of_another(tmp_path: Path) -> None:
    ada, bob = client(tmp_path), client(tmp_path, "bob")
    save(ada, "own")
    number = number_of(ada, f"/tower?{LATE}")
    assert links(bob) == {}
    for what in ("rename", "delete"):
        answer = bob.post(f"/tower/filters/{what}", data={"id": number, "name": "x"}, headers=HERE)
        assert answer.status_code == 404
    assert list(links(ada)) == ["own"]


@pytest.mark.parametrize(("name", "query", "of_list", "status"), [
    (" ", LATE, "worklist", "400 "), ("x" * 61, LATE, "worklist", "400 "), ("a\x1bb", LATE, "worklist", "400 "),
    ("own", "", "worklist", "400 "), ("own", "cursor=abc", "worklist", "400 "), ("own", "A%20b=1", "worklist", "400 "),
    ("own", f"owner={'x' * 201}", "worklist", "400 "), ("own", LATE, "feeds", "404 "),
])
def test_what_is_no_filter_is_refused(tmp_path: Path, name: str, query: str, of_list: str, status: str) -> None:
    assert save(client(tmp_path), name, query, of_list) == status


def test_another_site_saves_nothing(tmp_path: Path) -> None:
    ada = client(tmp_path)
    given = {"list": "worklist", "name": "own", "query": LATE}
    for what in ("save", "rename", "delete"):
        answer = ada.post(f"/tower/filters/{what}", data=given, headers={"origin": "https://evil.example"})
        assert answer.status_code == 403
    assert links(ada) == {}


def test_a_hostile_name_is_only_text(tmp_path: Path) -> None:
    ada = client(tmp_path)
    name = HOSTILE.replace("\x1b", "")[:60]
    save(ada, name, "owner=%22%3E%3Cscript%3E")
    page = html.fromstring(ada.get("/tower?owner=%22%3E%3Cscript%3E").text)
    assert page.xpath("//nav[@aria-label='Saved filters']//a/text()") == [name]
    assert page.xpath("//main//script") == []


def test_names_are_unique_and_their_number_is_bounded(tmp_path: Path) -> None:
    kept = SavedFilters(tmp_path)
    for place in range(MOST):
        kept.save("ada", "worklist", f"f{place}", LATE)
    with pytest.raises(TooMany):
        kept.save("ada", "worklist", "one more", LATE)
    kept.save("ada", "worklist", "f0", "severity=info")
    kept.save("ada", "shipments", "one more", LATE)
    first, second = kept.of("ada", "worklist")[:2]
    with pytest.raises(Taken):
        kept.rename("ada", first.id, second.name)
    assert kept.of("ada", "worklist")[:2] == [first, second]
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_used_takes_no_list_away(tmp_path: Path) -> None:
    ada = client(tmp_path)
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(Transient, match="cannot be used"):
        SavedFilters(kept).of("ada", "worklist")
    assert ada.get("/tower").status_code == 200
    assert save(ada, "own").startswith("503")
