"""The audit trail: the newest action first, filtered, exported, beside what it is about, and only for who may read."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from lxml import html

from connectors.read_store.actions import ActionFilter
from portal.sign_in.people import Person, Role
from streams.contracts import ids
from streams.kernel.vocabulary import AlertKind
from tests.support.portal_afternoon import STAR
from tests.support.portal_world import Portal, portal

STAR_ALERT = ids.alert_id(AlertKind.DELIVERY_AT_RISK, f"ups:{STAR}")


def shown_in(text: str) -> list[str]:
    """Who and what, row by row."""
    rows = html.fromstring(text).xpath("//main//tbody/tr[td]")
    return [" ".join(row.text_content().split()) for row in rows]


@pytest.mark.parametrize(("query", "who"), [
    ("", ["Ada", "api:masterdata", "grace@desk", "Mo"]), ("who=ADA", ["Ada"]), ("action=feed.resume", ["grace@desk"]),
    ("subject=gls", ["grace@desk"]), (f"subject=ups:{STAR}", ["Ada", "api:masterdata"]),
    (f"subject={STAR_ALERT}", ["Ada"]), ("who=mo&action=feed.resume", []),
])
def test_the_trail_is_filtered_and_exported_alike(client: TestClient, query: str, who: list[str]) -> None:
    rows = shown_in(client.get(f"/tower/audit?{query}").text)
    assert [found for found, name in zip(rows, who, strict=True) if name in found] == rows
    exported = list(csv.DictReader(io.StringIO(client.get(f"/tower/audit.csv?{query}").text)))
    assert [row["who"] for row in exported] == who


def test_a_row_says_who_did_what_on_what_and_why(client: TestClient) -> None:
    ada, api, grace, _ = shown_in(client.get("/tower/audit").text)
    for words in ("1 h ago", "operator, tower", "alert: assign", "asks the carrier", "owner: nobody Grace"):
        assert words in ada
    assert f"shipment: ups:{STAR}" in api
    assert "feed: resume failed" in grace


def test_a_shipments_page_shows_what_was_done_about_it(client: TestClient) -> None:
    [section] = html.fromstring(client.get(f"/tower/shipments/ups:{STAR}").text).xpath(
        "//section[@aria-labelledby='actions']"
    )
    rows = section.xpath(".//tbody/tr")
    assert ["Ada" in row.text_content() for row in rows] == [True, False]


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("finance", 403), ("operator", 200), ("admin", 200)])
def test_only_who_may_reads_it(model: Path, role: str, status: int) -> None:
    made = portal(model, who=Person("Eve", Role(role)))
    client = TestClient(made.app)
    assert ('href="/tower/audit"' in client.get("/tower").text) == (status == 200)
    for path in ("/tower/audit", "/tower/audit.csv"):
        assert client.get(path).status_code == status
    made.store.close()


def test_the_trail_is_paged_without_a_gap(shown: Portal) -> None:
    found, cursor = list[str](), None
    while True:
        page = shown.store.actions(ActionFilter(), 1, cursor)
        found += [one.action_id for one in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert found == [f"action-{place}" for place in range(4)]
