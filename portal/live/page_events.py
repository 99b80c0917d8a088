"""Tells open pages what has changed, as server-sent events.

``event``: shipment, order, alert or feed; ``data``: a JSON list of keys. The id of an event is the number of the last
change in it, so that a browser that reconnects hears of what it missed. The event ``reset`` tells a page that has
missed more than is kept to look at all of it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing

from connectors.read_store.reader import Changed
from portal.live.changes import Changes, Gap, TooSlow
from streams.kernel.errors import Transient

QUIET_SECONDS = 15.0
"""After so long without a change a comment is sent, which keeps proxies from closing the connection."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def stream(changes: Changes, after: int | None = None) -> AsyncIterator[bytes]:
    """The events for one page; it ends where the read model cannot be read, and the page connects again.
    ``after``: the last it has heard of; None: from now on."""
    yield b"retry: 3000\n\n"
    while True:
        try:
            async with aclosing(changes.follow(after, QUIET_SECONDS)) as followed:
                async for batch in followed:
                    yield changes.told(batch, "page", written) if batch else b": still here\n\n"
        except (Gap, TooSlow):
            after = None
            yield b"event: reset\ndata: []\n\n"
        except Transient:
            return


def written(batch: Iterable[Changed]) -> bytes:
    """Events, one for each kind of thing that changed."""
    kinds: dict[str, list[Changed]] = {}
    for one in batch:
        kinds.setdefault(one.what, []).append(one)
    return "".join(
        f"id: {max(one.number for one in found)}\nevent: {what}\n"
        f"data: {json.dumps(list(dict.fromkeys(one.key for one in found)))}\n\n"
        for what, found in kinds.items()
    ).encode()
