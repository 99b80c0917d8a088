"""Changes of the read model for everybody who follows them: one poller in the process, a bounded queue a follower."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import suppress
from functools import partial

from anyio import to_thread

from connectors.read_store.reader import Changed, ReadStore
from streams.kernel.errors import Transient

POLL_SECONDS = 0.05
"""How often the read model is asked, while anybody follows: for its newest number, which costs some 20 µs."""
WAKE_SECONDS = 0.0005
"""Once followers were given something, so long for each of them until they are given more: a thousand would not come to
rest while changes come without a pause."""
PAGE = 500
MOST_WAITING = 2_000
"""Changes that wait for one follower; who is further behind is cut off."""
MOST_FOLLOWERS = 5_000


class Gap(Exception):
    """Changes after the last one heard are no longer kept: read the lists anew."""


class TooSlow(Exception):
    """The follower does not take changes as fast as they come."""


class Follower:
    """One who follows: what waits for it, and whether it was cut off."""

    def __init__(self) -> None:
        self._waiting: list[list[Changed]] = []
        self._number = 0
        self._woken = asyncio.Event()
        self._fault: Exception | None = None

    def give(self, changes: list[Changed]) -> None:
        """Adds changes, a list nobody changes; where there is no room for them, drops all and cuts it off."""
        if self._number + len(changes) > MOST_WAITING:
            self.cut(TooSlow())
        elif self._fault is None:
            self._waiting.append(changes)
            self._number += len(changes)
            self._woken.set()

    def cut(self, fault: Exception) -> None:
        """Ends it with this fault."""
        self._waiting, self._number = [], 0
        self._fault = fault
        self._woken.set()

    async def take(self, seconds: float) -> list[Changed]:
        """The changes that wait, after up to so many seconds of waiting for it: the list that was given, where that is
        all. Raises Gap or TooSlow."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        if self._fault is not None:
            raise self._fault
        taken, self._waiting, self._number = self._waiting, [], 0
        self._woken.clear()
        return taken[0] if len(taken) == 1 else [one for page in taken for one in page]


class Changes:
    """Asks the read model for changes while anybody follows, and hands them to all of them."""

    def __init__(self, store: ReadStore, poll_seconds: float = POLL_SECONDS) -> None:
        self._store, self._poll_seconds = store, poll_seconds
        self._followers: set[Follower] = set()
        self._poller: asyncio.Task[None] | None = None
        self._at = 0
        self._page: list[Changed] = []
        self._texts: dict[Hashable, bytes] = {}
        self.polls = 0
        """How often the read model was asked."""

    def __len__(self) -> int:
        return len(self._followers)

    async def follow(self, last: int | None, seconds: float) -> AsyncGenerator[list[Changed], None]:
        """Changes after the number ``last``, None: from now on; an empty list after ``seconds`` without one.

        Raises Gap where not all of them are kept, TooSlow, and Transient where the read model cannot be read.
        """
        follower = Follower()
        begun = await self._begun(follower)
        try:
            if last is not None:
                async for page in self._missed(last, begun):
                    yield page
            while True:
                yield await follower.take(seconds)
        finally:
            self._followers.discard(follower)

    def told(self, page: list[Changed], kind: Hashable, make: Callable[[list[Changed]], bytes]) -> bytes:
        """Return a page as ``make`` makes it for a kind of followers: once, as all are given the same."""
        if page is not self._page:
            self._page, self._texts = page, {}
        if kind not in self._texts:
            self._texts[kind] = make(page)
        return self._texts[kind]

    async def close(self) -> None:
        """Stops asking."""
        if self._poller is not None:
            self._poller.cancel()
            with suppress(asyncio.CancelledError):
                await self._poller
            self._poller = None

    async def _begun(self, follower: Follower) -> int:
        """The number after which the follower is given every change."""
        if self._idle:
            newest = await to_thread.run_sync(self._store.last_change)
            if self._idle:  # another follower may have begun it meanwhile
                self._at = newest
                self._poller = asyncio.create_task(self._poll())
        self._followers.add(follower)
        return self._at

    async def _missed(self, last: int, until: int) -> AsyncGenerator[list[Changed], None]:
        """The changes after ``last`` up to ``until``, page by page."""
        if last > until or (not last and until):
            raise Gap
        while last < until:
            found = await to_thread.run_sync(self._since, last)
            page = [one for one in found if one.number <= until]
            if not page:
                return
            last = page[-1].number
            yield page

    @property
    def _idle(self) -> bool:
        return self._poller is None or self._poller.done()

    async def _poll(self) -> None:
        found: list[Changed] = []
        try:
            while self._followers:
                if len(found) < PAGE:
                    woken = len(self._followers) if found else 0
                    await asyncio.sleep(max(self._poll_seconds, WAKE_SECONDS * woken))
                self.polls += 1
                found = await self._look()
        finally:
            self._tell(lambda follower: follower.cut(Gap()))

    async def _look(self) -> list[Changed]:
        """Hands the next page of changes to all, and returns it; none where the read model cannot be read now."""
        try:
            found = await to_thread.run_sync(self._since, self._at)
            if found:
                self._at = found[-1].number
                self._tell(partial(Follower.give, changes=found))
            return found
        except Transient:
            return []
        except Gap:
            with suppress(Transient):
                self._at = await to_thread.run_sync(self._store.last_change)
                self._tell(lambda follower: follower.cut(Gap()))
            return []

    def _tell(self, word: Callable[[Follower], None]) -> None:
        for one in list(self._followers):
            word(one)

    def _since(self, number: int) -> list[Changed]:
        """A page of the changes after this number, 0 where there was none. Raises Gap where not all are kept."""
        last = self._store.last_change()
        if last == number:
            return []
        if last < number or 0 < number < self._store.first_change() - 1:
            raise Gap
        return self._store.changes_after(number, PAGE)
