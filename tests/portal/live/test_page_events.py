"""Open pages hear of changes, and none is lost over a broken connection."""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec import structs

from connectors.read_store.reader import Changed, ReadStore
from portal.live.changes import Changes
from portal.live.page_events import stream, written
from streams.contracts.model import ShipmentState
from tests.support.portal_afternoon import STAR, afternoon
from tests.support.read_model_world import NOON, fill

PATIENCE = 300


def later(seconds: int) -> list[tuple[str, object]]:
    """The shipment, changed."""
    [state] = [one for key, one in afternoon() if key == f"ups:{STAR}" and isinstance(one, ShipmentState)]
    return [(f"ups:{STAR}", structs.replace(state, updated_at=NOON + seconds))]


async def next_event(page: object) -> str:
    while True:
        found: str = (await asyncio.wait_for(anext(page), PATIENCE)).decode()  # type: ignore[call-overload]
        if found.startswith("id:"):
            return found


def test_two_pages_hear_of_a_change(tmp_path: Path) -> None:
    fill(tmp_path, afternoon())

    async def scene() -> None:
        changes = Changes(ReadStore(tmp_path), 0.01)
        first, second = stream(changes), stream(changes)
        assert await anext(first) == await anext(second) == b"retry: 3000\n\n"
        hearing = [asyncio.create_task(next_event(one)) for one in (first, second)]
        while not all(task.done() for task in hearing):
            # Written again until heard: a page may begin to follow after the first writing.
            fill(tmp_path, later(len(hearing)))  # type: ignore[arg-type]
            await asyncio.wait(hearing, timeout=0.05)
        for task in hearing:
            assert 'event: shipment\ndata: ["ups:1Z999AA10123456784"]' in await task
        await changes.close()

    asyncio.run(scene())


def test_who_reconnects_hears_what_was_missed(tmp_path: Path) -> None:
    fill(tmp_path, afternoon())
    store = ReadStore(tmp_path)
    last = store.last_change()
    fill(tmp_path, later(1))  # type: ignore[arg-type]

    async def scene() -> None:
        changes = Changes(store, 0.01)
        assert f"id: {store.last_change()}\nevent: shipment" in await next_event(stream(changes, last))
        await changes.close()

    asyncio.run(scene())


def test_who_missed_more_than_is_kept_is_told_to_look_at_all_and_goes_on(tmp_path: Path) -> None:
    fill(tmp_path, afternoon())

    async def scene() -> None:
        changes = Changes(ReadStore(tmp_path), 0.01)
        page = stream(changes, 1)
        assert [await anext(page), await anext(page)] == [b"retry: 3000\n\n", b"event: reset\ndata: []\n\n"]
        hearing = asyncio.create_task(next_event(page))
        while not hearing.done():
            fill(tmp_path, later(2))  # type: ignore[arg-type]
            await asyncio.wait([hearing], timeout=0.05)
        assert "event: shipment" in hearing.result()
        await changes.close()

    asyncio.run(scene())


def test_without_a_read_model_the_page_is_to_connect_again(tmp_path: Path) -> None:
    async def scene() -> None:
        changes = Changes(ReadStore(tmp_path), 0.01)
        assert [one async for one in stream(changes)] == [b"retry: 3000\n\n"]

    asyncio.run(scene())


def test_a_key_cannot_end_its_event() -> None:
    text = written([Changed(1, "shipment", "a\n\nevent: alert\ndata: x", (), NOON)]).decode()
    assert text.count("\n\n") == 1
    assert text.count("event:") == 2
    assert text.splitlines()[2].startswith("data: [")
