"""Runs one stage's handler over chunks, and owns the order in which its work becomes final.

Outputs and dead letters first, acknowledged by the broker; then the changelog, acknowledged; then what was held
back for it (``outbox.py``); then the local state; only then is the chunk done. A crash anywhere repeats a
chunk and loses nothing. What nobody foresaw stops the process before anything is committed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from config.settings import Settings
from config.topics import App
from streams.kernel.errors import Fatal, ShipSyncError, Transient
from topologies.runtime import logs, metrics
from topologies.runtime.changelog import Changelog, KafkaChangelog
from topologies.runtime.chunk_writer import Writing
from topologies.runtime.chunks import Chunk, TopicPartition
from topologies.runtime.deadletters import Encode
from topologies.runtime.handler import Handled, Handler, StatefulHandler
from topologies.runtime.outbox import HeldBack
from topologies.runtime.partition_state import Mark, PartitionState
from topologies.runtime.poison import FOLDER, Crashes, one_by_one
from topologies.runtime.refusal_log import log_refused
from topologies.runtime.sink import Fenced, Sink, Unit

log = logging.getLogger(__name__)

EXIT_CODE = 70
MARK_SECONDS = 1.0
RETRY_SECONDS = 1.0
RESTORES_AT_ONCE = 2
T = TypeVar("T")


class Exit(Protocol):
    """Ends the process at once."""

    def __call__(self, status: int, /) -> Any: ...


def now_ms() -> int:
    """The wall clock, ms since the epoch."""
    return time.time_ns() // 1_000_000


class _Slot:
    """One partition number of this worker: its turn, its state."""

    __slots__ = ("lock", "marked_at", "state", "wanted")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.state: PartitionState | None = None
        self.wanted = False
        self.marked_at = float("-inf")


def _wanted(slot: _Slot) -> bool:
    return slot.wanted


class StageRunner:
    """One stage at work. A listener of the transport (``on_assigned``, ``on_revoked``).

    ``encode_dead_letter``: index card -> value bytes. ``clock``: ms since the epoch. ``exit_process``: how
    the process ends when it must (70, never after an ack it should not have given).
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
    ) -> None:
        self.app = app
        self._handler = handler
        self._settings = settings
        self._sink = sink
        self._writing = Writing(app, sink, encode_dead_letter)
        self._clock = clock
        self._exit = exit_process
        self._changelog = changelog or self._kafka_changelog()
        self._crashes = Crashes(settings.state.data_dir / app.app_id / FOLDER, settings.stage.poison_after)
        self._slots: dict[int, _Slot] = {}
        self._handling = ThreadPoolExecutor(1, f"{app.name}-handler")
        self._sending = ThreadPoolExecutor(1, f"{app.name}-sink")
        self._restoring = asyncio.Semaphore(RESTORES_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self.still_member: Callable[[], Awaitable[bool]] | None = None
        """Asks the broker whether this worker is still in the group; used before late changelog writes."""

    async def on_assigned(self, partitions: set[TopicPartition], generation: int) -> None:
        """Begin to restore the partitions; their chunks wait for it."""
        del generation
        metrics.ASSIGNED.labels(self.app.name).set(len(partitions))
        topics = {tp.topic for tp in partitions}
        for number in {tp.partition for tp in partitions}:
            if self._changelog is not None:
                self._check_joined(number, topics, partitions)
            slot = self._slots.setdefault(number, _Slot())
            slot.wanted = True
            if self._changelog is not None:
                task = asyncio.create_task(self._restore_ahead(number, slot))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def on_revoked(self, partitions: set[TopicPartition]) -> None:
        """Close the partitions' state once what is in hand has ended."""
        for number in {tp.partition for tp in partitions}:
            slot = self._slots.pop(number, None)
            if slot is None:
                continue
            slot.wanted = False
            async with slot.lock:
                state, slot.state = slot.state, None
                if state is not None:
                    await self._in(self._handling, state.close)
                await self._in(self._sending, partial(self._sink.release, number))

    async def process(self, chunk: Chunk) -> None:
        """Work on one chunk; chunks of one partition number in the order of calling, one at a time.

        Returns with the chunk done, or not begun, or abandoned because its partition went. Anything else
        ends the process.
        """
        with logs.about(topic=chunk.topic, partition=chunk.partition, offset=chunk.records[0].offset):
            await self._process(chunk)

    async def _process(self, chunk: Chunk) -> None:
        slot = self._slots.setdefault(chunk.partition, _Slot())
        async with slot.lock:
            if not chunk.begin():
                return
            slot.wanted = True
            done = False
            try:
                done = await self._work(chunk, slot)
            except Fenced as error:
                log.warning("%r abandoned: %s", chunk, error)
            except Exception as error:
                self._die(f"{self.app.name} cannot go on with {chunk!r}", error)
                raise
            finally:
                if not done:
                    metrics.CHUNKS_ABANDONED.labels(self.app.name).inc()
                    chunk.abandon()
            if done:
                self._account(chunk)
                self._crashes.passed(chunk.tp, chunk.end)
                chunk.done()

    async def sweep(self) -> None:
        """Let the handler do what is due by the clock, partition by partition."""
        if self._changelog is None:
            return
        handler = cast(StatefulHandler, self._handler)
        for number, slot in list(self._slots.items()):
            async with slot.lock:
                state = slot.state
                if state is None or not slot.wanted:
                    continue
                try:
                    now, began = self._clock(), time.monotonic()
                    handled = await self._in(self._handling, partial(handler.sweep, state, now))
                    await self._write(number, slot, handled, now, partial(_wanted, slot), began)
                except Fenced as error:
                    log.warning("sweep of %s[%d] abandoned: %s", self.app.name, number, error)
                except Exception as error:
                    self._die(f"{self.app.name} cannot sweep partition {number}", error)
                    raise

    async def close(self) -> None:
        """Close every state and write out what is queued."""
        await self.on_revoked({TopicPartition("", number) for number in self._slots})
        await self._in(self._sending, self._sink.close)
        if isinstance(self._changelog, KafkaChangelog):
            await self._in(self._sending, self._changelog.close)
        self._handling.shutdown()
        self._sending.shutdown()

    async def _work(self, chunk: Chunk, slot: _Slot) -> bool:
        """Handle and write one chunk; False if its partition went before it was safe."""
        if self._changelog is not None and not await self._ready(chunk.partition, slot, chunk.current):
            return False
        now, began = self._clock(), time.monotonic()
        handled = await self._handled(chunk, slot, now)
        if handled is None:
            return False
        return await self._write(chunk.partition, slot, handled, now, chunk.current, began)

    async def _handled(self, chunk: Chunk, slot: _Slot, now: int) -> Handled | None:
        while chunk.current():
            try:
                with metrics.CHUNK_SECONDS.labels(self.app.name, "handle").time():
                    return await self._in(
                        self._handling, lambda: self._handler.handle(chunk.records, slot.state, now)
                    )
            except Transient as error:
                log.warning("%r waits: %s", chunk, error)
                await asyncio.sleep(RETRY_SECONDS)
            except ShipSyncError:
                raise
            except Exception as error:
                return await self._despite(error, chunk, slot, now)
        return None

    async def _despite(self, error: Exception, chunk: Chunk, slot: _Slot, now: int) -> Handled:
        """The chunk record by record, where runs before this one ended over it too; else ``error``, noted."""
        span = chunk.tp, chunk.records[0].offset, chunk.end
        if not self._crashes.suspected(*span):
            self._crashes.note(*span)
            raise error
        log.error("%r ended %s again and again: taken record by record", chunk, self.app.name, exc_info=error)
        return await self._in(
            self._handling, lambda: one_by_one(self._handler, chunk.records, slot.state, now)
        )

    async def _write(
        self, number: int, slot: _Slot, handled: Handled, now: int, current: Callable[[], bool], began: float
    ) -> bool:
        """The order of writes; False, with nothing final where that can be helped, once not ``current``."""
        if not current():
            return False
        unit = await self._in(self._sending, lambda: self._sink.begin(number))
        with metrics.CHUNK_SECONDS.labels(self.app.name, "outputs").time():
            waiting = await self._in(self._sending, lambda: self._writing.outputs(unit, handled, now))
        if not await self._still_ours(began):
            await self._in(self._sending, unit.abort)
            return False
        held: Mapping[bytes, HeldBack] = {}
        if current() and (handled.changes or handled.afterwards) and self.app.state_topic is not None:
            with metrics.CHUNK_SECONDS.labels(self.app.name, "changelog").time():
                await self._in(self._sending, lambda: self._writing.changes(unit, number, handled, waiting))
                held = waiting
        if current() and held:
            await self._in(self._sending, lambda: self._writing.tell(unit, held))
            if not await self._still_ours(began):
                return False
            await self._in(self._sending, lambda: self._writing.note_told(unit, number, held))
        if not current():
            await self._in(self._sending, unit.abort)
            return False
        mark = await self._in(self._sending, lambda: self._commit(unit, number, slot, handled))
        if not current():
            return False
        if (handled.changes or handled.local) and slot.state is not None:
            local = {key: change.local for key, change in handled.changes.items()} | handled.local
            state = slot.state
            with metrics.CHUNK_SECONDS.labels(self.app.name, "state").time():
                await self._in(self._handling, lambda: state.apply(local, mark))
        self._count(handled)
        return True

    async def _still_ours(self, began: float) -> bool:
        """Whether the group still counts us in, asked only after a pause in which it may have put us out.

        A process that was frozen has not heard of it yet, and must not write an old state over a newer one.
        """
        if self.still_member is None or time.monotonic() - began < self._settings.stage.session_timeout / 2:
            return True
        if await self.still_member():
            return True
        log.warning("%s: out of the group after a pause; what was in hand is abandoned", self.app.name)
        return False

    def _commit(self, unit: Unit, number: int, slot: _Slot, handled: Handled) -> Mark | None:
        """Make the writes final; now and then, how far the changelog reaches with them."""
        unit.commit()
        if self._changelog is None or not handled.changes or slot.state is None:
            return None
        if time.monotonic() - slot.marked_at < MARK_SECONDS:
            return None
        try:
            end = self._changelog.end(number)
            reached = 0 if slot.state.mark is None else slot.state.mark.offset
            mark = Mark(self._changelog.topic_id(), max(end, reached))
        except Transient as error:
            log.warning("%s[%d]: a restore will replay more than it need: %s", self.app.name, number, error)
            return None
        slot.marked_at = time.monotonic()
        return mark

    async def _restore_ahead(self, number: int, slot: _Slot) -> None:
        async with slot.lock:
            try:
                await self._ready(number, slot, lambda: slot.wanted)
            except Exception as error:
                self._die(f"{self.app.name} cannot restore partition {number}", error)
                raise

    async def _ready(self, number: int, slot: _Slot, wanted: Callable[[], bool]) -> bool:
        """Have the partition's state open and up to date; False once not wanted. The slot is held."""
        if slot.state is not None:
            return True
        assert self._changelog is not None
        changelog, give_up = self._changelog, time.monotonic() + self._settings.stage.stuck_timeout
        path = self._settings.state.data_dir / self.app.app_id / str(number)
        async with self._restoring:
            while wanted():
                try:
                    await self._in(self._sending, lambda: self._sink.open(number))
                    restored = await asyncio.to_thread(
                        changelog.restored, path, number, lambda: slot.wanted and wanted()
                    )
                    if restored is None:
                        return False
                    try:
                        await self._in(self._sending, partial(self._writing.what_was_left, number, restored.held_back))
                    except BaseException:
                        restored.state.close()
                        raise
                    slot.state = restored.state
                    return True
                except Transient as error:
                    if time.monotonic() > give_up:
                        raise Fatal(f"partition {number} could not be restored: {error}") from error
                    log.warning("partition %d of %s waits: %s", number, self.app.name, error)
                    await asyncio.sleep(RETRY_SECONDS)
        return False

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

    async def _in(self, executor: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(executor, lambda: context.run(call))

    def _die(self, what: str, error: BaseException) -> None:
        log.critical("%s; the process ends, nothing of it is committed", what, exc_info=error)
        for handler in logging.getLogger().handlers:
            handler.flush()
        self._exit(EXIT_CODE)
