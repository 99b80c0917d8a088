"""Saved filters: each person names the filters of lists that it opens again and again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from connectors.kafka.person_actions import audited
from connectors.portal_store.filters import MOST, SavedFilter, Taken, TooMany
from portal.pages.forms import from_here, read
from portal.pages.templates import NoPage, PlainErrors
from portal.sign_in.people import Person
from portal.tower.services import TowerServices, actor_of
from streams.contracts.audit import details_of
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Transient

ADDRESSES: Mapping[str, str] = {
    "worklist": "/tower", "shipments": "/tower/shipments", "orders": "/tower/orders", "letters": "/tower/dead-letters",
    "notifications": "/tower/notifications",
}
"""The lists that have filters."""
LONGEST_NAME, LONGEST_VALUE = 60, 200
_FIELD = re.compile(r"[a-z_]{1,30}")
log = structlog.get_logger(__name__)


class Bar(NamedTuple):
    """The saved filters above a list. ``query``: the filters that are in force, to be saved; empty for none."""

    of_list: str
    address: str
    query: str
    filters: list[SavedFilter]


def bar(services: TowerServices, who: Person, of_list: str, filters: Mapping[str, str | None]) -> Bar:
    """The bar above a list; without saved filters where they cannot be read."""
    try:
        found = services.filters.of(who.name, of_list)
    except Transient as error:
        log.warning("saved filters are not shown", why=str(error))
        found = []
    return Bar(of_list, ADDRESSES[of_list], urlencode({name: one for name, one in filters.items() if one}), found)


def router(services: TowerServices) -> APIRouter:
    """``POST /tower/filters/save``, ``rename`` and ``delete``; each answers with the list."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)

    @api.post("/tower/filters/save")
    async def save(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        from_here(request)
        form = await read(request)
        of_list, name, query = form.get("list", ""), _name(form), _query(form.get("query", ""))
        if of_list not in ADDRESSES:
            raise NoPage("There is no such list", "Open a list and save its filter there.")
        await asyncio.to_thread(_save, services, who, of_list, name, query)
        return _list(of_list, query)

    @api.post("/tower/filters/rename")
    async def rename(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        from_here(request)
        form = await read(request)
        return _of(await asyncio.to_thread(_rename, services, who, _number(form), _name(form)))

    @api.post("/tower/filters/delete")
    async def delete(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        from_here(request)
        form = await read(request)
        return _of(await asyncio.to_thread(_delete, services, who, _number(form)))

    return api


def _save(services: TowerServices, who: Person, of_list: str, name: str, query: str) -> None:
    before = next((one.query for one in services.filters.of(who.name, of_list) if one.name == name), None)
    with _recorded(services, who, "save", of_list, name, {"query": query}, {"query": before}):
        try:
            services.filters.save(who.name, of_list, name, query)
        except TooMany:
            raise NoPage(
                "There are too many saved filters", f"Delete one first: a list keeps {MOST} of each person.", status=409
            ) from None


def _rename(services: TowerServices, who: Person, number: int, name: str) -> SavedFilter | None:
    known = services.filters.one(who.name, number)
    if known is None:
        return None
    with _recorded(services, who, "rename", known.of_list, known.name, {"name": name}, {"name": known.name}):
        try:
            return services.filters.rename(who.name, number, name)
        except Taken:
            raise NoPage("The name is taken", "Another of your filters has it: choose another name.", status=409) \
                from None


def _delete(services: TowerServices, who: Person, number: int) -> SavedFilter | None:
    known = services.filters.one(who.name, number)
    if known is None:
        return None
    with _recorded(services, who, "delete", known.of_list, known.name, {"query": ""}, {"query": known.query}):
        return services.filters.delete(who.name, number)


@contextmanager
def _recorded(
    services: TowerServices, who: Person, action: str, of_list: str, name: str, values: Mapping[str, object],
    before: Mapping[str, object],
) -> Iterator[None]:
    """The block, once the action is on the audit trail. Raises NoPage 503 where it cannot be recorded or done."""
    audit = audited(
        actor_of(who), services.now(), f"filter.{action}", SubjectKind.SAVED_FILTER, f"{who.name}/{of_list}/{name}",
        details=details_of(values, before),
    )
    try:
        with services.actions.recorded(audit):
            yield
    except Transient as error:
        raise NoPage("The filter was not changed", f"{error}. Try again.", status=503) from error


def _name(form: Mapping[str, str]) -> str:
    name = form.get("name", "").strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise NoPage("The filter needs a name", f"Write a name of at most {LONGEST_NAME} characters.", status=400)
    return name


def _query(given: str) -> str:
    """The filters of a query, without its place in the list. Raises NoPage."""
    fields = [(name, value) for name, value in parse_qsl(given) if name != "cursor"]
    if not fields or not all(_FIELD.fullmatch(name) and len(value) <= LONGEST_VALUE for name, value in fields):
        raise NoPage("There is no filter to save", "Choose a filter on the list first.", status=400)
    return urlencode(fields)


def _number(form: Mapping[str, str]) -> int:
    given = form.get("id", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0


def _of(found: SavedFilter | None) -> Response:
    if found is None:
        raise NoPage("There is no such filter", "It may have been deleted in another window.")
    return _list(found.of_list, found.query)


def _list(of_list: str, query: str) -> Response:
    return RedirectResponse(f"{ADDRESSES[of_list]}?{query}", 303)
