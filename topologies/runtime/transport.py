"""Kafka in, for Faust: each fetched run of records of one partition arrives as one :class:`Chunk`.

Faust's consumer group, assignor and agents stay; its way per message, its acks and its offset accounting
are not used: what may be committed says the ledger (``runtime/chunks.py``), and only it. Faust's own
tables are not supported over this transport; state lives in ``runtime/partition_state.py``.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import aiokafka
from aiokafka.consumer import fetcher
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import ConsumerStoppedError, IllegalStateError, KafkaError
from faust.serializers import codecs
from faust.transport import producer as faust_producer
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage
from msgspec import Struct

from config.settings import Settings
from streams.contracts.model import Record
from topologies.runtime.chunks import Chunk, Ledger, TopicPartition

log = logging.getLogger(__name__)

CODEC = "chunk"
CHUNKS_PER_PARTITION = 2
RECHECK_SECONDS = 0.05


class PartitionListener(Protocol):
    """Told when partitions come and go; awaited before the first and after the last chunk of them."""

    async def on_assigned(self, partitions: set[TopicPartition], generation: int) -> None:
        """These, and no others, are ours now."""

    async def on_revoked(self, partitions: set[TopicPartition]) -> None:
        """These are no longer ours; none of their chunks is current any more."""


class _PassThrough(codecs.Codec):  # type: ignore[misc]
    def _loads(self, s: Any) -> Any:
        return s

    def _dumps(self, s: Any) -> Any:
        return s


codecs.register(CODEC, _PassThrough())


class KafkaRecord(Struct, frozen=True, gc=False):
    """One record, with no more of it than stages need."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class _PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    def _consumer_record(self, tp: TopicPartition, record: Any) -> KafkaRecord:
        return KafkaRecord(
            tp.topic, tp.partition, record.offset, record.timestamp, record.key, record.value, record.headers
        )


fetcher.PartitionRecords = _PartitionRecords


class Fetch(NamedTuple):
    """What one look into the fetcher gave, all of one aiokafka assignment."""

    assignment: Any
    records: Mapping[TopicPartition, list[Record]]
    figures: Mapping[TopicPartition, tuple[int | None, int | None]]


class ChunkConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """aiokafka's consumer in a thread and event loop of its own, so heartbeats go on whatever we do."""

    announced: Any = None
    """aiokafka's assignment object at the last announced assignment."""

    async def on_partitions_assigned(self, assigned: set[TopicPartition], generation_id: int = 0) -> None:
        """Called by aiokafka on this thread, before the event loop hears of the assignment."""
        self.announced = self._ensure_consumer()._subscription.subscription.assignment
        await super().on_partitions_assigned(assigned, generation_id)

    async def fetch(self, partitions: set[TopicPartition], timeout: float, most: int) -> Fetch | None:
        """Records fetched of these partitions within ``timeout`` seconds, at most ``most``; no loss if none.

        With no partitions it only tells aiokafka that we are alive: a member silent for the poll interval
        is taken out of the group.
        """
        fetched: Fetch | None = await self.call_thread(self._fetch, partitions, timeout, most)
        return fetched

    async def _fetch(self, partitions: set[TopicPartition], timeout: float, most: int) -> Fetch | None:
        consumer = self._ensure_consumer()
        fetching = consumer._fetcher
        if consumer._closed or fetching._closed:
            raise ConsumerStoppedError
        records: Mapping[TopicPartition, list[Record]] = {}
        with fetching._subscriptions.fetch_context():
            if partitions:
                records = await fetching.fetched_records(partitions, timeout=timeout, max_records=most)
        subscription = consumer._subscription.subscription
        if subscription is None or subscription.assignment is None:
            return None
        assignment = subscription.assignment
        figures = {tp: _figures(assignment.state_value(tp)) for tp in assignment.tps}
        return Fetch(assignment, records, figures)

    async def commit_as(self, assignment: Any, offsets: Mapping[TopicPartition, int]) -> bool:
        """Commit these offsets if ``assignment`` still holds; False, logged, where it could not be done."""
        done: bool = await self.call_thread(self._commit_as, assignment, offsets)
        return done

    async def _commit_as(self, assignment: Any, offsets: Mapping[TopicPartition, int]) -> bool:
        consumer = self._ensure_consumer()
        subscription = consumer._subscription.subscription
        if subscription is None or subscription.assignment is not assignment:
            return False
        try:
            await consumer.commit({aiokafka.TopicPartition(*tp): offset for tp, offset in offsets.items()})
        except (KafkaError, IllegalStateError) as error:
            log.warning("offsets not committed, tried again at the next commit: %r", error)
            return False
        return True

    async def still_member_as(self, assignment: Any) -> bool:
        """Whether the group counts us in and ``assignment`` still holds; waits for a coordinator that answers."""
        still: bool = await self.call_thread(self._still_member_as, assignment)
        return still

    async def _still_member_as(self, assignment: Any) -> bool:
        consumer = self._ensure_consumer()
        coordinator = consumer._coordinator
        while not consumer._closed:
            subscription = consumer._subscription.subscription
            if subscription is None or subscription.assignment is not assignment or coordinator.generation < 0:
                return False
            await coordinator.ensure_coordinator_known()
            try:
                if await coordinator._do_heartbeat():
                    return True
            except KafkaError as error:
                log.warning("the group does not answer, asked again: %r", error)
            await asyncio.sleep(RECHECK_SECONDS)
        return False

    def _create_worker_consumer(self, transport: ChunkTransport) -> aiokafka.AIOKafkaConsumer:
        conf, settings = self.app.conf, transport.settings
        assignor = RangePartitionAssignor if transport.copartitioned else RoundRobinPartitionAssignor
        self._assignor = assignor
        return aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=settings.stage.chunk_records,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=settings.stage.fetch_bytes,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(settings.stage.session_timeout * 1000),
            rebalance_timeout_ms=int(settings.stage.rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )


def _figures(state: Any) -> tuple[int | None, int | None]:
    """Position and readable end of one partition, None where not known yet."""
    end = state.lso if state.lso is not None and state.lso >= 0 else state.highwater
    return (state.position if state.has_valid_position else None), end


class ChunkConsumer(driver.Consumer):  # type: ignore[misc]
    """Faust's consumer that delivers chunks and commits what the ledger allows."""

    _thread: ChunkConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.settings: Settings = self.transport.settings
        self._changed = asyncio.Event()
        self.ledger = Ledger(CHUNKS_PER_PARTITION, time.monotonic, self._changed.set)
        self._assignment: Any = None
        self._held: Fetch | None = None
        self._stopping = False
        self.looked_at = time.monotonic()

    def _new_consumer_thread(self) -> ChunkConsumerThread:
        return ChunkConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TopicPartition, ConsumerMessage]]:
        """Deliver what was fetched, as (partition, message with the chunk as its value).

        Records of an assignment not announced yet, or fetched while the flow stands, are held, never
        dropped; those of an assignment that is over are dropped, their successor fetches them again.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        self.looked_at = time.monotonic()
        held, self._held = self._held, None
        fetch = held or await self._look(timeout)
        if fetch is None or self.should_stop or not fetch.assignment.active:
            return
        if fetch.assignment is not self._assignment or not self.flow_active:
            self._held = fetch
            await self.sleep(RECHECK_SECONDS)
            return
        for message in self._deliver(fetch):
            yield message.tp, message

    async def _look(self, timeout: float) -> Fetch | None:
        full = self.ledger.full()
        wanted = self.ledger.assigned() - full
        self._changed.clear()
        if not wanted or self._stopping:
            await self._thread.fetch(set(), 0.0, 0)
            await self._wait_for_change(timeout)
            return None
        patience = RECHECK_SECONDS if full else timeout
        return await self._thread.fetch(wanted, patience, self.settings.stage.chunk_records)

    async def _wait_for_change(self, timeout: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), timeout)
        except TimeoutError:
            return

    def _deliver(self, fetch: Fetch) -> list[ConsumerMessage]:
        """All chunks of a fetch, entered in the ledger before the first is handed on."""
        messages = []
        assigned = self.ledger.assigned()
        for tp, run in fetch.records.items():
            if tp not in assigned:
                continue
            end = fetch.figures[tp][0] or run[-1].offset + 1
            for piece, piece_end in cut(run, end, self.settings.stage.chunk_records):
                chunk = self.ledger.deliver(TopicPartition(*tp), piece, piece_end)
                messages.append(self._to_message(tp, chunk))
        for tp, (position, high_water) in fetch.figures.items():
            self.ledger.fetched(tp, position, high_water)
        return messages

    def _to_message(self, tp: TopicPartition, chunk: Chunk) -> ConsumerMessage:
        last = chunk.records[-1]
        return ConsumerMessage(
            tp.topic, tp.partition, last.offset, (last.timestamp or 0) / 1000.0, 0, [], None, chunk, None,
            0, 0, driver.TP(tp.topic, tp.partition), generation_id=self.app.consumer_generation_id,
        )

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

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002
        """Commit what is done; False if there was nothing or it could not be done."""
        offsets = self.ledger.committable()
        assignment, generation = self._assignment, self.app.consumer_generation_id
        if not offsets or not await self._thread.commit_as(assignment, offsets):
            return False
        self.ledger.committed(offsets, generation)
        return True

    async def still_member(self) -> bool:
        """Ask the broker by a heartbeat: it is refused to one that is out of the group, or of a generation before."""
        return not self._thread.should_stop and await self._thread.still_member_as(self._assignment)

    async def on_partitions_assigned(self, assigned: set[TopicPartition], generation_id: int = 0) -> None:
        """Open the partitions, tell the listeners, then let Faust deliver."""
        partitions = {TopicPartition(*tp) for tp in assigned}
        self._assignment = self._thread.announced
        self.ledger.assign(partitions, generation_id)
        for listener in self.transport.listeners:
            await listener.on_assigned(partitions, generation_id)
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
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
            self._changed.clear()
            await self._wait_for_change(min(remaining, 1.0))
        await self.force_commit()
        self.ledger.revoke(partitions)
        for listener in self.transport.listeners:
            await listener.on_revoked(partitions)

    async def finish(self) -> None:
        """Fetch no more, finish or abandon what is in hand, commit; for a stop in good order."""
        self._stopping = True
        await self.release(self.ledger.assigned())


def cut(run: list[Record], end: int, most: int) -> Iterable[tuple[list[Record], int]]:
    """``run`` in pieces of at most ``most`` records, each with the offset to commit after it."""
    if len(run) <= most:
        yield run, end
        return
    for start in range(0, len(run), most):
        piece = run[start : start + most]
        yield piece, (end if start + most >= len(run) else piece[-1].offset + 1)


class NoProducer(faust_producer.Producer):  # type: ignore[misc]
    """In place of Faust's producer, which is not used: outputs go through ``runtime/sink.py``."""

    async def on_start(self) -> None:
        """Connect to nothing."""

    async def send(self, topic: str, *args: Any, **kwargs: Any) -> Any:
        """Refuse: what Faust sends is not covered by our order of writes."""
        raise NotImplementedError(f"send to {topic} through the sink, not through Faust")


class ChunkTransport(driver.Transport):  # type: ignore[misc]
    """Faust transport over aiokafka with chunks in. ``copartitioned``: equal partition numbers of all
    topics go to the same worker (a stage with state)."""

    Consumer = ChunkConsumer
    Producer = NoProducer

    def __init__(
        self, url: Any, app: Any, settings: Settings, topics: Sequence[str], copartitioned: bool
    ) -> None:
        super().__init__(url, app)
        self.settings = settings
        self.topics = tuple(topics)
        self.copartitioned = copartitioned
        self.listeners: list[PartitionListener] = []


