"""Kafka in, for Faust: what is read of one partition is one :class:`Chunk`, and what is read in one look one message.

A librdkafka consumer in a thread of its own (``reading/group_reader.py``) is the member of the group. Faust's app,
agents and assignment stay; its way per message, its acks and its offset accounting are not used: what may be committed
says the ledger (``reading/chunks.py``), and only it. Faust's own tables are not supported over this transport; state
lives in ``state/partition_state.py``.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from faust.serializers import codecs
from faust.transport import base
from faust.transport import consumer as faust_consumer
from faust.transport import producer as faust_producer
from faust.types import TP, ConsumerMessage

from config.settings import Settings
from topologies.runtime.reading.chunks import Chunk, Ledger, Run, TopicPartition
from topologies.runtime.reading.group_reader import GroupReader

log = logging.getLogger(__name__)

CODEC = "chunk"
STRATEGIES = {True: "range", False: "roundrobin"}
"""How partitions are assigned, by whether equal partition numbers of all topics must go to one worker."""


Commit = Callable[[Mapping[TopicPartition, int]], Awaitable[Mapping[TopicPartition, int]]]
"""Commits offsets otherwise than by the reader; what was committed."""


class PartitionListener(Protocol):
    """Hears when partitions come and go; awaited before the first and after the last chunk of them."""

    async def on_assigned(self, partitions: set[TopicPartition], group_metadata: bytes | None) -> None:
        """These, and no others, are ours now, as the member and in the generation of ``group_metadata``; None where
        the group has put us out meanwhile."""

    async def on_revoked(self, partitions: set[TopicPartition]) -> None:
        """These are no longer ours; none of their chunks is current any more."""


class _PassThrough(codecs.Codec):  # type: ignore[misc]
    def _loads(self, s: Any) -> Any:
        return s

    def _dumps(self, s: Any) -> Any:
        return s


class _WithoutTables(faust_consumer.Consumer):  # type: ignore[misc]
    """Refuses the methods Faust calls on a consumer only for its tables and for its own way per message."""

    async def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Faust's tables and its way per message are not supported over chunks")

    _commit = _getmany = _seek = seek_to_committed = seek_wait = position = _refuse
    highwater = highwaters = earliest_offsets = topic_partitions = key_partition = create_topic = _refuse

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)


class ChunkConsumer(_WithoutTables):
    """Faust's consumer that delivers chunks and commits what the ledger allows.

    It lives on the event loop; as the reader's ``Member`` it is called from the reader's thread.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings: Settings = self.transport.settings
        self._more, self._settled = asyncio.Event(), asyncio.Event()
        self.ledger = Ledger(
            self.settings.stage.chunk_records, self.settings.stage.fetch_bytes, time.monotonic, self._something_changed,
            self.transport.is_paused,
        )
        self._reader = self._new_reader()
        self._asked_at = time.monotonic()

    def _new_reader(self) -> GroupReader:
        conf, settings = self.app.conf, self.settings
        strategy = STRATEGIES[self.transport.copartitioned]
        return GroupReader(conf.id, settings, strategy, conf.broker_heartbeat_interval, self)

    @property
    def looked_at(self) -> float:
        """Returns when records were last looked for, by Faust here and by the reader on Kafka."""
        return min(self._asked_at, self._reader.looked_at)

    @property
    def has_assignment(self) -> bool:
        """Whether the group has told us our share, and is not just sharing out anew; it may be no partition."""
        return self._reader.generation > 0 and not self.app.rebalancing

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Join the group; what is subscribed to is settled once."""
        self._reader.read(sorted(topics))

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TopicPartition, ConsumerMessage]]:
        """Deliver what there is room for, as one message with all chunks as its value: Faust makes four tasks of each
        message. Its partition and offset are those of the first chunk."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        self._asked_at = time.monotonic()
        self._more.clear()
        chunks = self.ledger.next_chunks() if self.flow_active and not self.should_stop else []
        if not chunks:
            await _within(timeout, self._more)
        if chunks:
            message = self._to_message(chunks)
            yield message.tp, message

    def _something_changed(self) -> None:
        self._settled.set()
        self._reader.room()
        if self.ledger.waits():
            self._more.set()

    def _to_message(self, chunks: list[Chunk]) -> ConsumerMessage:
        tp, last = chunks[0].tp, chunks[0].records[-1]
        return ConsumerMessage(
            tp.topic, tp.partition, last.offset, (last.timestamp or 0) / 1000.0, 0, [], None, chunks, None,
            0, 0, TP(tp.topic, tp.partition), generation_id=self.app.consumer_generation_id,
        )

    def full(self) -> set[TopicPartition]:
        """Partitions of which enough is in hand."""
        return self.ledger.full()

    def received(self, runs: Mapping[TopicPartition, Run]) -> None:
        """Takes records from the reader; they follow on the loop whatever the reader called before."""
        self.loop.call_soon_threadsafe(self._receive, runs, self._reader.generation)

    def _receive(self, runs: Mapping[TopicPartition, Run], generation: int) -> None:
        if generation != self._reader.generation:
            return
        for tp, run in runs.items():
            self.ledger.receive(tp, run)
        self._more.set()

    def assigned(self, partitions: set[TopicPartition]) -> Future[None]:
        """Takes an assignment from the reader; done once everybody knows."""
        tps = {TP(*tp) for tp in partitions}
        return asyncio.run_coroutine_threadsafe(self.on_partitions_assigned(tps, self._reader.generation), self.loop)

    def revoked(self, partitions: set[TopicPartition], lost: bool) -> Future[None]:
        """Takes from the reader that partitions go; done once everybody has let go. Lost ones are let go of as they
        are."""
        return asyncio.run_coroutine_threadsafe(self._revoke({TP(*tp) for tp in partitions}, lost), self.loop)

    async def _revoke(self, partitions: set[TP], lost: bool) -> None:
        self.app.on_rebalance_start()
        if lost:
            log.warning("out of the group: what is in hand is abandoned")
            self.ledger.revoke(TopicPartition(*tp) for tp in partitions)
        await self.on_partitions_revoked(partitions)

    def crashed(self, error: BaseException) -> None:
        """Takes from the reader that it ended; so does the worker."""
        asyncio.run_coroutine_threadsafe(self.crash(error), self.loop)

    async def perform_seek(self) -> None:
        """Nothing: each assignment starts at the committed offsets by itself, and no fetch is dropped.

        Faust's own seek races with rebalances (``IllegalStateError``) and takes the worker down.
        """

    async def _add_gap(self, tp: TopicPartition, offset_from: int, offset_to: int) -> None:
        """Nothing: offsets between chunks (compaction, transaction markers) need no account."""

    def ack(self, message: Any) -> bool:
        """Nothing: only ``Chunk.done`` counts; Faust acks what raised, too."""
        message.acked = True
        return False

    def verify_event_path(self, now: float, tp: TopicPartition) -> None:
        """Nothing: ``runtime/watchdog.py`` looks after progress."""

    def assignment(self) -> set[TP]:
        """The partitions that are ours."""
        return {TP(*tp) for tp in self._reader.assignment()}

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002
        """Commit what is done; False if there was nothing or it could not be done."""
        offsets = self.ledger.committable()
        generation = self.app.consumer_generation_id
        if not offsets:
            return False
        committed = await self._committed(generation, offsets)
        self.ledger.committed(committed, generation)
        return bool(committed)

    async def _committed(
        self, generation: int, offsets: Mapping[TopicPartition, int]
    ) -> Mapping[TopicPartition, int]:
        if self.transport.commit is not None:
            commit: Commit = self.transport.commit
            return await commit(offsets)
        return offsets if await asyncio.wrap_future(self._reader.commit(generation, offsets)) else {}

    async def still_member(self) -> bool:
        """Whether the group counts us in, under the assignment we know; the broker is asked."""
        return await asyncio.wrap_future(self._reader.still_member(self.app.consumer_generation_id))

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Open the partitions, tell the listeners, then let Faust deliver."""
        partitions = {TopicPartition(*tp) for tp in assigned}
        if not self.app.rebalancing:  # the first assignment: nothing was revoked before it
            self.app.on_rebalance_start()
        self.app.consumer_generation_id = generation_id
        self.ledger.assign(partitions, generation_id)
        for listener in self.transport.listeners:
            await listener.on_assigned(partitions, self._reader.group_metadata)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish or abandon what is in hand, commit, close the partitions, tell the listeners."""
        await self.release({TopicPartition(*tp) for tp in revoked})
        await super().on_partitions_revoked(revoked)

    async def release(self, partitions: set[TopicPartition]) -> None:
        """Wait up to the drain time-out for chunks in hand, commit, close these partitions."""
        self.ledger.drain(partitions)
        deadline = time.monotonic() + self.settings.stage.drain_timeout
        while in_hand := self.ledger.in_hand(partitions):
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                log.warning("abandoned after %g s: %r", self.settings.stage.drain_timeout, in_hand)
                break
            self._settled.clear()
            await _within(min(remaining, 1.0), self._settled)
        await self.force_commit()
        self.ledger.revoke(partitions)
        for listener in self.transport.listeners:
            await listener.on_revoked(partitions)

    async def finish(self) -> None:
        """Read no more, finish or abandon what is in hand, commit; for a stop in good order."""
        self._reader.halt()
        await self.release(self.ledger.assigned())

    async def on_stop(self) -> None:
        """Leave the group."""
        await super().on_stop()
        await asyncio.to_thread(self._reader.close)


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Return when ``event`` is set, after ``seconds`` at the latest; without the task that ``wait_for`` makes."""
    timer = asyncio.get_running_loop().call_later(seconds, event.set)
    try:
        await event.wait()
    finally:
        timer.cancel()


class NoProducer(faust_producer.Producer):  # type: ignore[misc]
    """Stands in for Faust's producer, which is not used: outputs go through ``writing/sink.py``."""

    async def on_start(self) -> None:
        """Connect to nothing."""

    async def send(self, topic: str, *args: Any, **kwargs: Any) -> Any:
        """Refuse: what Faust sends is not covered by our order of writes."""
        raise NotImplementedError(f"send to {topic} through the sink, not through Faust")


class ChunkTransport(base.Transport):  # type: ignore[misc]
    """Faust transport over librdkafka with chunks in. ``copartitioned``: equal partition numbers of all
    topics go to the same worker (a stage with state). ``commit``: where offsets are committed otherwise than by the
    reader, in transactions."""

    Consumer = ChunkConsumer
    Producer = NoProducer
    default_port = 9092
    driver_version = "confluent-kafka"

    def __init__(
        self, url: Any, app: Any, settings: Settings, topics: Sequence[str], copartitioned: bool
    ) -> None:
        super().__init__(url, app)
        codecs.register(CODEC, _PassThrough())
        self.settings = settings
        self.topics = tuple(topics)
        self.copartitioned = copartitioned
        self.listeners: list[PartitionListener] = []
        self.is_paused: Callable[[str], bool] = lambda _: False
        self.commit: Commit | None = None
