"""Forms that people send from pages of ours."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from fastapi import Request

from portal.pages.templates import NoPage

MOST_BODY = 8_000


def from_here(request: Request) -> None:
    """Refuses a POST that another site made the browser send. Raises NoPage."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = site == "same-origin" if site is not None else (
        origin is not None and urlsplit(origin).netloc == request.headers.get("host")
    )
    if not ours:
        raise NoPage("This did not come from the tower", "Open the work list and press the button there.", status=403)


async def read(request: Request) -> dict[str, str]:
    """The fields of a form; of several with one name, the last. Raises NoPage for too much text."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            raise NoPage("That is too long", "Write a shorter note.", status=413)
    return {name: values[-1].strip() for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
