"""The tracking page: the customer's own news in their language, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from lxml import html
from msgspec import structs

from connectors.read_store.reader import ReadStore
from portal.tracking.brands import load
from portal.tracking.router import MOST_PARCELS
from portal.tracking.times import clock, day, whole
from portal.tracking.tokens import Expired, Subject, Tokens, WrongToken
from portal.tracking.view import REACHED
from portal.words.customers import LANGUAGES, catalogue, chosen, sentence
from streams.contracts.model import CarrierEvent, CustomerUpdate, EnrichedEvent, ShipmentState
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Milestone, Reason, Severity, Status
from streams.read_model.project import key_of
from tests.support.portal_afternoon import STAR, STAR_CUSTOMER, STAR_ORDER, WAITING_ORDER, afternoon, collecting
from tests.support.portal_world import ADA, SECRET, Portal, portal
from tests.support.read_model_world import ACME, DAY, HOUR, NOON, OTHER, alert, fill, world

ORDER = Subject("order", STAR_ORDER, STAR_CUSTOMER)
MOST_BYTES = 50_000


def text_of(page: str) -> str:
    return " ".join(html.fromstring(page).text_content().split())


def words_of(page: str) -> str:
    """The text with a space between any two parts."""
    return " ".join(" ".join(html.fromstring(page).itertext()).split())


def address(shown: Portal, subject: Subject = ORDER) -> str:
    return f"/t/{shown.tokens.made(subject)}"


def test_every_word_is_there_in_every_language() -> None:
    english = catalogue("en")
    for language in LANGUAGES:
        texts = catalogue(language)
        assert set(texts.milestones) == set(Milestone)
        assert set(texts.statuses) == set(Status)
        assert set(texts.exceptions) == set(ExceptionType)
        assert set(texts.reasons) == set(english.reasons)
        assert set(texts.page) == set(english.page)
        for name, text in texts.page.items():
            assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", english.page[name]), (language, name)
        assert all(texts.milestones.values())
        assert all(texts.statuses.values())
    assert set(REACHED) == set(Status)


def test_reasons_that_are_ours_alone_have_no_words() -> None:
    for reason in (Reason.DISPATCH_ERROR, Reason.DRIVER, Reason.CARRIER_KEYING_ERROR, Reason.CODE_UNMAPPED,
                   Reason.SHIPPER_DATA_ERROR, Reason.MISSORTED, Reason.CAPACITY):
        assert reason not in catalogue("en").reasons


@pytest.mark.parametrize(("asked", "accepted", "expected"), [
    (None, None, "en"), ("de", "fr", "de"), ("xx", "fr", "fr"), (None, "de-AT,de;q=0.9,en;q=0.8", "de"),
    (None, "it, es;q=0.4, fr;q=0.7", "fr"), (None, "it", "en"), (None, "de;q=0, es;q=0.1", "es"),
    (None, "de;q=x,;;,,q=", "en"), (None, "," * 100_000, "en"),
])
def test_the_language_is_the_one_asked_for_or_the_browsers(
    asked: str | None, accepted: str | None, expected: str
) -> None:
    assert chosen(asked, accepted) == expected


def test_a_link_cannot_be_guessed_altered_or_used_for_ever() -> None:
    now = [1_000_000_000.0]
    tokens = Tokens(SECRET, days=60, now=lambda: now[0])
    token = tokens.made(ORDER)
    assert tokens.read(token) == ORDER
    altered = token[:-9] + ("A" if token[-9] != "A" else "B") + token[-8:]
    for other in (altered, token[1:], token[:-1], token.swapcase(), "", "x" * 5_000, "a.b.c"):
        with pytest.raises(WrongToken):
            tokens.read(other)
    with pytest.raises(WrongToken):
        Tokens("another secret of this length", now=lambda: now[0]).read(token)
    now[0] += 60 * 86_400 + 1
    with pytest.raises(Expired):
        tokens.read(token)
    with pytest.raises(ValueError, match="16 characters"):
        Tokens("short")


def test_an_expired_link_says_so_and_a_wrong_one_is_not_there(model: Path) -> None:
    made = portal(model)
    client = TestClient(made.app)
    old = Tokens(SECRET, now=lambda: 1_000_000_000.0).made(ORDER)
    expired = client.get(f"/t/{old}", headers={"accept-language": "de"})
    assert (expired.status_code, "Dieser Link ist abgelaufen" in expired.text) == (410, True)
    assert client.get("/t/nonsense").status_code == 404
    for lost in (Subject("order", "SO-none", STAR_CUSTOMER), Subject("order", STAR_ORDER, "C-1001"),
                 Subject("shipment", f"ups:{STAR}", "C-1001")):
        assert client.get(address(made, lost)).status_code == 404
    made.store.close()


def test_a_lost_read_model_is_said_in_the_customers_language(tmp_path: Path) -> None:
    lost = portal(tmp_path / "nothing")
    answer = TestClient(lost.app).get(address(lost), headers={"accept-language": "es"})
    assert answer.status_code == 503
    assert "Su entrega sigue su curso" in answer.text


def test_all_parcels_of_an_order_with_promise_estimate_and_why_it_changed(shown: Portal, client: TestClient) -> None:
    page = html.fromstring(client.get(address(shown)).text)
    first, second = (" ".join(" ".join(one.itertext()).split()) for one in page.xpath("//section"))
    for said in ("Parcel 1 of 2", "On its way", "Expected Tuesday, 22 September 2026, 16:13",
                 "Promised Monday, 21 September 2026, 19:13", "Later than promised, by 21 hours.",
                 "The expected date has changed. It is delayed. The reason is the weather.",
                 "Saturday, 19 September 2026, 14:13 · Leipzig, DE"):
        assert said in first
    for said in ("Parcel 2 of 2", "Delivered", "As promised.", "Proof of delivery Received by M. Durand. Paris, FR"):
        assert said in second
    assert "Received by" not in first
    assert page.xpath("//section[1]//del/text()") == ["Your shipment was delivered."]
    assert page.xpath("//section[1]//li[@aria-current='step']/text()") == ["On its way"]
    assert page.xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_an_order_of_several_parcels_is_summed_up(shown: Portal, client: TestClient) -> None:
    page = html.fromstring(client.get(address(shown)).text)
    [overview] = page.xpath("//nav[@class='overview']")
    assert overview.xpath("p/text()") == ["On its way: 1 · Delivered: 1"]
    for link, status in zip(overview.xpath(".//a"), ("On its way", "Delivered"), strict=True):
        assert page.xpath(f"//h2[@id='{link.get('href')[1:]}']/text()") == [status]
    alone = client.get(address(shown, Subject("shipment", f"ups:{STAR}", STAR_CUSTOMER))).text
    assert 'class="overview"' not in alone


def test_of_very_many_parcels_the_first_are_shown(tmp_path: Path) -> None:
    [*_, (_, state)] = collecting()
    assert isinstance(state, ShipmentState)
    fill(tmp_path, [
        (f"dpd:P{place:03}", structs.replace(state, tracking_number=f"P{place:03}"))
        for place in range(MOST_PARCELS + 2)
    ])
    made = portal(tmp_path)
    page = html.fromstring(TestClient(made.app).get(address(made, Subject("order", WAITING_ORDER, STAR_CUSTOMER))).text)
    assert len(page.xpath("//section")) == len(page.xpath("//nav[@class='overview']//a")) == MOST_PARCELS
    assert "The first 50 are shown." in page.text_content()
    made.store.close()


def test_a_parcel_that_waits_says_where_and_since_when(tmp_path: Path) -> None:
    records = collecting()
    fill(tmp_path, records)
    made = portal(tmp_path)
    client, link = TestClient(made.app), address(made, Subject("order", WAITING_ORDER, STAR_CUSTOMER))
    page = html.fromstring(client.get(link).text)
    [point] = page.xpath("//div[@class='collect']/dd")
    assert [line.strip() for line in point.xpath("text()") if line.strip()] == [
        "Kiosk am Dom, Domstraße 5", "50668 Köln", "DE"
    ]
    assert "Ready since Monday, 21 September 2026, 13:13" in point.text_content()
    assert page.xpath("//li[@aria-current='step']/text()") == ["Ready to collect"]
    assert "The carrier has not named a date yet." not in page.text_content()
    assert "Abholen bei Kiosk am Dom" in words_of(client.get(f"{link}?lang=de").text)
    state = records[2][1]
    assert isinstance(state, ShipmentState)
    fill(tmp_path, [(records[2][0], structs.replace(state, status=Status.IN_TRANSIT))])
    assert "Kiosk" not in " ".join(html.fromstring(client.get(link).text).xpath("//dl//text()"))
    made.store.close()


def test_a_place_that_is_not_known_is_not_invented(tmp_path: Path) -> None:
    [(key, told), (_, word), (_, state)] = collecting()
    assert isinstance(word, CustomerUpdate)
    fill(tmp_path, [(key, told), (STAR_CUSTOMER, structs.replace(word, location=None)), (key, state)])
    made = portal(tmp_path)
    page = TestClient(made.app).get(address(made, Subject("order", WAITING_ORDER, STAR_CUSTOMER))).text
    assert "Collect it at The carrier has not named the place. Ready since" in words_of(page)
    made.store.close()


@pytest.mark.parametrize("state_of_alert", [AlertState.RAISED, AlertState.RESOLVED])
@pytest.mark.parametrize("is_told", [True, False])
def test_a_delivery_held_back_from_the_customer_is_not_on_their_page(
    tmp_path: Path, is_told: bool, state_of_alert: AlertState
) -> None:
    [(key, _), (_, word), (_, state)] = collecting()
    assert isinstance(word, CustomerUpdate)
    assert isinstance(state, ShipmentState)
    doubt = structs.replace(alert(AlertKind.DELIVERY_DOUBTFUL, key, Severity.WARNING, NOON), state=state_of_alert)
    delivered = structs.replace(
        word, update_id="u2", milestone=Milestone.DELIVERED, status=Status.DELIVERED, occurred_at=NOON, location=None,
    )
    fill(tmp_path, [
        (doubt.alert_id, doubt), (STAR_CUSTOMER, word), *([(STAR_CUSTOMER, delivered)] if is_told else []),
        (key, structs.replace(state, status=Status.DELIVERED, delivered_at=NOON, signed_by="Somebody Else")),
    ])
    made = portal(tmp_path)
    page = words_of(TestClient(made.app).get(address(made, Subject("order", WAITING_ORDER, STAR_CUSTOMER))).text)
    assert ("Proof of delivery The carrier has not said who received it." in page) is is_told
    assert ("Delivered Monday, 21 September 2026" in page) is is_told
    assert ("Collect it at Kiosk am Dom" in page) is not is_told
    assert "Somebody Else" not in page
    made.store.close()


def test_one_shipment_alone(shown: Portal, client: TestClient) -> None:
    text = text_of(client.get(address(shown, Subject("shipment", f"ups:{STAR}", STAR_CUSTOMER))).text)
    assert f"Shipment {STAR}" in text
    assert "1Z999AA10123456785" not in text


def test_it_works_without_scripts_and_is_small(shown: Portal, client: TestClient) -> None:
    answer = client.get(address(shown))
    page = html.fromstring(answer.text)
    assert page.xpath("//script | //@style | //style") == []
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "script-src" not in answer.headers["content-security-policy"]
    parts = page.xpath("//link/@href | //img/@src")
    total = len(answer.content)
    for part in parts:
        found = client.get(part)
        assert found.status_code == 200, part
        total += len(found.content)
    assert len(parts) == 4
    assert total < MOST_BYTES


def test_the_customers_brand_is_shown(shown: Portal, client: TestClient) -> None:
    page = html.fromstring(client.get(address(shown)).text)
    assert "Northwind Medical" in page.xpath("//header")[0].text_content()
    [colours] = [one for one in page.xpath("//link[@rel='stylesheet']/@href") if one.startswith("/brand/")]
    assert client.get(colours).text == ":root { --brand: #0f766e; }\n"
    assert client.get("/brand/none.css").status_code == client.get("/brand/none").status_code == 404


@pytest.mark.parametrize(("text", "fault"), [
    ("customers: {C-1: {color: red}}", "color"), ('default: {colour: "red;}"}', "is no colour"),
    ("default: {logo: ../secret.svg}", "same folder"), ("default: {logo: none.svg}", "cannot be read"),
    ("- x", "brands"),
])
def test_a_file_of_brands_that_cannot_be_used_is_refused_by_name(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "brands.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(Fatal, match=fault):
        load(file)


def test_times_are_those_of_the_place_and_a_date_stays_its_date() -> None:
    assert whole(NOON, 120, "en") == "Monday, 21 September 2026, 16:13"
    assert whole(NOON, 120, "de") == "Montag, 21. September 2026, 16:13"
    assert whole(NOON, -600, "fr") == "lundi 21 septembre 2026, 04:13"
    assert clock(NOON, None, "en") == "14:13 UTC"
    midnight = NOON - NOON % DAY
    assert (day(midnight, -600, "en"), clock(midnight, -600, "en")) == ("Monday, 21 September 2026", "")


def test_a_promise_for_a_day_is_kept_until_its_end(tmp_path: Path) -> None:
    records = world()
    midnight = NOON - NOON % DAY
    [(key, state)] = [
        (key, one) for key, one in records if isinstance(one, ShipmentState) and one.delivered_at is not None
    ]
    kept = structs.replace(
        state, orders=[structs.replace(state.orders[0], promised_delivery_at=midnight)],
        delivered_at=midnight + 20 * HOUR,
    )
    fill(tmp_path, [*records, (key, kept)])
    made = portal(tmp_path)
    page = TestClient(made.app).get(address(made, Subject("shipment", key, ACME))).text
    assert "As promised." in page
    made.store.close()


def _secrets(records: list[tuple[str, object]], customer: str) -> set[str]:
    """Texts that no page of this customer may hold."""
    found = {"DN-", "EUR", "order_value"}
    for _, one in records:
        if isinstance(one, EnrichedEvent):
            assert isinstance(one.event, CarrierEvent)
            found |= {one.event.event_id, one.event.carrier_text, f">{one.event.carrier_code}<", one.event.source.topic,
                      one.event.source.correlation_id}
        elif isinstance(one, CustomerUpdate):
            found |= {one.update_id, one.event_id}
            if one.customer_id != customer:
                found |= {one.customer_id, one.order_id}
        elif isinstance(one, ShipmentState):
            for order in one.orders:
                if order.customer_id != customer:
                    found |= {order.customer_id, order.order_id}
                if order.order_value is not None:
                    found |= {f"{order.order_value:.2f}", f"{order.order_value:,.2f}", f"{order.order_value:.0f}.0"}
    return found | {one.value for one in Reason if "_" in one} | {one.value for one in ExceptionType if "_" in one}


def test_no_page_says_what_is_not_the_customers(tmp_path: Path) -> None:
    crawled = 0
    for name, records in (("sample", world()), ("afternoon", [*afternoon(), *collecting()])):
        fill(tmp_path / name, records)
        made = portal(tmp_path / name, who=ADA)
        client = TestClient(made.app)
        subjects = {
            subject for _, one in records if isinstance(one, ShipmentState) for order in one.orders
            for subject in (
                Subject("order", order.order_id, order.customer_id),
                Subject("shipment", key_of(one.carrier, one.tracking_number), order.customer_id),
            )
        }
        forbidden = {one.customer: _secrets([*records], one.customer) for one in subjects}
        for subject in subjects:
            for language in LANGUAGES if name == "sample" else LANGUAGES[:1]:
                page = client.get(address(made, subject), params={"lang": language})
                assert page.status_code == 200
                assert {one for one in forbidden[subject.customer] if one in page.text} == set(), subject
                crawled += 1
        made.store.close()
    assert crawled > 250


def test_a_shipment_of_two_customers_shows_each_only_their_own(tmp_path: Path) -> None:
    fill(tmp_path)
    made = portal(tmp_path)
    client = TestClient(made.app)
    shared = "ups:1Z999AA10123456787"
    theirs = client.get(address(made, Subject("shipment", shared, ACME))).text
    others = client.get(address(made, Subject("shipment", shared, OTHER))).text
    assert theirs != others or ("SO-1" not in others and "SO-2" not in theirs)
    assert ReadStore(tmp_path).words(shared, ACME) == []
    made.store.close()


def test_a_sentence_says_what_is_wrong_and_why_in_words() -> None:
    [told] = [
        one for _, one in afternoon() if isinstance(one, CustomerUpdate) and one.milestone is Milestone.ETA_UPDATED
    ]
    assert sentence(told, "de") == "Der Liefertermin hat sich geändert. Sie verspätet sich. Grund ist das Wetter."
    silent = structs.replace(told, exception=ExceptionType.DATA_QUALITY, reason=Reason.DRIVER)
    assert sentence(silent, "en") == "The delivery date has changed."
