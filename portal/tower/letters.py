"""Dead letters: what could not be read or used, where and why, beside the payload; and whether it was replayed."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from connectors.read_store.letters import LetterFilter
from connectors.read_store.pages import Page
from portal.pages.templates import PlainErrors, query
from portal.sign_in.people import Person
from portal.tower.lists import ROWS, every, given, table, with_cursor
from portal.tower.replay import FILTERS, standings
from portal.tower.saved import bar
from portal.tower.services import TowerServices
from portal.words.times import iso
from streams.contracts.model import DeadLetter


def router(services: TowerServices) -> APIRouter:
    """``/tower/dead-letters``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)
    store = services.store

    def read(filters: dict[str, str | None], cursor: str | None) -> Page[DeadLetter]:
        return store.dead_letters(ROWS, cursor, LetterFilter(**filters))

    @api.get("/tower/dead-letters")
    def letters(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        filters = given(request, FILTERS)
        page = read(filters, request.query_params.get("cursor"))
        kinds = store.kinds_of_letters()
        return services.show(
            "letters.html", who, "letters", rows=page.rows, filters=filters, feeds=sorted(
                name for name, (state, _) in store.feeds().items() if state is not None and state.dead_letters
            ), steps=sorted({step for step, _ in kinds}), reasons=sorted({reason for _, reason in kinds}),
            more=query(with_cursor(filters, page.next)) if page.next else "", export=query(filters),
            saved=bar(services, who, "letters", filters), standings=standings(services, page.rows),
        )

    @api.get("/tower/dead-letters.csv")
    def export(request: Request, who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        filters = given(request, FILTERS)
        read(filters, None)
        return table("dead-letters", (
            "failed_at", "step", "feed", "reason", "path", "detail", "topic", "partition", "offset", "size",
        ), (
            (
                iso(one.failed_at), one.step, one.feed, one.reason, one.path, one.detail, one.origin_topic,
                one.origin_partition, one.origin_offset, one.size,
            )
            for one in every(lambda cursor: read(filters, cursor))
        ))

    return api
