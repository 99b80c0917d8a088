"""``/v1/audit``, ``/v1/board`` and ``/v1/scorecard`` say what the tower's pages say, as JSON and as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.portal import LEAST, Portal, portal
from tests.support.portal_afternoon import STAR, afternoon, written_at
from tests.support.portal_world import portal as pages
from tests.support.read_model_world import fill

PATHS = ("/v1/audit", "/v1/board", "/v1/scorecard")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    fill(folder / "read-model", afternoon(), written_at)
    return folder


@pytest.fixture(scope="module")
def one(home: Path) -> Portal:
    return portal(home, filled=False)


@pytest.fixture(scope="module")
def tower(home: Path) -> Iterator[TestClient]:
    made = pages(home / "read-model")
    yield TestClient(made.app)
    made.store.close()


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def as_cell(value: Any) -> str:
    return "" if value is None else str(value)


@pytest.mark.parametrize("days", [7, 30, 90])
@pytest.mark.parametrize(("path", "page"), [("/v1/board", "board"), ("/v1/scorecard", "carriers")])
def test_api_table_and_page_have_the_same_figures(
    one: Portal, tower: TestClient, path: str, page: str, days: int
) -> None:
    told = one.get(f"{path}?days={days}").json()
    answer = one.get(f"{path}?days={days}&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = table(answer.text)
    assert rows == table(tower.get(f"/tower/{page}.csv?days={days}").text)
    assert [{name: as_cell(value) for name, value in item.items()} for item in told["items"]] == [
        {name: row[name] for name in item} for item, row in zip(told["items"], rows, strict=True)
    ]
    assert len(rows) == {"board": {7: 7, 30: 30, 90: 13}[days], "carriers": 5}[page]
    assert (told["days"], told["last_day"]) == (days, "2026-09-21")


def test_the_board_says_the_whole_span_and_what_is_overdue(one: Portal) -> None:
    told = one.get("/v1/board").json()
    assert told["target_hours"] == {"critical": 4.0, "warning": 24.0, "info": 72.0}
    assert told["open_beyond_target"]["critical"] == 3
    assert sum(row["manual_fixes"] for row in told["items"]) == told["manual_fixes"] == 1
    assert 0 < told["untouched_percent"] <= 100


def test_the_audit_trail_is_filtered_paged_and_exported(one: Portal) -> None:
    assert [row["who"] for row in one.get("/v1/audit").json()["items"]] == ["Ada", "api:masterdata", "grace@desk", "Mo"]
    [ada] = one.get("/v1/audit?who=ADA").json()["items"]
    assert (ada["action"], ada["subject_kind"], ada["reason"]) == ("alert.assign", "alert", "asks the carrier")
    assert ada["details"] == [{"name": "owner", "value": "Grace", "before": "nobody"}]
    assert len(one.get(f"/v1/audit?subject=ups:{STAR}").json()["items"]) == 2
    assert [row["who"] for row in one.get(f"/v1/audit?since={ada['at']}").json()["items"]] == ["Ada"]
    first = one.get("/v1/audit?limit=3")
    assert [row["who"] for row in one.get(first.links["next"]["url"]).json()["items"]] == ["Mo"]
    rows = table(one.get("/v1/audit?format=csv&limit=1").text)
    assert [row["who"] for row in rows] == ["Ada", "api:masterdata", "grace@desk", "Mo"]


@pytest.mark.parametrize("path", PATHS)
def test_a_key_needs_the_scope(one: Portal, path: str) -> None:
    for form in ("json", "csv"):
        answer = one.get(f"{path}?format={form}", LEAST)
        assert (answer.status_code, answer.json()["code"]) == (403, "out_of_scope")


@pytest.mark.parametrize(("query", "pointer"), [
    ("days=8", "/query/days"), ("days=x", "/query/days"), ("format=xml", "/query/format"), ("carrier=ups",
     "/query/carrier"),
])
@pytest.mark.parametrize("path", ["/v1/board", "/v1/scorecard"])
def test_a_wrong_parameter_is_refused_and_named(one: Portal, path: str, query: str, pointer: str) -> None:
    response = one.get(f"{path}?{query}")
    assert response.status_code == 422
    assert [fault["pointer"] for fault in response.json()["errors"]] == [pointer]
