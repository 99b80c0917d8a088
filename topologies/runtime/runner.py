"""Runs one stage's handler over chunks: in order, one at a time for each partition, and never done too early.

A chunk is handled, then written (``chunk_writer.py``, ``writing.py``: outputs, changelog, local state), then done. A
crash anywhere repeats a chunk and loses nothing. Who is fenced, or out of the consumer group after a pause, abandons
what is in hand and lives on. What nobody foresaw stops the process before anything is committed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol, cast

from config.apps import App
from config.settings import Settings
from connectors.kafka.topic_admin import largest_dead_letter
from streams.kernel.errors import Fatal, ShipSyncError, Transient
from topologies.runtime import logs
from topologies.runtime.exit_codes import ExitCode
from topologies.runtime.handler import Handled, Handler, StatefulHandler
from topologies.runtime.reading.chunks import Chunk, TopicPartition
from topologies.runtime.reading.membership import Membership
from topologies.runtime.reading.pauses import Resuming, never_paused
from topologies.runtime.state.changelog import Changelog, KafkaChangelog
from topologies.runtime.state.partition import RETRY_SECONDS, Partition, Positions, Restoring
from topologies.runtime.state.partition_state import Damaged, Mark, Stalled
from topologies.runtime.threads import OneThread, in_thread
from topologies.runtime.watching import metrics
from topologies.runtime.watching.in_hand import InHand
from topologies.runtime.watching.poison import FOLDER, Crashes, Handling
from topologies.runtime.writing.chunk_writer import ChunkWriter
from topologies.runtime.writing.deadletters import Encode
from topologies.runtime.writing.finishing import Write, way_of_writing
from topologies.runtime.writing.refusal_log import log_refused
from topologies.runtime.writing.sink import Fenced, Sink, Span

log = logging.getLogger(__name__)


class Exit(Protocol):
    """Ends the process at once."""

    def __call__(self, status: int, /) -> Any: ...


def now_ms() -> int:
    """The wall clock, ms since the epoch."""
    return time.time_ns() // 1_000_000


class StageRunner:
    """One stage at work. A listener of the transport (``on_assigned``, ``on_revoked``).

    ``encode_dead_letter``: index card -> value bytes. ``clock``: ms since the epoch. ``exit_process``: how
    the process ends when it must (70, never after an ack it should not have given). ``is_paused``: whether the
    records of a topic wait. ``positions``: of the ledger (``Ledger.positions``); to be set before partitions come.
    """

    def __init__(
        self,
        app: App,
        handler: Handler,
        settings: Settings,
        sink: Sink,
        encode_dead_letter: Encode,
        clock: Callable[[], int] = now_ms,
        changelog: Changelog | None = None,
        exit_process: Exit = os._exit,
        membership: Membership | None = None,
        is_paused: Callable[[str], bool] = never_paused,
    ) -> None:
        self.app = app
        self.is_paused = is_paused
        self._resuming = Resuming(is_paused)
        self.membership = membership or Membership(settings.stage.session_timeout)
        self.has_caught_up: Callable[[int], bool] = lambda _: True
        self._handler = handler
        self._settings = settings
        self.sink = sink
        self._clock = clock
        self._exit = exit_process
        self._changelog = changelog or self._kafka_changelog()
        folder = settings.state.data_dir / app.app_id
        self.in_hand = InHand(folder)
        self._work_on = Handling(handler, self.in_hand, Crashes(folder / FOLDER, settings.stage.poison_after))
        self._partitions: dict[int, Partition] = {}
        self._handling = OneThread(f"{app.name}-handler")
        self._sending = ThreadPoolExecutor(sink.at_once, f"{app.name}-sink")
        self._writing = way_of_writing(
            app, sink, self.membership, self._sending, settings.stage.chunk_records
        )
        self._writer = ChunkWriter(app, encode_dead_letter, largest_dead_letter(settings))
        self.positions: Positions = lambda _: {}
        self._restoring = None if self._changelog is None else Restoring(
            app, settings, self._changelog, self._writing, self._writer, self.membership,
            self._known_positions,
        )
        self._tasks: set[asyncio.Task[None]] = set()

    def _known_positions(self, number: int) -> Mapping[TopicPartition, int]:
        return self.positions(number)

    @property
    def commits_offsets(self) -> bool:
        """Whether the offsets of the inputs are committed with what they brought about, and through it alone."""
        return self._writing.is_atomic

    async def on_assigned(self, partitions: set[TopicPartition], group_metadata: bytes | None) -> None:
        """Begin to restore the partitions; their chunks wait for it."""
        self.membership.forget()
        metrics.ASSIGNED.labels(self.app.name).set(len(partitions))
        topics = {tp.topic for tp in partitions}
        for number in {tp.partition for tp in partitions}:
            if self._changelog is not None:
                self._check_joined(number, topics, partitions)
            one = self._partition(number)
            one.wanted, one.group_metadata = True, group_metadata
            self._restore_ahead(one)

    async def on_revoked(self, partitions: set[TopicPartition]) -> None:
        """Close the partitions' state once what is in hand has ended."""
        self.membership.forget()
        for number in {tp.partition for tp in partitions}:
            one = self._partitions.pop(number, None)
            if one is None:
                continue
            one.wanted = False
            async with one.lock:
                await self._let_go(one)

    def being_restored(self) -> int:
        """Returns how many of the assigned partitions do not have their state up to date yet."""
        if self._changelog is None:
            return 0
        return sum(one.wanted and one.state is None for one in list(self._partitions.values()))

    async def process(self, chunk: Chunk) -> None:
        """Work on one chunk; chunks of one partition number in the order of calling, one at a time.

        Returns with the chunk done, or not begun, or abandoned because its partition went. Anything else
        ends the process.
        """
        with logs.about(topic=chunk.topic, partition=chunk.partition, offset=chunk.records[0].offset):
            while not (chunk.finished or chunk.leaving()):
                await self._resuming.wait(chunk, RETRY_SECONDS)
                await self._process(chunk)
                if not (chunk.current() and self.is_paused(chunk.topic)):
                    return

    async def _process(self, chunk: Chunk) -> None:
        one = self._partition(chunk.partition)
        async with one.lock:
            if self.is_paused(chunk.topic) or not chunk.begin():
                return
            one.wanted = True
            done = False
            try:
                done = await self._work_until_done(chunk, one)
            except Exception as error:
                self._die(f"{self.app.name} cannot go on with {chunk!r}", error)
                raise
            finally:
                if not done:
                    metrics.CHUNKS_ABANDONED.labels(self.app.name).inc()
                    chunk.abandon()
            if done:
                self._account(chunk)
                self._work_on.passed(chunk.tp, chunk.end)
                if self.commits_offsets:
                    chunk.committed()
                chunk.done()

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        """Commit positions to which nothing is to be written, in transactions; what was committed.

        As they are in the partition's turn: of a partition there is but one write at a time. One that is in work has
        its positions committed with that, or at the next commit.
        """
        numbers = {tp.partition for tp in offsets}
        written = await asyncio.gather(*(self._commit(self._partition(number)) for number in numbers))
        return {tp: offset for one in written for tp, offset in one.items()}

    async def _commit(self, one: Partition) -> Mapping[TopicPartition, int]:
        if one.lock.locked():
            return {}
        async with one.lock:
            positions = self.positions(one.number)
            write = Write(one.number, current=one.is_wanted, offsets=positions, group_metadata=one.group_metadata)
            try:
                return positions if await self._writing.write(write) else {}
            except ShipSyncError as error:
                log.warning("offsets not committed, tried again at the next commit: %s", error)
                return {}

    async def sweep(self) -> None:
        """Let the handler do what is due by the clock, partition by partition. Where the backlog of a partition is not
        taken in yet (``has_caught_up``), its silences are not real."""
        if self._changelog is None:
            return
        for one in list(self._partitions.values()):
            async with one.lock:
                if one.state is None or not one.wanted or not self.has_caught_up(one.number):
                    continue
                try:
                    await self._sweep(one)
                except (Fenced, Damaged, Stalled) as error:
                    log.warning("sweep of %s[%d] abandoned: %s", self.app.name, one.number, error)
                    self.membership.forget()
                    await self._let_go(one)
                    self._restore_ahead(one)
                except Exception as error:
                    self._die(f"{self.app.name} cannot sweep partition {one.number}", error)
                    raise

    async def close(self) -> None:
        """Close every state and write out what is queued."""
        for one in self._partitions.values():
            one.wanted = False
        await self.on_revoked({TopicPartition("", number) for number in self._partitions})
        await in_thread(self._sending, self.sink.close)
        self._handling.close()
        self.in_hand.forget()
        self._sending.shutdown()

    def _partition(self, number: int) -> Partition:
        return self._partitions.setdefault(number, Partition(number))

    async def _let_go(self, one: Partition) -> None:
        """Close the partition's state; whoever has it next restores it. It is held."""
        await self._handling.run(one.let_go)

    async def _work_until_done(self, chunk: Chunk, one: Partition) -> bool:
        """Handle and write one chunk, if need be again and again, until its partition goes.

        Again, from a restored state, where the partition was lost: it may be ours still. Again, too, where the group
        does not count us in: if that is so, the partition goes; else the coordinator has not answered.
        """
        while True:
            try:
                if await self._work(chunk, one):
                    return True
            except (Fenced, Damaged, Stalled) as error:
                log.warning("%r is taken up anew, if the partition is ours still: %s", chunk, error)
                self.membership.forget()
                await self._let_go(one)
            if not chunk.current() or chunk.leaving() or self.is_paused(chunk.topic):
                return False
            await asyncio.sleep(RETRY_SECONDS)

    async def _work(self, chunk: Chunk, one: Partition) -> bool:
        """Handle and write one chunk; False if its partition went before it was safe."""
        if self._restoring is not None and not await self._restoring.ready(one, chunk.current):
            return False
        now = self._clock()
        handled = await self._handled(chunk, one, now)
        if handled is None:
            return False
        offsets = {} if handled.paused else {chunk.tp: chunk.end}
        return await self._write(
            one, handled, now, chunk.current, offsets, len(chunk.records)
        ) and not handled.paused

    async def _sweep(self, one: Partition) -> None:
        """Sweeps a partition and writes what is due. In a transaction the positions of the inputs go along as they are,
        for the group to refuse them where it has put us out; until these are known, nothing is swept."""
        handler, state, now = cast(StatefulHandler, self._handler), one.state, self._clock()
        assert state is not None
        if self._writing.is_atomic and not self.positions(one.number):
            return
        handled = await self._handling.run(lambda: handler.sweep(state, now))
        if self._writing.is_atomic and not handled.is_said():
            await self._handling.run(lambda: self._apply(one, handled, None))
            return
        await self._write(one, handled, now, one.is_wanted, self.positions(one.number))

    async def _handled(self, chunk: Chunk, one: Partition, now: int) -> Handled | None:
        while chunk.current():
            try:
                with metrics.CHUNK_SECONDS.labels(self.app.name, "handle").time():
                    return await self._handling.run(
                        lambda: self._work_on.handle(chunk.tp, chunk.records, chunk.end, one.state, now)
                    )
            except Transient as error:
                log.warning("%r waits: %s", chunk, error)
                await asyncio.sleep(RETRY_SECONDS)
        return None

    async def _write(
        self, one: Partition, handled: Handled, now: int, current: Callable[[], bool],
        offsets: Mapping[TopicPartition, int], records: int = 0,
    ) -> bool:
        """Write what was handled, then apply it to the local state; False once the partition is not ours."""
        loop = asyncio.get_running_loop()

        def apply(span: Span | None) -> None:
            self._apply(one, handled, self._mark(one, span, loop))

        put = partial(self._writer.put, one.number, handled, now)
        if not await self._writing.write(Write(
            one.number, put, current, apply, offsets, one.group_metadata, records
        )):
            return False
        self._count(handled)
        return True

    def _apply(self, one: Partition, handled: Handled, mark: Mark | None) -> None:
        if one.state is None or not (handled.changes or handled.local):
            return
        local = {key: change.local for key, change in handled.changes.items()} | handled.local
        with metrics.CHUNK_SECONDS.labels(self.app.name, "state").time():
            one.state.apply(local, mark)

    def _mark(self, one: Partition, span: Span | None, loop: asyncio.AbstractEventLoop) -> Mark | None:
        """Returns how far the local state has applied the changelog, by the offsets of our own records of it.

        None where another worker has written between them: then a restore begins before what that one wrote.
        Raises Fenced where it turns out that we are the one too many.
        """
        if self._changelog is None or span is None or one.end is None:
            return None
        if not self._writing.is_atomic and not one.continues(span):
            self._met_another(one, span, loop)
            return None
        one.end = span.end
        return Mark(self._changelog.topic_id(), span.end)

    def _met_another(self, one: Partition, span: Span, loop: asyncio.AbstractEventLoop) -> None:
        metrics.FOREIGN_CHANGES.labels(self.app.name).inc()
        if not self.membership.confirmed_for(loop):
            raise Fenced(f"partition {one.number} is another worker's")
        log.error(
            "%s[%d]: a worker that no longer has this partition wrote to its changelog, somewhere from %s to %d",
            self.app.name, one.number, one.end, span.end,
        )
        one.end = None

    def _restore_ahead(self, one: Partition) -> None:
        if self._restoring is not None:
            task = asyncio.create_task(self._restore(one, self._restoring))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _restore(self, one: Partition, restoring: Restoring) -> None:
        async with one.lock:
            try:
                await restoring.ready(one, one.is_wanted)
            except Exception as error:
                self._die(f"{self.app.name} cannot restore partition {one.number}", error)
                raise

    def _check_joined(self, number: int, topics: set[str], partitions: set[TopicPartition]) -> None:
        missing = {topic for topic in topics if TopicPartition(topic, number) not in partitions}
        if missing:
            error = Fatal(
                f"Partition {number} of {sorted(missing)} is with another worker: topics joined by "
                f"{self.app.name} must have the same number of partitions"
            )
            self._die("topics are not partitioned alike", error)
            raise error

    def _kafka_changelog(self) -> Changelog | None:
        if self.app.state_topic is None:
            return None
        handler = cast(StatefulHandler, self._handler)
        return KafkaChangelog(self.app.name, self.app.state_topic.name, self._settings, handler.local_writes)

    def _count(self, handled: Handled) -> None:
        name = self.app.name
        counts: Mapping[str, int] = handled.counts
        for outcome, number in counts.items():
            metrics.EVENTS.labels(name, outcome).inc(number)
        for (feed, kind), number in handled.carrier_errors.items():
            metrics.CARRIER_ERRORS.labels(feed, kind).inc(number)
        for (feed, flag), number in handled.flags.items():
            metrics.FLAGGED.labels(feed, flag).inc(number)
        for one in handled.refused:
            metrics.DEAD_LETTERS.labels(name, one.reject.reason.value).inc()
        log_refused(handled.refused)

    def _account(self, chunk: Chunk) -> None:
        metrics.CHUNK_RECORDS.labels(self.app.name).observe(len(chunk.records))
        oldest = chunk.records[0].timestamp
        if oldest > 0:
            metrics.AGE.labels(self.app.name).observe(max(0, self._clock() - oldest) / 1000)

    def _die(self, what: str, error: BaseException) -> None:
        log.critical("%s; the process ends, nothing of it is committed", what, exc_info=error)
        for handler in logging.getLogger().handlers:
            handler.flush()
        self.in_hand.forget()
        self._exit(ExitCode.CRASHED)
