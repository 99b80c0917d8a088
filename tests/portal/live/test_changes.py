"""Followers of changes: one poller for all, none hears a change twice or misses one, slow ones are cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest

from connectors.read_store import files
from connectors.read_store.reader import Changed, ReadStore
from connectors.read_store.writer import Store
from portal.live import changes
from portal.live.changes import Changes, Follower, Gap, TooSlow
from streams.kernel.vocabulary import Status
from streams.read_model.project import changes as rows_of
from tests.support.read_model_world import NOON, fill, shipment
from tests.support.waiting import PATIENCE

OFTEN = 0.005


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fill(tmp_path, [])
    return tmp_path


def change(folder: Path, *numbers: str) -> None:
    """These shipments change."""
    fill(folder, [(f"acme:{one}", shipment(one, Status.IN_TRANSIT, NOON, carrier="acme")) for one in numbers])


def cut(folder: Path, keep: int) -> None:
    """Only the newest changes are kept."""
    file = files.current(folder)
    assert file is not None
    store = Store(file)
    store._base.execute("DELETE FROM changes WHERE number <= (SELECT max(number) - ? FROM changes)", (keep,))
    store.close()


async def heard(pages: AsyncGenerator[list[Changed], None], number: int) -> list[str]:
    """The first so many changes."""
    found: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < number:
            found += [one.key.removeprefix("acme:") for one in await anext(pages)]
    return found


async def begun(hub: Changes, *followers: AsyncGenerator[list[Changed], None]) -> list[asyncio.Task[list[Changed]]]:
    """Waits until all of them are followers; each waits for its first page."""
    tasks = [asyncio.ensure_future(anext(one)) for one in followers]
    async with asyncio.timeout(PATIENCE):
        while len(hub) < len(followers):
            await asyncio.sleep(OFTEN)
    return tasks


def test_a_page_is_written_once_for_all_of_a_kind(folder: Path) -> None:
    store = ReadStore(folder)
    hub, page = Changes(store), [Changed(1, "shipment", "acme:1", (), NOON)]
    made: list[str] = []

    def make(kind: str) -> bytes:
        made.append(kind)
        return kind.encode()

    for given, kind in ((page, "a"), (page, "b"), (page, "a"), ([*page], "a"), (page, "b")):
        assert hub.told(given, kind, lambda _, kind=kind: make(kind)) == kind.encode()
    assert made == ["a", "b", "a", "b"]
    store.close()


def test_a_follower_is_given_all_that_waited_in_order() -> None:
    first, second = ([Changed(number, "feed", "f", (), NOON)] for number in (1, 2))

    async def take() -> None:
        one = Follower()
        one.give(first)
        assert await one.take(PATIENCE) is first
        one.give(first)
        one.give(second)
        assert await one.take(PATIENCE) == first + second

    asyncio.run(take())


def test_a_thousand_followers_have_one_poller(folder: Path) -> None:
    store = ReadStore(folder)

    async def follow() -> None:
        hub = Changes(store, OFTEN)
        followers = [hub.follow(None, PATIENCE) for _ in range(1_000)]
        tasks = await begun(hub, *followers)
        pollers = [one for one in asyncio.all_tasks() if "Changes._poll" in repr(one.get_coro())]
        assert len(pollers) == 1
        await asyncio.to_thread(change, folder, "1")
        async with asyncio.timeout(PATIENCE):
            told = await asyncio.gather(*tasks)
        assert [[one.key for one in page] for page in told] == [["acme:1"]] * 1_000
        for one in followers:
            await one.aclose()
        assert len(hub) == 0
        async with asyncio.timeout(PATIENCE):
            await pollers[0]
        await hub.close()

    asyncio.run(follow())
    store.close()


def test_what_was_missed_comes_first_and_nothing_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "PAGE", 2)
    numbers = [str(one) for one in range(7)]
    change(folder, *numbers)
    store = ReadStore(folder)

    async def follow() -> None:
        hub = Changes(store, OFTEN)
        first = store.first_change()
        async with aclosing(hub.follow(first, PATIENCE)) as pages:
            assert await heard(pages, 6) == numbers[1:]
            await asyncio.to_thread(change, folder, "8", "9", "10", "11", "12")
            assert await heard(pages, 5) == ["8", "9", "10", "11", "12"]
        await hub.close()

    asyncio.run(follow())
    store.close()


def test_followers_that_begin_at_once_miss_nothing(folder: Path) -> None:
    store = ReadStore(folder)

    async def follow() -> None:
        hub = Changes(store, OFTEN)
        followers = [hub.follow(None, PATIENCE) for _ in range(20)]
        tasks = await begun(hub, *followers)
        for number in range(5):
            await asyncio.to_thread(change, folder, str(number))
        told = [[one.key[5:] for one in await task] for task in tasks]
        for one, already in zip(followers, told, strict=True):
            assert already + await heard(one, 5 - len(already)) == ["0", "1", "2", "3", "4"]
            await one.aclose()
        await hub.close()

    asyncio.run(follow())
    store.close()


@pytest.mark.parametrize("place", ["before", "beyond"])
def test_who_missed_what_is_no_longer_kept_is_told_so(folder: Path, place: str) -> None:
    change(folder, "1", "2", "3")
    store = ReadStore(folder)
    last = store.first_change() if place == "before" else store.last_change() + 1
    cut(folder, 1)

    async def follow() -> None:
        hub = Changes(store, OFTEN)
        with pytest.raises(Gap):
            await anext(hub.follow(last, PATIENCE))
        assert len(hub) == 0
        await hub.close()

    asyncio.run(follow())
    store.close()


def test_who_follows_while_changes_vanish_is_told_so(folder: Path) -> None:
    change(folder, "1")
    store = ReadStore(folder)

    async def follow() -> None:
        hub = Changes(store, OFTEN)
        [task] = await begun(hub, hub.follow(None, PATIENCE))

        def vanish() -> None:
            file = files.current(folder)
            assert file is not None
            told = [row for one in "234" for row in rows_of(f"acme:{one}", shipment(one, Status.BOOKED, NOON), NOON)]
            writer = Store(file)
            writer._base.execute("BEGIN IMMEDIATE")
            writer._write(told, NOON)
            writer._base.execute("DELETE FROM changes WHERE number < (SELECT max(number) FROM changes)")
            writer._base.execute("COMMIT")
            writer.close()

        await asyncio.to_thread(vanish)
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(Gap):
                await task
        await hub.close()

    asyncio.run(follow())
    store.close()


def test_a_follower_who_takes_nothing_is_cut_off_and_others_go_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MOST_WAITING", 3)
    store = ReadStore(folder)

    async def follow() -> None:
        hub = Changes(store, OFTEN)
        slow, quick = hub.follow(None, PATIENCE), hub.follow(None, PATIENCE)
        tasks = await begun(hub, slow, quick)
        await asyncio.to_thread(change, folder, "1")
        assert [len(await one) for one in tasks] == [1, 1]
        for number in ("2", "3", "4", "5"):
            await asyncio.to_thread(change, folder, number)
            assert await heard(quick, 1) == [number]
        with pytest.raises(TooSlow):
            await anext(slow)
        assert len(hub) == 1
        await quick.aclose()
        await hub.close()

    asyncio.run(follow())
    store.close()


def test_a_view_that_is_away_for_a_while_ends_no_stream(folder: Path) -> None:
    store = ReadStore(folder)

    async def follow() -> None:
        hub = Changes(store, OFTEN)
        follower = hub.follow(None, PATIENCE)
        [task] = await begun(hub, follower)
        current, aside = folder / files.CURRENT, folder / "aside"
        current.rename(aside)
        seen = hub.polls
        async with asyncio.timeout(PATIENCE):
            while hub.polls < seen + 3:
                await asyncio.sleep(OFTEN)
        aside.rename(current)
        await asyncio.to_thread(change, folder, "1")
        async with asyncio.timeout(PATIENCE):
            assert [one.key for one in await task] == ["acme:1"]
        await follower.aclose()
        await hub.close()

    asyncio.run(follow())
    store.close()
