"""``/docs``: the API's description to read and to try, by Swagger UI; every file of it comes from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import resources

import fastapi_swagger
from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>ShipSync API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<main id="reference"></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
"""
_START = (
    'SwaggerUIBundle({url: "/openapi.json", dom_id: "#reference", deepLinking: true, tryItOutEnabled: true,'
    " validatorUrl: null});\n"
)
_KINDS = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_A_DAY = {"Cache-Control": "public, max-age=86400"}


def router() -> APIRouter:
    """The page and its files."""
    api = APIRouter(include_in_schema=False)

    @api.get("/docs")
    async def page() -> HTMLResponse:
        """The page."""
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": POLICY})

    @api.get("/docs/start.js")
    async def start() -> Response:
        """The script that starts it."""
        return Response(_START, media_type="text/javascript")

    for name, kind in _KINDS.items():
        api.add_api_route(f"/docs/{name}", _file(name, kind), methods=["GET"])
    return api


def _file(name: str, kind: str) -> Callable[[], Awaitable[Response]]:
    content = resources.files(fastapi_swagger).joinpath("resources", name).read_bytes()

    async def file() -> Response:
        """A file of Swagger UI."""
        return Response(content, media_type=kind, headers=_A_DAY)

    return file
