"""Raw records and dead letters as they were received, fetched when somebody asks to see them."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from portal.pages.templates import NoPage, PlainErrors, html
from portal.sign_in.people import Person
from portal.tower.services import TowerServices

MOST_SHOWN = 64_000
"""Characters of a payload on the page."""
TOPICS = ("raw.", "dlq.")
"""Beginnings of the names of topics whose records are shown."""


def router(services: TowerServices) -> APIRouter:
    """``/tower/raw``: a fragment of a page."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)

    @api.get("/tower/raw")
    def raw(
        topic: str, partition: Annotated[int, Query(ge=0)], offset: Annotated[int, Query(ge=0)],
        who: Person = Depends(services.signed_in),  # noqa: ARG001
    ) -> Response:
        if not topic.startswith(TOPICS):
            raise NoPage("There is no such record", "Only raw records and dead letters are shown.")
        place = f"{topic}/{partition}/{offset}"
        record = services.raw.record(topic, partition, offset)
        if record is None:
            return html("tower/raw.html", {"size": 0, "place": place})
        text = readable(record.value)
        return html("tower/raw.html", {
            "text": text[:MOST_SHOWN], "size": len(record.value), "cut": len(text) > MOST_SHOWN, "place": place,
            "record_headers": record.headers,
        })

    return api


def readable(value: bytes) -> str:
    """The payload as text: JSON indented; what is no UTF-8 with its bytes as escapes; control characters shown."""
    text = value.decode("utf-8", "backslashreplace")
    try:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = text.replace("\r\n", "\n")
    return "".join(one if one.isprintable() or one in "\n\t" else f"\\x{ord(one):02x}" for one in text)
