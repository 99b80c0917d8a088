"""Answers of the API: JSON with an entity tag, 304 for who has it already, links to the next page, further headers."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.gateway.openapi import refusals

_HEADERS = "shipsync.answer_headers"
_READ_AT = {"description": "When the view was last brought up to date", "schema": {
    "type": "string", "format": "date-time", "examples": ["2026-09-21T14:13:20.000Z"],
}}
_OF_AN_ANSWER = {
    "ETag": {"description": "Digest of the answer", "schema": {"type": "string"}},
    "ShipSync-View-Read-At": _READ_AT,
    "RateLimit": {"description": "What is left of the client's rate", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "The client's rate", "schema": {"type": "string"}},
}
_LINK = {"Link": {"description": "The next page (RFC 8288)", "schema": {"type": "string"}}}

_TABLE = {"text/csv": {"schema": {"type": "string", "description": "RFC 4180, UTF-8; the first row names the columns"}}}


class AnswerHeaders:
    """Middleware: answers and problems alike carry the headers that were set while they were made."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        further: dict[str, str] = scope.setdefault(_HEADERS, {})

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                for name, value in further.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, sending)


def set_header(request: Request, name: str, value: str) -> None:
    """The answer to this request will carry the header, a problem too."""
    request.scope.setdefault(_HEADERS, {})[name] = value


def answer(request: Request, body: BaseModel, next_page: str | None = None) -> Response:
    """The body as JSON; 304 without it where If-None-Match names it. ``next_page``: cursor of the page after it."""
    content = body.model_dump_json().encode()
    tag = f'"{blake2b(content, digest_size=16).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if next_page is not None:
        url = request.url.include_query_params(cursor=next_page)
        headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def described(*statuses: int, paged: bool = False, csv: bool = False) -> dict[int | str, dict[str, Any]]:
    """The responses of an operation: headers of an answer, 304, and problems of these statuses beside the usual.
    ``csv``: the answer may be a table, too."""
    headers = {**_OF_AN_ANSWER, **(_LINK if paged else {})}
    return {
        200: {"headers": headers, **({"content": _TABLE} if csv else {})},
        304: {"description": "The answer that If-None-Match names is still right", "headers": headers},
        **refusals(401, 403, *statuses, 422, 429, 503),
    }
