"""News by e-mail for whoever follows an order: asked for on its tracking page, confirmed and ended by links in e-mail.

Each works without scripts. A link alone changes nothing, as mail programs open links by themselves: the page behind it
has a button; but for the POST of a mail program that ends e-mail by one click (RFC 8058).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from connectors.gateway.peers import peer
from connectors.gateway.rates import Rates
from connectors.outbound.recipients import WrongAddress, email, email_shown
from portal.pages.forms import from_here, read
from portal.pages.templates import NoPage
from portal.tracking.recipient_links import Purpose, RecipientLinks, Who
from portal.tracking.tokens import Expired, Subject, Tokens, WrongToken
from portal.words.customers import chosen
from streams.contracts.recipients import NotificationAction, Recipient
from streams.kernel.errors import Fatal, Transient
from streams.kernel.outbound_vocabulary import NotificationActionKind, RecipientChannel

BY = "the recipient"


class Page(Protocol):
    """Shows a page. ``what``: names its texts."""

    def __call__(
        self, template: str, language: str, customer: str | None, status: int, **context: object
    ) -> HTMLResponse:
        """The page, in the looks of the customer."""


@dataclass(frozen=True)
class News:
    """``address``: of the portal, for links; ``encrypt``: an address as it is kept, raises Fatal; ``write``: writes an
    action, raises Transient; ``people``, ``orders``: rates of requests by address and by order; ``time_zone``: of who
    opts in."""

    links: RecipientLinks
    address: str
    encrypt: Callable[[str], str]
    write: Callable[[NotificationAction], None]
    people: Rates
    orders: Rates
    time_zone: str = "UTC"


def router(news: News, tokens: Tokens, now: Callable[[], int], page: Page) -> APIRouter:
    """``POST /t/TOKEN/news``, ``/news/TOKEN`` and ``/stop/TOKEN``. ``now``: UTC ms."""
    api = APIRouter(include_in_schema=False)
    _add_form(api, news, tokens, now, page)
    for purpose, path in ((Purpose.CONFIRM, "news"), (Purpose.STOP, "stop")):
        _add_link(api, news, now, page, purpose, path)
    return api


def _add_form(api: APIRouter, news: News, tokens: Tokens, now: Callable[[], int], page: Page) -> None:

    @api.post("/t/{token}/news")
    async def ask(request: Request, token: str) -> HTMLResponse:
        language = _language(request)
        try:
            from_here(request)
            form = await read(request)
            subject = tokens.read(token)
        except (NoPage, WrongToken, Expired):
            return page("plain.html", language, None, 404, what="unknown")
        if subject.kind != "order":
            return page("plain.html", language, None, 404, what="unknown")
        of_order = f"{subject.customer}\0{subject.key}"
        if not (news.people.take(peer(request)).allowed and news.orders.take(of_order).allowed):
            return page("plain.html", language, subject.customer, 429, what="news_many")
        try:
            action = _asked(news, subject, form.get("email", ""), language, now())
            await asyncio.to_thread(news.write, action)
        except WrongAddress:
            return page("plain.html", language, subject.customer, 422, what="news_wrong")
        except (Fatal, Transient):
            return page("plain.html", language, subject.customer, 503, what="away")
        return page("plain.html", language, subject.customer, 200, what="news_asked")


def _add_link(
    api: APIRouter, news: News, now: Callable[[], int], page: Page, purpose: Purpose, path: str
) -> None:
    confirms = purpose is Purpose.CONFIRM
    kind = NotificationActionKind.OPT_IN_CONFIRMED if confirms else NotificationActionKind.OPTED_OUT

    @api.get(f"/{path}/{{token}}", name=f"show_{path}")
    def show(request: Request, token: str) -> HTMLResponse:
        try:
            who = news.links.read(purpose, token)
        except WrongToken:
            return page("plain.html", _language(request), None, 404, what="unknown")
        return page("ask.html", _language(request), who.customer, 200, what=f"news_{purpose.value}")

    @api.post(f"/{path}/{{token}}", name=f"do_{path}")
    def do(request: Request, token: str) -> HTMLResponse:
        language = _language(request)
        try:
            who = news.links.read(purpose, token)
            news.write(_of(kind, who, now()))
        except WrongToken:
            return page("plain.html", language, None, 404, what="unknown")
        except Transient:
            return page("plain.html", language, who.customer, 503, what="away")
        return page("plain.html", language, who.customer, 200, what="news_on" if confirms else "news_off")


def _language(request: Request) -> str:
    return chosen(request.query_params.get("lang"), request.headers.get("accept-language"))


def _asked(news: News, subject: Subject, text: str, language: str, now: int) -> NotificationAction:
    """The opt-in that a form asks for. Raises WrongAddress, Fatal."""
    address = email(text)
    who = Who(
        subject.customer, subject.key, news.links.id_of(subject.customer, subject.key, address), RecipientChannel.EMAIL
    )
    recipient = Recipient(
        who.recipient_id, who.channel, news.encrypt(address), email_shown(address), language, news.time_zone,
        order_id=subject.key, enabled_at=now,
    )
    link = f"{news.address}/news/{news.links.made(Purpose.CONFIRM, who)}"
    return NotificationAction(
        NotificationActionKind.OPT_IN_ASKED, subject.customer, now, BY, subject.key, recipient, who.recipient_id,
        who.channel, link,
    )


def _of(kind: NotificationActionKind, who: Who, now: int) -> NotificationAction:
    return NotificationAction(
        kind, who.customer, now, BY, who.order, recipient_id=who.recipient_id, channel=who.channel
    )
