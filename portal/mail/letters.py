"""Writes a letter in its recipient's language: a subject, plain text and HTML. Foreign text is one line, and escaped in
HTML."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from portal.tracking import times
from portal.words.customers import LANGUAGES, Catalogue, catalogue, milestone_sentence
from streams.contracts.letters import Letter, News
from streams.contracts.recipients import Recipient
from streams.kernel.outbound_vocabulary import RecipientChannel
from streams.kernel.vocabulary import Correction
from streams.outbound.quiet import zone_of

LONGEST_SUBJECT, LONGEST_NAME = 150, 200
COLOUR = "#0b5cad"


class Links(NamedTuple):
    """``track``: the tracking page of the order; ``stop``: ends these messages; each empty where there is none."""

    track: str
    stop: str


class Written(NamedTuple):
    """A letter in words. ``html``: empty for chat."""

    subject: str
    text: str
    html: str


class Line(NamedTuple):
    """One piece of news. ``lead``: that it corrects what was told; ``more``: sentences below it."""

    number: str
    lead: str
    text: str
    when: str
    more: list[str]


def written(letter: Letter, recipient: Recipient, links: Links, brand: str = "", colour: str = COLOUR) -> Written:
    """The letter. ``brand``: name of the company it is from; ``colour``: ``#rrggbb``."""
    language = recipient.language if recipient.language in LANGUAGES else LANGUAGES[0]
    texts = catalogue(language)
    order = one_line(letter.order_id)
    context = {
        "texts": texts.mail, "language": language, "order": order, "brand": one_line(brand), "colour": colour,
        "links": links, "confirm": letter.link, "zone": recipient.time_zone,
        "lines": [_line(one, recipient, texts, language) for one in letter.news],
        "heading": _heading(letter, texts, order),
    }
    kind = "confirm" if letter.link else "news"
    is_mail = recipient.channel is RecipientChannel.EMAIL
    return Written(
        _subject(letter, texts, order), _environment().get_template(f"{kind}.txt").render(context).strip() + "\n",
        _environment().get_template(f"{kind}.html").render(context) if is_mail else "",
    )


def one_line(text: str, longest: int = LONGEST_NAME) -> str:
    """Foreign text in one line, without control characters and marks of direction."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:longest]


def _subject(letter: Letter, texts: Catalogue, order: str) -> str:
    if letter.link:
        found = texts.mail["subject_confirm"].format(order=order)
    elif any(one.correction is not Correction.NEW for one in letter.news):
        found = texts.mail["subject_correction"].format(order=order)
    elif len(letter.news) == 1:
        said = _said(letter.news[0], texts).rstrip(".")
        found = texts.mail["subject_one"].format(order=order, text=said)
    else:
        found = texts.mail["subject_many"].format(order=order, number=len(letter.news))
    return one_line(found, LONGEST_SUBJECT)


def _heading(letter: Letter, texts: Catalogue, order: str) -> str:
    return texts.mail["subject_confirm" if letter.link else "heading"].format(order=order)


def _line(news: News, recipient: Recipient, texts: Catalogue, language: str) -> Line:
    said = _said(news, texts)
    lead = {
        Correction.NEW: "", Correction.REPLACES: texts.mail["replaces"], Correction.RETRACTS: texts.mail["error"],
    }[news.correction]
    more = []
    if news.correction is not Correction.RETRACTS:
        if news.expected_at is not None:
            more.append(texts.mail["expected"].format(when=_window(news, recipient, texts, language)))
        if news.pickup:
            more.append(texts.page["news_collect"].format(place=one_line(news.pickup)))
    place = ", ".join(one_line(one) for one in (news.city, news.country) if one)
    when = " · ".join(one for one in (_when(news.occurred_at, recipient, language), place) if one)
    return Line(one_line(news.tracking_number), lead, said, when, more)


def _said(news: News, texts: Catalogue) -> str:
    return milestone_sentence(news.milestone, news.exception, news.reason, texts)


def _window(news: News, recipient: Recipient, texts: Catalogue, language: str) -> str:
    assert news.expected_at is not None
    last = _when(news.expected_at, recipient, language)
    if news.expected_from is None or times.is_day(news.expected_at):
        return last
    offset = _offset(news.expected_at, recipient)
    if times.day(news.expected_from, offset, language) != times.day(news.expected_at, offset, language):
        return last
    first = times.clock(news.expected_from, offset, language)
    ends = times.clock(news.expected_at, offset, language)
    return f"{times.day(news.expected_at, offset, language)}, {texts.page['between'].format(first=first, last=ends)}"


def _when(at: int, recipient: Recipient, language: str) -> str:
    return times.whole(at, _offset(at, recipient), language)


def _offset(at: int, recipient: Recipient) -> int:
    """Minutes from UTC at the recipient's."""
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at)
        found = moment.astimezone(zone_of(recipient.time_zone)).utcoffset()
    except OverflowError:
        return 0
    return round(found.total_seconds() / 60) if found is not None else 0


@cache
def _environment() -> Environment:
    """HTML is escaped, plain text is not; an unknown name fails."""
    return Environment(
        loader=PackageLoader("portal", "templates/mail"), autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )
