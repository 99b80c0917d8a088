"""Feeds: how regularly each delivers, which are silent, which are paused and why; and pausing and
resuming one."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from connectors.read_store.reader import FeedNow
from portal.pages.templates import NoPage, PlainErrors
from portal.sign_in.people import Person, Role
from portal.tower.cadence import HEIGHT, WIDTH, drawn
from portal.tower.doing import done, form_of, reason_in
from portal.tower.lists import table
from portal.tower.services import TowerServices, actor_of
from portal.words.times import iso
from streams.feeds.feed_alerts import ALL_FEEDS

WORDS = {"pause": "Pause", "resume": "Resumption"}


def router(services: TowerServices) -> APIRouter:
    """``/tower/feeds``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)

    @api.get("/tower/feeds")
    def feeds(who: Person = Depends(services.signed_in)) -> Response:
        now = services.now()
        found = services.store.feeds()

        def is_heard(name: str) -> bool:
            state, pause = found[name]
            return (pause is not None and pause.paused) or (
                state is not None and (state.stale or (state.last_received_at is not None and name != ALL_FEEDS))
            )

        def pressing(name: str) -> tuple[bool, bool, str]:
            state, pause = found[name]
            return not (pause is not None and pause.paused), not (state is not None and state.stale), name

        return services.show(
            "feeds.html", who, "feeds", width=WIDTH, height=HEIGHT, feeds=[
                (
                    name, found[name], drawn(state, now) if (state := found[name].state) is not None else None,
                    services.sent.waiting(f"feed:{name}", _changed_at(found[name]), now),
                )
                for name in sorted(filter(is_heard, found), key=pressing)
            ], unheard=sorted(name for name in found if not is_heard(name) and name != ALL_FEEDS), together=ALL_FEEDS,
        )

    @api.get("/tower/feeds.csv")
    def export(request: Request, who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        return table("feeds", (
            "feed", "silent", "silent_since", "last_received_at", "records", "events", "unmapped", "dead_letters",
            "paused", "paused_since", "why",
        ), [
            (
                name, state is not None and state.stale, iso(state.stale_since) if state else "",
                iso(state.last_received_at) if state else "", state.records if state else None,
                state.events if state else None, state.unmapped if state else None,
                state.dead_letters if state else None, pause is not None and pause.paused,
                iso(pause.changed_at) if pause else "", pause.why if pause else "",
            )
            for name, (state, pause) in services.store.feeds().items()
        ])

    _take_actions(api, services)
    return api


def _take_actions(api: APIRouter, services: TowerServices) -> None:
    """Adds ``POST /tower/feeds/FEED/ACTION``."""

    @api.post("/tower/feeds/{feed:path}/{action}")
    async def act(
        request: Request, feed: str, action: str, who: Person = Depends(services.signed_in)
    ) -> Response:
        form = await form_of(request, who, Role.OPERATOR)
        found = (await asyncio.to_thread(services.store.feeds)).get(feed)
        if found is None:
            raise NoPage("There is no such feed", "", (("/tower/feeds", "Feeds"),))
        actor, now = actor_of(who), services.now()
        if action == "pause":
            reason = reason_in(form)
            await done(lambda: services.actions.pause(feed, actor, now, reason))
        elif action == "resume":
            await done(lambda: services.actions.resume(feed, actor, now))
        else:
            raise NoPage("There is no such action", "Open the feeds and press the button there.")
        services.sent.note(f"feed:{feed}", _changed_at(found), WORDS[action], who.name, now)
        return RedirectResponse("/tower/feeds", 303)


def _changed_at(feed: FeedNow) -> int:
    """When the feed was last paused or resumed, UTC ms; 0 for never."""
    return 0 if feed.pause is None else feed.pause.changed_at
