"""The board of service levels: what counts, on which day, and that the page, its CSV and the lists behind it agree."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from lxml import html
from msgspec import Struct, structs

from connectors.read_store.figures import Closed
from portal.tower.board import in_time
from streams.contracts.model import AlertChange, MasterRecord
from streams.kernel.vocabulary import (
    AlertKind,
    AlertState,
    AlertStep,
    MasterKind,
    Milestone,
    PostingKind,
    Punctuality,
    Severity,
    Status,
)
from streams.read_model.project import key_of
from streams.read_model.tallies import day_of
from tests.support.portal_afternoon import written_at
from tests.support.portal_world import TARGETS, Portal, portal
from tests.support.read_model_world import ACME, DAY, HOUR, MINUTE, NOON, alert, event, fill, posting, shipment

TODAY, YESTERDAY = "2026-09-21", "2026-09-20"


def delivered(number: str, at: int) -> list[tuple[str, Struct]]:
    key = key_of("ups", number)
    state = shipment(number, Status.DELIVERED, at, delivered=at, punctuality=Punctuality.DELIVERED_ON_TIME)
    return [
        (key, event(number, Milestone.DELIVERED, at)), (key, state),
        (key, posting(number, "SO-1", ACME, PostingKind.DELIVERY_CONFIRMATION, at)),
    ]


def resolved(
    subject: str, after: int, by: str, severity: Severity = Severity.WARNING, raised_at: int = NOON - DAY - HOUR
) -> tuple[str, Struct]:
    raised = alert(AlertKind.SHIPMENT_EXCEPTION, subject, severity, raised_at)
    done = structs.replace(
        raised, state=AlertState.RESOLVED, resolved_at=raised.raised_at + after, resolved_by=by,
        history=[*raised.history, AlertChange(raised.raised_at + after, AlertStep.RESOLVED, by)],
    )
    return done.alert_id, done


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Portal]:
    decided = MasterRecord(
        MasterKind.REFERENCE, "po:77", NOON - MINUTE, "ada", carrier="ups", tracking_number="1Z3"
    )
    records = [
        *delivered("1Z1", NOON - HOUR), *delivered("1Z2", NOON - HOUR), *delivered("1Z3", NOON - HOUR),
        *delivered("1Z4", NOON - DAY), resolved("ups:1Z2", DAY, "ada"), resolved("ups:1Z4", DAY + HOUR, "itself"),
        ("reference:po:77", decided),
    ]
    fill(tmp_path, records, written_at)
    made = portal(tmp_path)
    yield made
    made.store.close()


def rows(made: Portal, query: str = "") -> dict[str, dict[str, str]]:
    text = TestClient(made.app).get(f"/tower/board.csv{query}").text
    return {row["last_day"]: row for row in csv.DictReader(io.StringIO(text))}


def test_each_day_has_its_numbers(watched: Portal) -> None:
    found = rows(watched, "?days=7")
    assert len(found) == 7
    today, yesterday = found[TODAY], found[YESTERDAY]
    assert (today["delivered"], yesterday["delivered"]) == ("3", "1")
    assert today["untouched_percent"] == "33.3", "an alert was resolved by a person, a reference decided by one"
    assert yesterday["untouched_percent"] == "100.0", "an alert that ended by itself is no hand's work"
    assert today["posted"] == "3"
    assert 34 < int(today["delivery_to_posting_p50_s"]) < 50, "each was posted 42 s after its delivery"
    assert (today["alerts_closed"], today["closed_in_time_percent"]) == ("2", "50.0")
    assert (today["manual_fixes"], yesterday["manual_fixes"]) == ("1", "0")


def test_over_ninety_days_a_row_is_a_week(watched: Portal) -> None:
    found = rows(watched, "?days=90")
    assert len(found) == 13
    assert found[TODAY]["delivered"] == "4"
    assert found[TODAY]["first_day"] == "2026-09-15"


def test_the_page_says_the_numbers_in_words_and_leads_to_what_is_behind_them(watched: Portal) -> None:
    page = html.fromstring(TestClient(watched.app).get("/tower/board").text)
    tiles = {one.xpath("span/text()")[0]: one for one in page.xpath("//ul[contains(@class, 'tiles')]//a")}
    values = {name: one.xpath("b/text()")[0] for name, one in tiles.items()}
    assert values.pop("Delivery to posting").endswith(" s")
    assert values == {"Untouched by hand": "50.0 %", "Exceptions closed in time": "50.0 %", "Manual fixes": "1"}
    assert {one.get("href") for one in tiles.values()} == {
        "/tower/shipments?status=delivered", "/tower/postings", "/tower", "#decided"
    }
    decided = page.xpath("//div[@aria-label='Decided by hand']//tbody/tr")
    assert [one.xpath("string(.)") for one in decided[0]] == ["po:77", "reference", "ups:1Z3", "ada", "1 min ago"]
    assert page.xpath("//div[@aria-label='Decided by hand']//a/@href") == ["/tower/shipments/ups%3A1Z3"]


def test_what_is_open_beyond_its_target_leads_to_the_work_list(tmp_path: Path) -> None:
    old = alert(AlertKind.DELIVERY_LATE, "ups:1Z9", Severity.CRITICAL, NOON - 5 * HOUR)
    young = alert(AlertKind.DELIVERY_LATE, "ups:1Z8", Severity.CRITICAL, NOON - 3 * HOUR)
    fill(tmp_path, [(one.alert_id, one) for one in (old, young)])
    made = portal(tmp_path)
    page = html.fromstring(TestClient(made.app).get("/tower/board").text)
    [tile] = page.xpath("//a[span='Exceptions closed in time']")
    assert "1 open beyond that now" in tile.text_content()
    assert tile.get("href") == "/tower?severity=critical"
    assert tile.xpath("b/text()") == ["none"]
    made.store.close()


def test_the_target_is_that_of_the_severity_and_its_last_moment_counts(tmp_path: Path) -> None:
    at = NOON - 10 * DAY
    fill(tmp_path, [
        resolved("ups:1Z2", 4 * HOUR, "kept", Severity.CRITICAL, at),
        resolved("ups:1Z3", 4 * HOUR + 1, "missed", Severity.CRITICAL, at),
        resolved("ups:1Z4", DAY, "kept too", Severity.WARNING, at + DAY),
        resolved("ups:1Z5", DAY + 1, "missed too", Severity.WARNING, at + DAY),
    ])
    made = portal(tmp_path)
    day = day_of(at + 4 * HOUR)
    assert made.store.figures.closed(0, TARGETS) == [Closed(day, 2, 1), Closed(day_of(at + 2 * DAY), 2, 1)]
    assert made.store.figures.closed(at + DAY, TARGETS) == [Closed(day_of(at + 2 * DAY), 2, 1)]
    made.store.close()


def test_a_share_of_nothing_is_none() -> None:
    assert in_time([Closed(1, 3, 1), Closed(2, 1, 1)]) == 50
    assert in_time([]) is None


def test_an_alert_that_was_never_raised_itself_is_not_closed_by_anybody(tmp_path: Path) -> None:
    key, done = resolved("ups:1Z2", DAY, "itself")
    fill(tmp_path, [(key, structs.replace(done, times_raised=0))])
    made = portal(tmp_path)
    assert made.store.figures.closed(0, TARGETS) == []
    made.store.close()
