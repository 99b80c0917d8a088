"""The outbox of an embedded stack: e-mail to the demo's customers, which goes nowhere. No other installation has it."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from connectors.embedded.outbox import KeptMail
from portal.pages.templates import HEADERS, POLICY, NoPage, PlainErrors
from portal.sign_in.people import Person
from portal.tower.services import TowerServices

SHOWN = 100
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
"""Of an e-mail's HTML: it may style itself, and do nothing else, nor lead anywhere."""


def router(services: TowerServices) -> APIRouter:
    """``/tower/outbox``, and the HTML of one e-mail for its frame."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)

    @api.get("/tower/outbox")
    def outbox(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        if services.outbox is None:
            raise NoPage("There is no such page here", "An embedded stack alone keeps the e-mail it sends.")
        mails = list(services.outbox.mails(SHOWN))
        wanted = request.query_params.get("mail", "")
        shown = services.outbox.mail(wanted) if wanted else None
        made = services.show("outbox.html", who, "outbox", mails=mails, shown=shown)
        made.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
        return made

    @api.get("/tower/outbox/{name}.html")
    def page(name: str, who: Person = Depends(services.signed_in)) -> HTMLResponse:  # noqa: ARG001
        found: KeptMail | None = None if services.outbox is None else services.outbox.mail(name)
        if found is None:
            raise NoPage("There is no such e-mail", "Only the newest are kept.")
        return HTMLResponse(found.html, headers={
            **HEADERS, "Content-Security-Policy": MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN",
        })

    return api
