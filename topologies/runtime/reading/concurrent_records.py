"""Reads one topic as a member of a group and handles its records all at once, each on its own.

For work that mostly waits, such as HTTP requests: a record need not wait for the one before it. A partition is
committed up to its first record that is not done (``reading/chunks.py`` keeps the account, a chunk being one record),
so a record is handled again if this process dies, and never left out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from config.settings import Settings
from streams.contracts.model import Record
from topologies.runtime.reading.chunks import Chunk, Ledger, Run, TopicPartition
from topologies.runtime.reading.group_reader import GroupReader, Member

log = logging.getLogger(__name__)

STRATEGY = "roundrobin"
HEARTBEATS_PER_SESSION = 3
LOOKS = 2
"""One look at Kafka brings at most a LOOKS-th of what may be in hand."""
Handle = Callable[[Record], Awaitable[None]]
"""Returns once the record is done with for good. Whatever it raises ends the process."""
Connect = Callable[[str, Settings, str, float, Member], GroupReader]


class ConcurrentRecords:
    """A member of the group. It lives on the event loop; the reader calls it from a thread of its own."""

    def __init__(
        self, settings: Settings, group: str, topic: str, most: int, handle: Handle, connect: Connect = GroupReader
    ) -> None:
        """``most``: how many records are handled at once."""
        self._settings, self._topic, self._most, self._handle = settings, topic, most, handle
        self._room, self._settled = asyncio.Semaphore(most), asyncio.Event()
        self._ledger = Ledger(changed=self._changed)
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._failed: asyncio.Future[None] = self._loop.create_future()
        looks = settings.replace(chunk_records=max(1, most // (2 * LOOKS)))
        heartbeat = settings.stage.session_timeout / HEARTBEATS_PER_SESSION
        self._reader = connect(group, looks, STRATEGY, heartbeat, self)

    @property
    def in_hand(self) -> int:
        """Records that were read and are not done."""
        return len(self._tasks)

    @property
    def behind(self) -> int:
        """Records on our partitions that are not done."""
        return sum(max(0, (one.high_water or 0) - (one.done or 0)) for one in self._ledger.progress())

    @property
    def has_assignment(self) -> bool:
        """Whether the group has told us our share; it may be no partition."""
        return self._reader.generation > 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Handle records until told to stop; then finish what is in hand within the drain time-out, commit and leave.

        Raises what handling a record, or reading, raised.
        """
        self._reader.read([self._topic])
        stopped = asyncio.create_task(stopping.wait())
        committing = asyncio.create_task(self._keep_committing())
        ends: list[asyncio.Future[Any]] = [stopped, committing, self._failed]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            self._reader.halt()
            await self._release(self._ledger.assigned())
        finally:
            for task in (stopped, committing, *self._tasks):
                task.cancel()
            await asyncio.gather(stopped, committing, *self._tasks, return_exceptions=True)
            await asyncio.to_thread(self._reader.close)
        if self._failed.done():
            self._failed.result()
        elif not committing.cancelled():
            committing.result()

    async def commit(self) -> None:
        """Commit each partition up to its first record that is not done."""
        generation, offsets = self._reader.generation, self._ledger.committable()
        if not offsets:
            return
        if await asyncio.wrap_future(self._reader.commit(generation, offsets)):
            self._ledger.committed(offsets, generation)

    def full(self) -> set[TopicPartition]:
        """All partitions while enough is in hand."""
        return self._ledger.assigned() if self.in_hand >= self._most else set()

    def received(self, runs: Mapping[TopicPartition, Run]) -> None:
        """Takes records from the reader."""
        self._loop.call_soon_threadsafe(self._receive, runs, self._reader.generation)

    def assigned(self, partitions: set[TopicPartition]) -> Future[None]:
        """Takes an assignment from the reader."""
        return asyncio.run_coroutine_threadsafe(self._assigned(partitions, self._reader.generation), self._loop)

    def revoked(self, partitions: set[TopicPartition], lost: bool) -> Future[None]:
        """Takes from the reader that partitions go; done once what is in hand of them is, or the drain time-out is
        over."""
        return asyncio.run_coroutine_threadsafe(self._revoked(partitions, lost), self._loop)

    def crashed(self, error: BaseException) -> None:
        """Takes from the reader that it ended; so does ``run``."""
        self._loop.call_soon_threadsafe(self._fail, error)

    async def _assigned(self, partitions: set[TopicPartition], generation: int) -> None:
        self._ledger.assign(partitions, generation)

    async def _revoked(self, partitions: set[TopicPartition], lost: bool) -> None:
        if lost:
            log.warning("out of the group: what is in hand will be handled again by another")
            self._ledger.revoke(partitions)
        await self._release(partitions)

    async def _release(self, partitions: set[TopicPartition]) -> None:
        """Begin nothing more of these partitions, wait for what was begun, commit, let go."""
        self._ledger.drain(partitions)
        seconds = self._settings.stage.drain_timeout
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._ledger.in_hand(partitions) and not self._failed.done():
                    self._settled.clear()
                    await self._settled.wait()
        if left := len(self._ledger.in_hand(partitions)):
            log.warning("%d records were not done within %g s and will be handled again", left, seconds)
        await self.commit()
        self._ledger.revoke(partitions)

    def _receive(self, runs: Mapping[TopicPartition, Run], generation: int) -> None:
        if generation != self._reader.generation:
            return
        ours = self._ledger.assigned()
        for tp, run in runs.items():
            if tp not in ours:
                continue
            for record in run.records:
                task = asyncio.create_task(self._work(record, self._ledger.deliver(tp, [record], record.offset + 1)))
                self._tasks.add(task)
                task.add_done_callback(self._ended)
            self._ledger.receive(tp, Run([], 0, run.position, run.high_water))

    async def _work(self, record: Record, chunk: Chunk) -> None:
        async with self._room:
            if chunk.begin():
                await self._handle(record)
                chunk.done()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._reader.room()
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)
        self._changed()

    def _changed(self) -> None:
        self._settled.set()

    async def _keep_committing(self) -> None:
        while True:
            await asyncio.sleep(self._settings.stage.commit_interval)
            await self.commit()
