"""One partition number of a worker: its turn, its local state, and having that up to date before its first chunk."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial

from config.apps import App
from config.settings import Settings
from streams.kernel.errors import Fatal, Transient
from topologies.runtime.reading.chunks import TopicPartition
from topologies.runtime.reading.membership import Membership
from topologies.runtime.state.changelog import Changelog, Restored
from topologies.runtime.state.partition_state import PartitionState
from topologies.runtime.writing.chunk_writer import ChunkWriter
from topologies.runtime.writing.finishing import Write, Writing
from topologies.runtime.writing.outbox import HeldBack
from topologies.runtime.writing.sink import Fenced, Span

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
RESTORES_AT_ONCE = 2
Positions = Callable[[int], Mapping[TopicPartition, int]]
"""Returns, for a partition number, how far each input partition of it is done; leaves out those of which it is not
known yet."""


class Partition:
    """One partition number of this worker. Whoever works on it holds ``lock``.

    ``wanted``: whether it is assigned. ``group_metadata``: member and generation it was assigned to. ``end``: how far
    the changelog is known here, all below it being in ``state``; None once another worker has written to it, from when
    on the mark of the local state stays where it is.
    """

    __slots__ = ("end", "group_metadata", "lock", "number", "state", "wanted")

    def __init__(self, number: int) -> None:
        self.number = number
        self.lock = asyncio.Lock()
        self.state: PartitionState | None = None
        self.wanted = False
        self.group_metadata: bytes | None = None
        self.end: int | None = None

    def is_wanted(self) -> bool:
        """Whether it is assigned to this worker."""
        return self.wanted

    def restored(self, found: Restored) -> None:
        """Its state is up to date."""
        self.state, self.end = found.state, found.end

    def continues(self, span: Span) -> bool:
        """Whether these records of the changelog follow what is known of it, with no other worker's between them."""
        return self.end == span.first and span.end - span.first == span.records

    def let_go(self) -> None:
        """Close the state. Not while it is in use."""
        state, self.state, self.end = self.state, None, None
        if state is not None:
            state.close()


class Restoring:
    """Opens partitions: brings the local state up to the changelog's end, and sends what the worker before had not
    sent."""

    def __init__(
        self, app: App, settings: Settings, changelog: Changelog, writing: Writing, writer: ChunkWriter,
        membership: Membership, positions: Positions,
    ) -> None:
        self._app = app
        self._settings = settings
        self._changelog = changelog
        self._writing = writing
        self._writer = writer
        self._membership = membership
        self._positions = positions
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
                    await asyncio.sleep(RETRY_SECONDS)
        return False

    async def _opened(self, partition: Partition, wanted: Callable[[], bool]) -> bool:
        number = partition.number
        path = self._settings.state.data_dir / self._app.app_id / str(number)
        await self._writing.get_ready()
        found = await asyncio.to_thread(
            self._changelog.restored, path, number, lambda: partition.wanted and wanted()
        )
        if found is None:
            return False
        partition.restored(found)
        try:
            told = not found.held_back or await self._tell(partition, found.held_back)
        except BaseException:
            partition.let_go()
            raise
        if not told:
            partition.let_go()
        return told

    async def _tell(self, partition: Partition, held: Mapping[bytes, HeldBack]) -> bool:
        """Send what the worker before held back; False once the partition is not ours."""
        atomic = self._writing.is_atomic

        def noted(span: Span | None) -> None:
            if span is not None:
                partition.end = span.end if atomic or span.first == partition.end else None

        positions = self._positions(partition.number)
        if atomic and not positions:
            raise Fenced("it is not known yet how far its inputs are done")
        return await self._writing.write(Write(
            partition.number, partial(self._writer.put_what_was_left, partition.number, held), partition.is_wanted,
            noted, positions, partition.group_metadata,
        ))
