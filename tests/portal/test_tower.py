"""The pages of the tower: each says what the read model holds, and says so plainly where it cannot."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from lxml import html
from msgspec import structs

from connectors.read_store.reader import Standing
from portal.pages.templates import POLICY
from portal.tower.lists import _cell
from portal.tower.standing import standing
from portal.words.alerts import WORDING
from streams.contracts.model import CarrierEvent
from streams.feeds.feed_alerts import ALL_FEEDS
from streams.feeds.staleness import first_seen
from streams.kernel.vocabulary import AlertKind, Correction, Milestone, Punctuality, Reason, Severity, Status
from tests.support.portal_afternoon import STAR, STAR_ORDER, afternoon, written_at
from tests.support.portal_links import walk
from tests.support.portal_world import Portal, portal
from tests.support.read_model_world import ACME, DAY, HOUR, MINUTE, NOON, OTHER, alert, event, fill, link, shipment

LISTS = ("alerts", "shipments", "orders", "feeds", "carriers", "dead-letters", "references", "postings",
           "notifications",
         "board", "held", "audit")


def text_of(page: str) -> str:
    return " ".join(html.fromstring(page).text_content().split())


def test_every_kind_of_alert_has_words_and_a_next_action() -> None:
    assert set(WORDING) == set(AlertKind)
    assert all(one.title and one.action.endswith(".") for one in WORDING.values())


def test_every_link_of_the_tower_leads_to_a_page_with_a_strict_policy(client: TestClient) -> None:
    pages = dict(walk(client, "/tower"))
    assert {name for name, answer in pages.items() if answer.status_code != 200} == set()
    assert len(pages) > 40
    shown = {name: answer for name, answer in pages.items() if answer.headers["content-type"].startswith("text/html")}
    assert {answer.headers["content-security-policy"] for answer in shown.values()} == {POLICY}
    for name, answer in shown.items():
        page = html.fromstring(answer.text)
        assert page.xpath("//script[not(@src)] | //style | //*[@style] | //@*[starts-with(name(), 'on')]") == [], name


def test_the_work_list_ranks_by_severity_and_value_and_says_what_to_do_next(client: TestClient) -> None:
    page = html.fromstring(client.get("/tower").text)
    titles = [one.text_content() for one in page.xpath("//article//h2/a")]
    assert titles[:3] == ["Feed is silent", "Promise is at risk", "Promise has passed"]
    assert titles[-1] == "Delivered without proof"
    [risk] = [one for one in page.xpath("//article") if STAR in one.text_content()]
    words = " ".join(risk.text_content().split())
    for said in ("18,400.00 EUR", "Northwind Medical", "Mon 21 Sep 2026, 17:13 UTC", "4 h ago", "nobody",
                 "expected 21 h after the promise", "operations 10:14 UTC, pager not reached yet",
                 WORDING[AlertKind.DELIVERY_AT_RISK].action):
        assert said in words
    assert risk.xpath(".//time/@title") == ["Mon 21 Sep 2026, 10:13 UTC"]


@pytest.mark.parametrize(("query", "titles"), [
    ("kind=delivery_late", ["Promise has passed", "Promise has passed"]),
    ("severity=info", ["Delivered without proof"]),
    ("owner=claims", ["Exception on the way"]),
    ("carrier=ups", ["Promise is at risk", "No signal"]),
    ("kind=delivery_late&owner=-", ["Promise has passed"]),
    ("kind=none_of_these", []),
])
def test_a_filter_is_in_the_address_and_holds_for_the_csv_too(
    client: TestClient, query: str, titles: list[str]
) -> None:
    page = html.fromstring(client.get(f"/tower?{query}").text)
    assert [one.text_content() for one in page.xpath("//article//h2/a")] == titles
    rows = list(csv.DictReader(io.StringIO(client.get(f"/tower/alerts.csv?{query}").text)))
    assert [WORDING[AlertKind(row["kind"])].title for row in rows] == titles


def test_the_csv_says_who_was_told(client: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(client.get("/tower/alerts.csv").text)))
    told = {row["subject"]: row["told"] for row in rows}
    assert told[f"ups:{STAR}"] == "operations 10:14 UTC, pager not reached yet"
    assert sorted(one for subject, one in told.items() if one and subject != f"ups:{STAR}") == [
        "acknowledged by Grace 12:13 UTC"
    ]


def test_with_a_customer_in_the_filter_its_own_promise_counts(tmp_path: Path) -> None:
    theirs = [link("SO-1", ACME, NOON + DAY), link("SO-2", OTHER, NOON - DAY)]
    late = shipment("1Z", Status.DELIVERED, NOON, orders=theirs, promised=NOON - DAY, delivered=NOON,
                    punctuality=Punctuality.DELIVERED_LATE)
    fill(tmp_path, [("ups:1Z", late)])
    client = TestClient(portal(tmp_path).app)
    for customer, stands in ((ACME, "delivered_on_time"), (OTHER, "delivered_late"), ("", "delivered_late")):
        for asked in ("delivered_on_time", "delivered_late"):
            found = client.get(f"/tower/shipments.csv?customer={customer}&punctuality={asked}").text
            rows = [row["punctuality"] for row in csv.DictReader(io.StringIO(found))]
            assert rows == ([stands] if asked == stands else [])


def test_every_list_is_there_as_csv(client: TestClient) -> None:
    for name in LISTS:
        answer = client.get(f"/tower/{name}.csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert len(rows) > 1, name
        assert {len(row) for row in rows} == {len(rows[0])}
    assert len(client.get("/tower/shipments.csv").text.splitlines()) == 123


def test_messages_to_endpoints_are_listed_by_state_and_stand_beside_the_sentence(client: TestClient) -> None:
    pending = client.get("/tower/notifications?status=pending").text
    assert "503 down for maintenance" in pending
    assert pending.count("webhook:ep_5b1c") == 2
    assert "No message fits" in client.get("/tower/notifications?status=refused").text
    assert "No message fits" in client.get("/tower/notifications?customer=C-NOBODY").text
    page = client.get(f"/tower/shipments/ups:{STAR}").text
    assert page.count("webhook sent") == 2
    assert "webhook retrying" in page


def test_a_formula_in_a_foreign_text_is_no_formula_in_a_spreadsheet() -> None:
    assert _cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert _cell("-1+2") == "'-1+2"
    assert _cell(-1) == -1
    assert _cell("SO-1") == "SO-1"


def test_a_list_goes_on_where_its_page_ended(client: TestClient) -> None:
    address, seen = "/tower/shipments", list[str]()
    while address:
        page = html.fromstring(client.get(address).text)
        seen += [one.text_content() for one in page.xpath("//tbody//th//a")]
        [*more] = page.xpath("//nav[@aria-label='Pages of the list']/a/@href")
        address = more[0] if more else ""
    assert len(seen) == len(set(seen)) == 122
    assert client.get("/tower/shipments?cursor=nonsense").status_code == 400


def test_each_posting_says_where_it_is_in_the_erp(client: TestClient) -> None:
    page = html.fromstring(client.get("/tower/postings").text)
    said = [" ".join(one.text_content().split()) for one in page.xpath("//td[@data-name='In the ERP']")]
    assert any("sent" in one and "main: S-118" in one for one in said)
    assert any("held" in one and "main: the <stock> is not there" in one for one in said)
    assert "not sent" in said


def test_a_notice_that_the_erp_refused_says_so(client: TestClient) -> None:
    page = html.fromstring(client.get("/tower/postings").text)
    rows = page.xpath("//div[@aria-label='Notices']//tbody/tr")
    assert [[" ".join(cell.text_content().split()) for cell in row] for row in rows] == [
        ["booked", "held 1 h agomain: no <shipment> has this number", "DN-80213", "1 h ago"],
        ["ready to ship", "sent 24 h agomain: note <18>", "DN-70001", "24 h ago"],
    ]


def test_one_shipment_shows_message_event_sentence_and_posting_side_by_side(client: TestClient) -> None:
    page = html.fromstring(client.get(f"/tower/shipments/ups:{STAR}").text)
    lines = page.xpath("//table[contains(@class, 'timeline')]/tbody/tr")
    rows = [" ".join(row.text_content().split()) for row in lines]
    assert len(rows) == 6
    picked = rows[-1]
    for said in ("Sat 19 Sep 2026, 12:13 UTC", "14:13 +02:00 there", "picked up", "Pickup scan", "Raw message",
                 "The carrier has collected your shipment.", "Northwind Medical", "goods issue", "DN-80213"):
        assert said in picked
    wrong = next(row for row in page.xpath("//tbody/tr") if row.get("class") == "back")
    assert wrong.xpath(".//del//text()") == ["Your shipment was delivered.", "delivery confirmation"]
    assert "Taken back 18 h ago because ups sent: arrived facility, “Delivery scan voided”" in " ".join(
        wrong.text_content().split()
    )
    assert "piece 1 of 2: in transit" in text_of(html.tostring(page).decode())


def test_a_raw_message_is_shown_as_it_came_and_its_absence_is_said(shown: Portal, client: TestClient) -> None:
    found = client.get("/tower/raw?topic=raw.ups.v1&partition=0&offset=7").text
    assert '&#34;trackingNumber&#34;: &#34;1Z999AA10123456784&#34;' in found
    assert "no longer kept" in client.get("/tower/raw?topic=raw.ups.v1&partition=0&offset=99").text
    assert client.get("/tower/raw?topic=master.data.v1&partition=0&offset=7").status_code == 404
    shown.payloads.away = True
    assert client.get("/tower/raw?topic=raw.ups.v1&partition=0&offset=7").status_code == 503


def test_a_number_leads_to_its_shipment_whatever_number_it_is(client: TestClient) -> None:
    for number in (STAR, "1z999aa1 0123456784", "DN-80213"):
        assert client.get("/tower/shipments", params={"q": number}).headers["location"].endswith(STAR)
    several = client.get("/tower/shipments", params={"q": STAR_ORDER})
    assert several.status_code == 200
    assert "2 shipments for" in text_of(several.text)
    assert "Nothing has the number" in text_of(client.get("/tower/shipments?q=NOSUCH").text)


def test_an_unknown_key_names_the_nearest(client: TestClient) -> None:
    answer = client.get("/tower/shipments/ups:1Z999AA1012345678")
    assert answer.status_code == 404
    assert f"/tower/shipments/ups%3A{STAR}" in html.fromstring(answer.text).xpath("//a/@href")
    assert client.get("/tower/orders/none").status_code == 404
    assert client.get("/tower/alerts/none").status_code == 404


def test_a_lost_read_model_is_said_in_plain_words(tmp_path: Path) -> None:
    lost = TestClient(portal(tmp_path / "nothing").app)
    for address in ("/tower", "/tower/shipments", "/tower/feeds", f"/tower/orders/{STAR_ORDER}"):
        answer = lost.get(address)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        assert "The view cannot be read just now" in text_of(answer.text)


def test_the_banner_says_how_old_the_view_is() -> None:
    assert standing(Standing(NOON, 0, True), NOON + 1).tone == "good"
    assert "1,200 records behind" in standing(Standing(NOON, 1_200, True), NOON + 1).words
    assert "is being built" in standing(Standing(NOON, 5, False), NOON + 1).words
    assert "its worker or Kafka is away" in standing(Standing(NOON, 0, True), NOON + 2 * MINUTE).words
    assert "still empty" in standing(Standing(0, 0, False), NOON).words


def test_a_view_that_stands_still_says_so_on_every_page(tmp_path: Path) -> None:
    fill(tmp_path, afternoon()[:40])
    old = portal(tmp_path, now=lambda: NOON + 3 * HOUR)
    for address in ("/tower", "/tower/shipments", "/tower/feeds", "/tower/postings"):
        assert "This view stands still since 3 h" in text_of(TestClient(old.app).get(address).text)
    old.store.close()


def test_feeds_show_silence_and_the_reason_of_a_pause(client: TestClient) -> None:
    page = html.fromstring(client.get("/tower/feeds").text)
    words = [" ".join(one.text_content().split()) for one in page.xpath("//article")]
    assert "260 of 300 records became dead letters" in words[0]
    assert words[1].startswith("gls silent")
    assert page.xpath("//article[2]//svg/@aria-label")[0].endswith("silent at the end")
    assert len(page.xpath("//article[2]//*[@class='bar']")) > 10


def test_the_scorecard_agrees_with_the_shipments(client: TestClient) -> None:
    cards = {row["carrier"]: row for row in csv.DictReader(io.StringIO(client.get("/tower/carriers.csv").text))}
    ships = list(csv.DictReader(io.StringIO(client.get("/tower/shipments.csv").text)))
    for carrier, card in cards.items():
        theirs = [one for one in ships if one["carrier"] == carrier]
        late = sum(one["punctuality"] == "delivered_late" for one in theirs)
        good = sum(one["punctuality"] == "delivered_on_time" for one in theirs)
        assert int(card["shipments"]) == len(theirs)
        assert int(card["delivered_late"]) == late
        assert float(card["on_time_percent"]) == round(100 * good / (good + late), 1)


def test_the_scorecard_shows_how_fast_and_how_fully_a_carrier_reports(tmp_path: Path) -> None:
    out = event("1Z", Milestone.OUT_FOR_DELIVERY, NOON - 3 * HOUR)
    assert isinstance(out.event, CarrierEvent)
    told = [
        event("1Z", Milestone.PICKED_UP, NOON - DAY), out, event("1Z", Milestone.DELIVERED, NOON - HOUR),
        event("1Z", Milestone.INFO, NOON - 2 * HOUR, correction=Correction.RETRACTS, corrects=out.event.event_id),
    ]
    done = shipment("1Z", Status.DELIVERED, NOON - HOUR, promised=NOON, delivered=NOON - HOUR,
                    punctuality=Punctuality.DELIVERED_ON_TIME)
    fill(tmp_path, [("ups:1Z", one) for one in (*told, done)], written_at)
    client = TestClient(portal(tmp_path).app)
    [ups] = csv.DictReader(io.StringIO(client.get("/tower/carriers.csv").text))
    assert (ups["first_day"], ups["last_day"]) == ("2026-08-23", "2026-09-21")
    assert 32 < float(ups["latency_p50_s"]) < 48, "each was received 40 s after it happened"
    assert float(ups["latency_p95_s"]) < 48
    assert (ups["false_starts"], ups["events"], ups["on_time_percent"]) == ("1", "3", "100.0")
    shares = {"pickup": "100.0", "out_for_delivery": "0.0", "delivery": "100.0", "proof": "100.0", "milestones": "60.0"}
    assert {name: ups[f"{name}_percent"] for name in shares} == shares
    page = html.fromstring(client.get("/tower/carriers").text)
    words = " ".join(page.xpath("//tr[th//text()='ups']")[0].text_content().split())
    assert "100.0 %" in words
    assert "out for delivery: 0.0 %" in words
    assert page.xpath("//tr[th//text()='ups']//svg/@aria-label")[0].startswith("On time over time: from ")


@pytest.mark.parametrize(("asked", "days"), [("7", "7"), ("90", "90"), ("x", "30"), ("", "30"), ("100000", "30")])
def test_the_scorecard_covers_the_days_asked_for(client: TestClient, asked: str, days: str) -> None:
    page = html.fromstring(client.get(f"/tower/carriers?days={asked}").text)
    assert page.xpath("//nav[@aria-label='Days shown']/a[@aria-current]/text()") == [f"{days} days"]
    assert page.xpath("//nav[@aria-label='Days shown']/a/@href")[-1] == f"/tower/carriers.csv?days={days}"


def test_a_delivered_shipment_is_held_against_its_promise_not_by_its_last_estimate(tmp_path: Path) -> None:
    done = structs.replace(
        shipment("1Z", Status.DELIVERED, NOON, promised=NOON + 5 * HOUR, estimated=NOON + 9 * HOUR, delivered=NOON,
                 punctuality=Punctuality.DELIVERED_ON_TIME), slip_from_promise_ms=4 * HOUR,
    )
    fill(tmp_path, [("ups:1Z", done)])
    words = text_of(TestClient(portal(tmp_path).app).get("/tower/shipments/ups:1Z").text)
    assert "5 h before the promise" in words


def test_a_cause_is_said_once(tmp_path: Path) -> None:
    raised = alert(
        AlertKind.SHIPMENT_EXCEPTION, "ups:1Z", Severity.WARNING, NOON, message="ups:1Z: refusal (consignee refused)",
        reason=Reason.CONSIGNEE_REFUSED,
    )
    fill(tmp_path, [(raised.alert_id, raised)])
    words = text_of(TestClient(portal(tmp_path).app).get("/tower").text)
    assert "refusal (consignee refused)" in words
    assert words.count("consignee refused") == 1


def test_feeds_that_sent_nothing_yet_are_named_in_one_line(tmp_path: Path) -> None:
    fill(tmp_path, [*afternoon(), ("xpo", first_seen("xpo", NOON)), (ALL_FEEDS, first_seen(ALL_FEEDS, NOON))])
    made = portal(tmp_path)
    page = TestClient(made.app).get("/tower/feeds").text
    made.store.close()
    assert "Nothing received yet from 1 more: xpo." in page
    assert page.count('class="card feedcard"') == 5
    assert ">xpo<" not in page


@pytest.mark.parametrize(("address", "near"), [
    ("/tower/shipment", "/tower/shipments"), ("/tower/dead_letters/x", "/tower/dead-letters"), ("/tower/zzz", "/tower"),
])
def test_an_address_that_leads_nowhere_names_the_nearest(client: TestClient, address: str, near: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert f'href="{near}"' in answer.text


def test_an_unknown_number_or_order_names_the_nearest(client: TestClient) -> None:
    page = client.get("/tower/shipments?q=JD0146000999").text
    assert "Perhaps you mean" in page
    assert 'href="/tower/shipments/' in page
    assert "Perhaps you mean" not in client.get("/tower/shipments?q=ZZZ-none").text
    page = client.get("/tower/orders/SO-4800").text
    assert 'href="/tower/orders/SO-4800' in page
    assert client.get("/tower/orders/ZZZ").text.count('href="/tower/orders/') == 0
