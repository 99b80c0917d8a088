"""Pages from templates: escaping, security headers, and plain pages in place of errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from connectors.read_store.pages import WrongCursor
from portal.pages import static_files
from portal.words import times
from portal.words.terms import plain
from streams.kernel.errors import Transient

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of every page: nothing inline, nothing from elsewhere."""
HEADERS = {
    "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
}
RETRY_SECONDS = 5


class NoPage(Exception):
    """There is nothing under this address. ``title`` and ``detail``: plain words; ``nearest``: addresses and names of
    what may be meant."""

    def __init__(self, title: str, detail: str = "", nearest: tuple[tuple[str, str], ...] = (), status: int = 404):
        """``status``: of HTTP."""
        super().__init__(title)
        self.title, self.detail, self.nearest, self.status = title, detail, nearest, status


@cache
def environment() -> Environment:
    """Templates of this package; every value is escaped, and an unknown name fails."""
    made = Environment(
        loader=PackageLoader("portal"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )
    made.filters.update(
        plain=plain, iso=times.iso, utc=times.utc, span=times.span, path=lambda text: quote(str(text), safe=""),
        money=money, query=query,
    )
    made.globals.update(static=static_files.address, local=times.local, ago=times.ago, when=when)
    return made


def money(amount: float) -> str:
    """``1,250.00``."""
    return f"{amount:,.2f}"


def query(given: dict[str, str | None]) -> str:
    """``?kind=delivery_late``; empty where nothing is given."""
    kept = {name: value for name, value in given.items() if value}
    return f"?{urlencode(kept)}" if kept else ""


def when(at: int | None, now: int) -> Markup:
    """How long ago, with the absolute time for whoever points at it or has it read out."""
    if at is None:
        return Markup("<span>never</span>")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(times.iso(at), times.utc(at), times.ago(at, now))


def html(
    template: str, context: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """The page. ``headers``: in place of, and beside, those of every page."""
    body = environment().get_template(template).render(context)
    return HTMLResponse(body, status, headers={**HEADERS, **(headers or {})})


def plain_page(title: str, detail: str, status: int, nearest: tuple[tuple[str, str], ...] = ()) -> HTMLResponse:
    """A page that says in plain words why there is nothing to see."""
    more = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
    return html("plain.html", {"title": title, "detail": detail, "nearest": nearest}, status, more)


class PlainErrors(APIRoute):
    """A route whose errors are pages: what is not there, a cursor of another list, a read model that is gone."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """The handler, with errors turned into pages."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Any:
            try:
                return await inner(request)
            except NoPage as error:
                return plain_page(error.title, error.detail, error.status, error.nearest)
            except WrongCursor:
                return plain_page("This page of the list is gone", "Open the list again from its beginning.", 400)
            except Transient as error:
                return plain_page(
                    "The view cannot be read just now",
                    f"Nothing is lost: shipments go on being processed. Try again in a moment. ({error})", 503,
                )

        return handler
