"""Whoever follows an order may ask for news by e-mail, confirm it and end it: without scripts, nobody for another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lxml import html

from connectors.gateway.rates import Rates
from connectors.read_store.reader import ReadStore
from portal.tracking.news import News
from portal.tracking.recipient_links import Purpose, RecipientLinks, Who
from portal.tracking.router import TrackingServices, router
from portal.tracking.tokens import Subject, Tokens, WrongToken
from portal.words.customers import LANGUAGES, catalogue
from streams.contracts.recipients import NotificationAction
from streams.kernel.errors import Transient
from streams.kernel.outbound_vocabulary import NotificationActionKind, RecipientChannel
from tests.support.portal_afternoon import STAR_CUSTOMER, STAR_ORDER, afternoon
from tests.support.portal_world import SECRET
from tests.support.read_model_world import NOON, fill

ORDER = Subject("order", STAR_ORDER, STAR_CUSTOMER)
HERE = {"sec-fetch-site": "same-origin"}
KINDS = NotificationActionKind


@dataclass
class Bench:
    """The pages, and what was written."""

    client: TestClient
    links: RecipientLinks
    token: str
    written: list[NotificationAction] = field(default_factory=list)
    away: bool = False

    def write(self, action: NotificationAction) -> None:
        if self.away:
            raise Transient("no broker")
        self.written.append(action)

    def ask(self, address: str, headers: dict[str, str] | None = None):
        return self.client.post(
            f"/t/{self.token}/news?lang=de", data={"email": address}, headers=HERE if headers is None else headers
        )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    fill(folder, afternoon())
    return folder


@pytest.fixture
def bench(model: Path) -> Bench:
    tokens, app = Tokens(SECRET), FastAPI()
    made = Bench(TestClient(app), RecipientLinks(SECRET), tokens.made(ORDER))
    news = News(
        made.links, "https://track.example.com", lambda text: f"encrypted({len(text)})", made.write,
        Rates(5, lambda: 0.0), Rates(7, lambda: 0.0),
    )
    app.include_router(router(TrackingServices(ReadStore(model), tokens, lambda: NOON, news=news)))
    return made


def test_the_page_of_an_order_has_a_form_that_works_without_scripts(bench: Bench) -> None:
    shown = bench.client.get(f"/t/{bench.token}?lang=en")
    [form] = html.fromstring(shown.text).iter("form")
    assert (form.get("method"), form.get("action")) == ("post", f"/t/{bench.token}/news?lang=en")
    assert "form-action 'self'" in shown.headers["content-security-policy"]
    assert "<script" not in shown.text


def test_who_asks_is_to_be_asked_and_the_address_is_nowhere_in_clear(bench: Bench) -> None:
    response = bench.ask("Ann@Example.com")
    assert (response.status_code, catalogue("de").page["news_asked"] in response.text) == (200, True)
    [action] = bench.written
    assert action.recipient is not None
    assert (action.kind, action.customer_id, action.order_id) == (KINDS.OPT_IN_ASKED, STAR_CUSTOMER, STAR_ORDER)
    assert (action.recipient.address, action.recipient.shown) == ("encrypted(15)", "A…n@example.com")
    assert (action.recipient.order_id, action.recipient.language) == (STAR_ORDER, "de")
    assert "Ann" not in str(action).replace("A…n", "")
    confirm = bench.client.post(action.link.removeprefix("https://track.example.com"))
    assert confirm.status_code == 200
    assert (bench.written[1].kind, bench.written[1].recipient_id) == (
        KINDS.OPT_IN_CONFIRMED, action.recipient.recipient_id,
    )


def test_the_same_address_is_the_same_recipient_and_that_of_another_order_another(bench: Bench) -> None:
    ids = {
        bench.links.id_of(*of) for of in (
            ("C-1", "SO-1", "a@b.de"), ("C-1", "SO-1", "A@b.de"), ("C-1", "SO-2", "a@b.de"), ("C-2", "SO-1", "a@b.de"),
        )
    }
    assert len(ids) == 3


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
def test_another_site_cannot_ask_for_anybody(bench: Bench, headers: dict[str, str]) -> None:
    assert bench.ask("ann@example.com", headers).status_code == 404
    assert bench.written == []


@pytest.mark.parametrize("address", ["", "ann", "ann@example.com\r\nBcc: eve@example.com", "a@b"])
def test_what_is_no_address_is_refused(bench: Bench, address: str) -> None:
    response = bench.ask(address)
    assert (response.status_code, bench.written) == (422, [])


def test_who_asks_too_often_has_to_wait(bench: Bench) -> None:
    assert [bench.ask(f"a{number}@example.com").status_code for number in range(7)] == [200] * 5 + [429] * 2
    assert len(bench.written) == 5


def test_a_link_alone_does_nothing_and_its_button_does(bench: Bench) -> None:
    who = Who(STAR_CUSTOMER, STAR_ORDER, "opt_1", RecipientChannel.EMAIL)
    for purpose, path, kind in (
        (Purpose.CONFIRM, "news", KINDS.OPT_IN_CONFIRMED), (Purpose.STOP, "stop", KINDS.OPTED_OUT),
    ):
        address = f"/{path}/{bench.links.made(purpose, who)}"
        bench.written.clear()
        shown = bench.client.get(address)
        [form] = html.fromstring(shown.text).iter("form")
        assert (shown.status_code, form.get("method"), bench.written) == (200, "post", [])
        assert bench.client.post(address).status_code == 200
        [action] = bench.written
        assert (action.kind, action.customer_id, action.order_id, action.recipient_id) == (
            kind, STAR_CUSTOMER, STAR_ORDER, "opt_1",
        )


def test_a_mail_program_ends_it_by_one_click(bench: Bench) -> None:
    """RFC 8058: a POST without cookies, from anywhere."""
    who = Who(STAR_CUSTOMER, "", "sub_1", RecipientChannel.EMAIL)
    response = bench.client.post(
        f"/stop/{bench.links.made(Purpose.STOP, who)}", data={"List-Unsubscribe": "One-Click"},
        headers={"sec-fetch-site": "cross-site"},
    )
    assert response.status_code == 200
    assert [(one.kind, one.recipient_id) for one in bench.written] == [(KINDS.OPTED_OUT, "sub_1")]


def test_a_link_cannot_be_guessed_altered_or_used_for_another_purpose(bench: Bench) -> None:
    token = bench.links.made(Purpose.STOP, Who("C", "SO", "opt_1", RecipientChannel.EMAIL))
    altered = token[:-9] + ("A" if token[-9] != "A" else "B") + token[-8:]
    for purpose, wrong in (
        (Purpose.CONFIRM, token), (Purpose.STOP, altered), (Purpose.STOP, ""), (Purpose.STOP, "x" * 5_000),
        (Purpose.STOP, Tokens(SECRET).made(ORDER)),
    ):
        with pytest.raises(WrongToken):
            bench.links.read(purpose, wrong)
    assert bench.client.post(f"/stop/{altered}").status_code == 404
    assert bench.written == []


def test_while_kafka_is_away_nothing_is_said_to_be_done(bench: Bench) -> None:
    bench.away = True
    assert bench.ask("ann@example.com").status_code == 503
    who = Who("C", "SO", "opt_1", RecipientChannel.EMAIL)
    assert bench.client.post(f"/stop/{bench.links.made(Purpose.STOP, who)}").status_code == 503


def test_where_no_email_is_sent_there_is_no_form(model: Path) -> None:
    app, tokens = FastAPI(), Tokens(SECRET)
    app.include_router(router(TrackingServices(ReadStore(model), tokens, lambda: NOON)))
    client = TestClient(app)
    token = tokens.made(ORDER)
    assert "<form" not in client.get(f"/t/{token}").text
    assert client.post(f"/t/{token}/news", data={"email": "a@b.de"}, headers=HERE).status_code == 404


def test_every_page_is_there_in_every_language(bench: Bench) -> None:
    who = Who(STAR_CUSTOMER, STAR_ORDER, "opt_1", RecipientChannel.EMAIL)
    for language in LANGUAGES:
        shown = bench.client.get(f"/stop/{bench.links.made(Purpose.STOP, who)}?lang={language}").text
        assert catalogue(language).page["news_stop_button"] in shown
