"""``/v1/stream``: changes as they happen, as server-sent events."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header
from fastapi.sse import format_sse_event

from connectors.gateway.openapi import refusals
from connectors.gateway.problems import Problem, invalid, unavailable
from connectors.read_store.reader import Changed
from portal import metrics
from portal.api.access import Access, secured
from portal.api.clients import Client
from portal.api.event_stream import EventStream
from portal.api.models.operations import Change
from portal.api.queries import Stream
from portal.api.services import PortalServices
from portal.live.changes import MOST_FOLLOWERS, Gap, TooSlow
from portal.views.freshness import RETRY_AFTER
from streams.kernel.errors import Transient

SCOPES = {"shipment": "shipments:read", "order": "orders:read", "alert": "alerts:read", "feed": "feeds:read"}
"""Which scope hears of what."""
HEARTBEAT_SECONDS = 15.0
MOST_OF_A_CLIENT = 1_000
EXAMPLE = (
    'event: shipment\ndata: {"what":"shipment","key":"acme:AC123456","at":"2026-09-21T14:13:20.000Z"}\n'
    "id: 1790000000000001\n\n"
)


def router(services: PortalServices, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> APIRouter:
    """The endpoint."""
    api = APIRouter(tags=["changes"])
    reader = Depends(Access(services, SCOPES.values()))
    opened = Counter[str]()

    @api.get(
        "/v1/stream", operation_id="stream_changes", summary="Changes as they happen", status_code=200,
        response_class=EventStream,
        responses={
            200: {"description": "Server-sent events", "content": {"text/event-stream": {
                "schema": {"type": "string"}, "example": EXAMPLE,
            }}},
            **refusals(401, 403, 422, 429, 503),
        }, openapi_extra=secured(),
    )
    async def stream(
        wanted: Stream, client: Client = reader,
        last_event_id: Annotated[str | None, Header(description="The id of the last event heard")] = None,
    ) -> EventStream:
        """Each event names what changed: read it anew. With `Last-Event-ID` those missed come first; where they are
        kept no longer, the event `reset` says to read the lists anew, and the stream ends. A comment comes every 15
        seconds. A reader that falls behind is cut off, and goes on with `Last-Event-ID`."""
        whats = _whats(client, wanted.what)
        last = _number(last_event_id)
        if len(services.changes) >= MOST_FOLLOWERS:
            raise unavailable(f"{MOST_FOLLOWERS} streams are open", RETRY_AFTER)
        if opened[client.name] >= MOST_OF_A_CLIENT:
            raise Problem(
                429, "too_many_streams", f"{MOST_OF_A_CLIENT} streams of a client may be open",
                headers={"Retry-After": str(RETRY_AFTER)},
            )
        return EventStream(_counted(opened, client.name, _events(services, client, whats, last, heartbeat_seconds)))

    return api


async def _counted(
    opened: Counter[str], name: str, events: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    opened[name] += 1
    try:
        async with aclosing(events):
            async for one in events:
                yield one
    finally:
        opened[name] -= 1


async def _events(
    services: PortalServices, client: Client, whats: frozenset[str], last: int | None, heartbeat_seconds: float
) -> AsyncGenerator[bytes, None]:
    """The events as bytes, until the key ends, the reader is too slow, or the view cannot be read."""
    yield format_sse_event(comment="changes of ShipSync", retry=RETRY_AFTER * 1000)
    try:
        async with aclosing(_pages(services, client, whats, last, heartbeat_seconds)) as told:
            async for one in told:
                yield one
    except Gap:
        with suppress(Transient):
            newest = await to_thread.run_sync(services.store.last_change)
            yield format_sse_event(event="reset", data_str="{}", id=str(newest))
    except TooSlow:
        metrics.STREAMS_CUT.inc()
    except Transient:
        return


async def _pages(
    services: PortalServices, client: Client, whats: frozenset[str], last: int | None, heartbeat_seconds: float
) -> AsyncGenerator[bytes, None]:
    """Yields what the client may hear, and a comment where nothing was to be said for a while. Raises Gap, TooSlow or
    Transient."""
    clock = asyncio.get_running_loop().time
    said_at = clock()
    async with aclosing(services.changes.follow(last, heartbeat_seconds)) as pages:
        async for page in pages:
            if client.is_over(services.now()):
                return
            told = services.changes.told(page, (whats, client.customer), partial(_written, client, whats))
            if told or not page or clock() - said_at >= heartbeat_seconds:
                said_at = clock()
                yield told or format_sse_event(comment="on", id=str(page[-1].number) if page else None)


def _written(client: Client, whats: frozenset[str], page: list[Changed]) -> bytes:
    return b"".join(_event(one) for one in page if one.what in whats and _may_hear(client, one))


def _may_hear(client: Client, change: Changed) -> bool:
    return client.customer is None or client.customer in change.customers


def _event(change: Changed) -> bytes:
    document = Change.model_validate(change)
    return format_sse_event(event=change.what, data_str=document.model_dump_json(), id=str(change.number))


def _whats(client: Client, asked: Sequence[str]) -> frozenset[str]:
    may = {what for what, scope in SCOPES.items() if scope in client.scopes}
    for what in asked:
        if what not in may:
            raise Problem(403, "out_of_scope", f"the key needs the scope {SCOPES[what]}")
    return frozenset(asked or may)


def _number(last_event_id: str | None) -> int | None:
    if last_event_id is None or last_event_id == "":
        return None
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19):
        raise invalid([{"pointer": "/header/last-event-id", "detail": "an id of an event of this stream is due"}])
    return int(last_event_id)
