"""Letters in every language: plain words, nothing internal, corrections told as such, foreign text kept harmless."""

from __future__ import annotations

import re
from itertools import product

import pytest
from lxml import html
from msgspec.structs import replace

from portal.mail.letters import Links, Written, written
from portal.words.customers import LANGUAGES, catalogue
from streams.contracts.letters import Letter, News
from streams.kernel.outbound_vocabulary import RecipientChannel
from streams.kernel.vocabulary import Correction, ExceptionType, Milestone, Reason
from tests.support.outbound_inputs import NOW, recipient

LINKS = Links("https://track.example.com/t/abc", "https://track.example.com/stop/xyz")
NASTY = "SO-1\r\nBcc: eve@example.com <script>alert(1)</script> \u202eevil"


def news(**changes: object) -> News:
    return News(**{  # type: ignore[arg-type]
        "order_id": "SO-1", "carrier": "ups", "tracking_number": "1Z1", "milestone": Milestone.DELIVERED,
        "occurred_at": NOW, "reason": Reason.NORMAL, "city": "LYON", "country": "FR", **changes,
    })


def told(*some: News, language: str = "en", **changes: object) -> Written:
    letter = Letter(list(some), some[0].order_id)
    return written(letter, recipient(language=language, **changes), LINKS, "Acme", "#123456")


def text_of(page: str) -> str:
    return " ".join(html.fromstring(page).text_content().split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_milestone_and_correction_is_told_in_words(language: str) -> None:
    texts = catalogue(language)
    for milestone, correction in product(Milestone, Correction):
        made = told(news(milestone=milestone, correction=correction), language=language)
        said = texts.milestones[milestone]
        lead = {"new": "", "replaces": texts.mail["replaces"], "retracts": texts.mail["error"]}[correction.value]
        for body in (made.text, text_of(made.html)):
            assert said in body
            assert lead in body
            assert "{" not in body
            assert not re.search(r"\b[a-z]+_[a-z_]+\b", body.replace(LINKS.track, "").replace(LINKS.stop, "")), body
        assert (texts.mail["error"] in made.text) == (correction is Correction.RETRACTS)
        assert made.subject
        assert made.subject.isprintable()


@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_that_are_ours_alone_are_not_told(language: str) -> None:
    known = catalogue(language).reasons
    for reason, exception in product(Reason, ExceptionType):
        made = told(news(reason=reason, exception=exception), language=language)
        plain = told(news(exception=exception), language=language)
        assert (made.text == plain.text) == (not known.get(reason))


def test_a_correction_says_so_in_the_subject() -> None:
    assert told(news(correction=Correction.RETRACTS)).subject == "Correction to order SO-1"
    assert told(news()).subject == "Order SO-1: Your shipment was delivered"
    assert told(news(), news(tracking_number="1Z2")).subject == "Order SO-1: news of 2 shipments"


def test_times_are_the_recipients() -> None:
    assert "16:13" in told(news(), time_zone="Europe/Berlin").text
    assert "23:13" in told(news(), time_zone="Asia/Tokyo").text
    assert "Times are those of Asia/Tokyo." in told(news(), time_zone="Asia/Tokyo").text


def test_when_it_comes_and_where_to_collect_it() -> None:
    made = told(news(milestone=Milestone.ETA_UPDATED, expected_from=NOW + 3_600_000, expected_at=NOW + 7_200_000))
    assert "Expected: Monday, 21 September 2026, 15:13 to 16:13" in made.text
    assert "Collect it at: Shop, LYON" in told(news(pickup="Shop, LYON")).text
    assert "Shop" not in told(news(pickup="Shop", correction=Correction.RETRACTS)).text


def test_foreign_text_is_one_line_and_escaped() -> None:
    made = told(news(order_id=NASTY, city=NASTY, pickup=NASTY, tracking_number=NASTY))
    assert "\n" not in made.subject
    assert "\u202e" not in made.subject + made.text + made.html
    assert "<script" not in made.html
    assert not [line for line in made.text.splitlines() if line.startswith("Bcc")]


def test_a_letter_leads_to_the_tracking_page_and_can_be_stopped() -> None:
    made = told(news())
    assert LINKS.track in made.text
    assert {one.get("href") for one in html.fromstring(made.html).iter("a")} == set(LINKS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_asked_is_asked_to_confirm(language: str) -> None:
    letter = Letter(order_id="SO-1", link="https://track.example.com/news/abc")
    made = written(letter, recipient(language=language), Links("", LINKS.stop))
    assert letter.link in made.text
    assert [one.get("href") for one in html.fromstring(made.html).iter("a")] == [letter.link]
    assert "SO-1" in made.subject


def test_chat_gets_text_alone_and_an_unknown_language_is_english() -> None:
    made = told(news(), language="xx", channel=RecipientChannel.CHAT)
    assert (made.html, made.subject) == ("", "Order SO-1: Your shipment was delivered")
    assert made == replace_html(told(news()))


def replace_html(made: Written) -> Written:
    return made._replace(html="")


def test_words_of_letters_are_there_in_every_language() -> None:
    english = catalogue("en").mail
    for language in LANGUAGES:
        texts = catalogue(language).mail
        assert set(texts) == set(english)
        for name, text in texts.items():
            assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", english[name])), (language, name)


def test_news_hold_what_may_be_told_and_nothing_else() -> None:
    assert set(News.__struct_fields__) == {
        "order_id", "carrier", "tracking_number", "milestone", "occurred_at", "exception", "reason",
        "utc_offset_minutes", "city", "country", "pickup", "expected_from", "expected_at", "correction",
    }
    assert replace(news(), city="") != news()
