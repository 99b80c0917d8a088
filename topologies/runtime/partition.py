"""One partition number of a worker: its turn, its local state, and having that up to date before its first chunk."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from config.settings import Settings
from config.topics import App
from streams.kernel.errors import Fatal, Transient
from topologies.runtime.changelog import Changelog, Restored
from topologies.runtime.chunk_writer import ChunkWriter
from topologies.runtime.membership import Membership
from topologies.runtime.partition_state import PartitionState
from topologies.runtime.sink import Sink, Span

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
RESTORES_AT_ONCE = 2
T = TypeVar("T")


async def in_thread(executor: Executor, call: Callable[[], T]) -> T:
    """The result of ``call``, made in a thread of ``executor`` with the context variables of the caller."""
    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(executor, lambda: context.run(call))


class Partition:
    """One partition number of this worker. Whoever works on it holds ``lock``.

    ``wanted``: whether it is assigned. ``end``: how far the changelog is known here, all below it being in ``state``;
    None once another worker has written to it, from when on the mark of the local state stays where it is.
    """

    __slots__ = ("end", "lock", "number", "state", "wanted")

    def __init__(self, number: int) -> None:
        self.number = number
        self.lock = asyncio.Lock()
        self.state: PartitionState | None = None
        self.wanted = False
        self.end: int | None = None

    def is_wanted(self) -> bool:
        """Whether it is assigned to this worker."""
        return self.wanted

    def restored(self, found: Restored, end: int | None) -> None:
        """Its state is up to date. ``end``: of the changelog, with what was written since it was read."""
        self.state, self.end = found.state, end

    def continues(self, span: Span) -> bool:
        """Whether these records of the changelog follow what is known of it, with no other worker's between them."""
        return self.end == span.first and span.end - span.first == span.records

    def let_go(self) -> None:
        """Close the state. Not while it is in use."""
        state, self.state, self.end = self.state, None, None
        if state is not None:
            state.close()


class Restoring:
    """Opens partitions: fences whoever wrote for them before, brings the local state up to the changelog's end, and
    sends what the worker before had not sent."""

    def __init__(
        self, app: App, settings: Settings, changelog: Changelog, sink: Sink, writer: ChunkWriter,
        membership: Membership, sending: Executor,
    ) -> None:
        self._app = app
        self._settings = settings
        self._changelog = changelog
        self._sink = sink
        self._writer = writer
        self._membership = membership
        self._sending = sending
        self._turns = asyncio.Semaphore(RESTORES_AT_ONCE)

    async def ready(self, partition: Partition, wanted: Callable[[], bool]) -> bool:
        """Have the state open and up to date; False once not ``wanted``, or out of the group. The partition is held.

        Raises Fatal where it cannot be had within the stuck time-out.
        """
        if partition.state is not None:
            return True
        give_up = time.monotonic() + self._settings.stage.stuck_timeout
        async with self._turns:
            while wanted():
                if not await self._membership.holds():
                    log.warning("%s[%d] is not restored: out of the group", self._app.name, partition.number)
                    return False
                try:
                    return await self._opened(partition, wanted)
                except Transient as error:
                    if time.monotonic() > give_up:
                        raise Fatal(f"partition {partition.number} could not be restored: {error}") from error
                    log.warning("partition %d of %s waits: %s", partition.number, self._app.name, error)
                    await in_thread(self._sending, partial(self._sink.release, partition.number))
                    await asyncio.sleep(RETRY_SECONDS)
        return False

    async def _opened(self, partition: Partition, wanted: Callable[[], bool]) -> bool:
        number = partition.number
        path = self._settings.state.data_dir / self._app.app_id / str(number)
        await in_thread(self._sending, partial(self._sink.open, number))
        found = await asyncio.to_thread(
            self._changelog.restored, path, number, lambda: partition.wanted and wanted()
        )
        if found is None:
            return False
        try:
            written = await in_thread(self._sending, partial(self._writer.what_was_left, number, found.held_back))
        except BaseException:
            found.state.close()
            raise
        end: int | None = found.end
        if written is not None:
            end = written.end if written.first == end else None
        partition.restored(found, end)
        return True
