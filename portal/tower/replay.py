"""Replaying dead letters: what would become of each, then their records once more."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from connectors.read_store.letters import LetterFilter
from portal import metrics
from portal.pages.templates import NoPage, PlainErrors, query
from portal.sign_in.people import Person, Role
from portal.tower.doing import MOST_NOTE, check, done, done_here, form_of, way_back
from portal.tower.lists import every, given
from portal.tower.sent import SentAction
from portal.tower.services import TowerServices, actor_of
from streams.contracts.audit import AuditAction
from streams.contracts.model import DeadLetter
from streams.kernel.vocabulary import Milestone

FILTERS = LetterFilter._fields
MOST = 100
"""Letters of one go."""
ROWS = 200


def router(services: TowerServices) -> APIRouter:
    """``/tower/dead-letters/replay``: shows what a replay would do, and does it."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)

    @api.get("/tower/dead-letters/replay")
    def look(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        check(who, Role.OPERATOR)
        place, filters = request.query_params.get("letter", ""), given(request, FILTERS)
        found, is_all = ([_known(services, place)], True) if place else _wanted(services, filters)
        trials = done_here(lambda: services.actions.replay_trials(found)) if found else []
        able = [one for one in trials if not one.why_not]
        delivered = {
            moved.shipment for one in able for moved in one.events if moved.milestone == Milestone.DELIVERED
        }
        back = f"/tower/dead-letters{query(filters)}"
        return services.show(
            "replay.html", who, "letters", trials=trials, able=able, delivered=sorted(delivered), is_all=is_all,
            most=MOST, back=back, standings=standings(services, found),
            places=" ".join(one.letter.place for one in able),
        )

    @api.post("/tower/dead-letters/replay")
    async def replay(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        form = await form_of(request, who, Role.OPERATOR)
        letters = await asyncio.to_thread(_of_form, services, form.get("letters", ""))
        now, reason = services.now(), form.get("reason", "")[:MOST_NOTE]
        written = await done(lambda: services.actions.replay(letters, actor_of(who), now, reason))
        metrics.REPLAYED.inc(len(written))
        for one in letters:
            if one.place in written:
                services.sent.note(f"letter:{one.place}", one.failed_at, "Replay", who.name, now)
        return RedirectResponse(way_back(form, "/tower/dead-letters"), 303)

    return api


def standings(
    services: TowerServices, letters: list[DeadLetter]
) -> Mapping[str, tuple[AuditAction | None, SentAction | None]]:
    """By place of each letter: its replay, and one that was sent and is not on record yet."""
    replayed, now = services.store.replays(letters), services.now()
    return {
        one.place: (
            replayed.get(one.place),
            None if one.place in replayed else services.sent.waiting(f"letter:{one.place}", one.failed_at, now),
        )
        for one in letters
    }


def _wanted(services: TowerServices, filters: dict[str, str | None]) -> tuple[list[DeadLetter], bool]:
    """The newest letters that fit and were not replayed, and whether these are all."""
    wanted, found = LetterFilter(**filters), list[DeadLetter]()
    page: list[DeadLetter] = []

    def take() -> bool:
        """Adds the page's letters; whether there are enough."""
        known = standings(services, page)
        found.extend(one for one in page if known[one.place] == (None, None))
        page.clear()
        return len(found) > MOST

    for one in every(lambda cursor: services.store.dead_letters(ROWS, cursor, wanted)):
        page.append(one)
        if len(page) == ROWS and take():
            break
    take()
    return found[:MOST], len(found) <= MOST


def _known(services: TowerServices, place: str) -> DeadLetter:
    found = services.store.dead_letter(place)
    if found is None:
        raise NoPage(
            "There is no such dead letter", "It may have been forgotten.", (("/tower/dead-letters", "Dead letters"),)
        )
    return found


def _of_form(services: TowerServices, places: str) -> list[DeadLetter]:
    """The letters that were shown. Raises NoPage: 404 for one that is not known, 409 for one that was replayed."""
    letters = [_known(services, place) for place in places.split(maxsplit=MOST)[:MOST]]
    if not letters:
        raise NoPage("Nothing is to be replayed", "Open the dead letters and choose some there.", status=400)
    if any(known != (None, None) for known in standings(services, letters).values()):
        raise NoPage(
            "It was replayed already", "Somebody was faster; what failed again is a new dead letter.",
            (("/tower/dead-letters", "Dead letters"),), status=409,
        )
    return letters
