"""Style sheets, scripts and icons: served from the package, under a name that changes with their content."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import NamedTuple

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

PATH = "/static"
_KINDS = {
    "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
_FOR_EVER = "public, max-age=31536000, immutable"


class Static(NamedTuple):
    """A file's content, its media type and the address that pages name it by."""

    content: bytes
    kind: str
    address: str


@cache
def all_files() -> Mapping[str, Static]:
    """Every file of the folder, by name."""
    found = {}
    for one in files("portal").joinpath("static").iterdir():
        kind = _KINDS.get(one.name.rpartition(".")[2])
        if kind is not None:
            content = one.read_bytes()
            version = blake2b(content, digest_size=6).hexdigest()
            found[one.name] = Static(content, kind, f"{PATH}/{one.name}?v={version}")
    return found


def address(name: str) -> str:
    """The address of a file. Raises KeyError where there is no such file."""
    return all_files()[name].address


def text(name: str) -> str:
    """A file's text, for pages that carry it themselves."""
    return all_files()[name].content.decode()


def router() -> APIRouter:
    """``/static/NAME``; a browser may keep it for ever, as the address changes with the content."""
    api = APIRouter(include_in_schema=False)

    @api.get(f"{PATH}/{{name}}")
    def static(name: str) -> Response:
        found = all_files().get(name)
        if found is None:
            raise HTTPException(404, "there is no such file")
        return Response(found.content, media_type=found.kind, headers={
            "Cache-Control": _FOR_EVER, "X-Content-Type-Options": "nosniff",
        })

    return api
