"""One stage as a Faust app: built with every setting stated, run in this process until a signal.

Faust brings the consumer group, the assignment and the agents. Its web server, tables, own producer, own
topics and its hold on logging are off.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Coroutine, Sequence
from typing import Any

import faust
from faust.tables import TableManager
from yarl import URL

from config.apps import App
from config.settings import Settings
from streams.kernel.errors import Fatal
from topologies.runtime.exit_codes import ExitCode
from topologies.runtime.reading.chunks import TopicPartition
from topologies.runtime.reading.transport import CODEC, ChunkConsumer, ChunkTransport
from topologies.runtime.runner import StageRunner
from topologies.runtime.watchdog import Watchdog
from topologies.runtime.watching.health import Health
from topologies.runtime.watching.stage_health import expect_stage
from topologies.runtime.writing.transactional_sink import transaction_seconds

log = logging.getLogger(__name__)

REQUEST_SECONDS = 30.0
POLL_INTERVAL_FACTOR = 5.0
LONGEST_REQUEST = 2.0
"""Time limits of a request after which its client is held to be stuck."""
HEARTBEATS_PER_SESSION = 5.0
BEAT_SECONDS = 1.0
SILENT_SECONDS = 10.0


def build_faust_app(app: App, settings: Settings, topics: list[str]) -> faust.App:
    """The Faust app of one stage over the chunk transport, with nothing of Faust's on its own."""
    brokers = [URL(f"kafka://{one.strip()}") for one in settings.kafka.bootstrap.split(",")]
    session = settings.stage.session_timeout
    built = faust.App(
        app.app_id,
        broker=brokers,
        broker_client_id=app.app_id,
        broker_session_timeout=session,
        broker_rebalance_timeout=settings.stage.rebalance_timeout,
        broker_heartbeat_interval=session / HEARTBEATS_PER_SESSION,
        broker_request_timeout=max(REQUEST_SECONDS, session + 1, settings.stage.rebalance_timeout + 5),
        broker_max_poll_interval=settings.stage.stuck_timeout * POLL_INTERVAL_FACTOR,
        broker_max_poll_records=settings.stage.chunk_records,
        broker_commit_interval=settings.stage.commit_interval,
        broker_commit_every=None,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=settings.stage.fetch_bytes,
        datadir=str(settings.state.data_dir / app.app_id / "faust"),
        store="memory://",
        table_standby_replicas=0,
        TableManager=_NoTables,
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
        web_enabled=False,
        worker_redirect_stdouts=False,
        autodiscover=False,
    )
    built.transport = ChunkTransport(brokers, built, settings, topics, app.state_topic is not None)
    return built


class StageWorker:
    """One stage's Faust app with its runner, watchdog and timers, in the running event loop."""

    def __init__(
        self, faust_app: faust.App, runner: StageRunner, settings: Settings, health: Health | None = None
    ) -> None:
        self._app = faust_app
        self._runner = runner
        self._settings = settings
        self._health = health or Health()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        faust_app.transport.listeners.append(runner)
        faust_app.transport.is_paused = runner.is_paused
        runner.positions = self._positions
        if runner.commits_offsets:
            faust_app.transport.commit = runner.commit
        self._attach(faust_app.transport.topics)
        self._worker = _QuietWorker(faust_app)
        self._watchdog = Watchdog(
            runner.app.name, self._progress, settings.stage.stuck_timeout, runner.in_hand,
            settings.stage.record_seconds, runner.sink.requests, LONGEST_REQUEST * transaction_seconds(settings),
        )

    def _attach(self, topics: Sequence[str]) -> None:
        """One agent for all topics; it hands chunks on in order and never waits for them."""
        channel = self._app.topic(
            *topics, value_serializer=CODEC, key_serializer="raw", allow_empty=True, internal=False
        )

        async def chunks(stream: Any) -> None:
            async for look in stream.noack():
                for chunk in look:
                    self._spawn(self._runner.process(chunk))

        self._app.agent(channel, name=f"{self._runner.app.name}.chunks", concurrency=1)(chunks)

    async def run(self) -> None:
        """Work until asked to stop or something ends; returns after an orderly stop. Raises Fatal."""
        self._app.conf.datadir.mkdir(parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        self._watchdog.start()
        expect_stage(self._health, self._settings, runner=self._runner, consumer=self._consumer)
        if not self._runner.commits_offsets:
            self._runner.membership.ask = self._still_member
        self._runner.has_caught_up = self._has_caught_up
        self._spawn(self._beat())
        self._spawn(self._sweep())
        running = asyncio.ensure_future(self._worker.start())
        asked = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
            failed = running.exception() if running.done() else None
            await self._end_in_order()
        finally:
            self._watchdog.stop()
            asked.cancel()
            running.cancel()
        crash = failed or self._app.crash_reason or self._worker.crash_reason
        if crash is not None:
            raise Fatal(f"{self._runner.app.name}: Faust stopped: {crash!r}") from crash

    def stop(self) -> None:
        """Ask for an orderly stop."""
        self._stop.set()

    async def _end_in_order(self) -> None:
        log.info("%s stops: no more is fetched, what is in hand is finished", self._runner.app.name)
        consumer = self._consumer()
        self._watchdog.beat()
        if consumer is not None and not self._app.crash_reason:
            await consumer.finish()
        await self._worker.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.close()

    def _consumer(self) -> ChunkConsumer | None:
        consumer: ChunkConsumer | None = self._app._consumer
        return consumer

    async def _still_member(self) -> bool:
        consumer = self._consumer()
        return consumer is not None and await consumer.still_member()

    def _positions(self, number: int) -> dict[TopicPartition, int]:
        consumer = self._consumer()
        return {} if consumer is None else consumer.ledger.positions(number)

    def _has_caught_up(self, number: int) -> bool:
        consumer = self._consumer()
        return consumer is not None and consumer.ledger.has_caught_up(number)

    def _progress(self) -> list[Any]:
        consumer = self._consumer()
        found = [] if consumer is None else consumer.ledger.progress()
        now = time.monotonic()
        return [one._replace(moved_at=now) if self._runner.is_paused(one.tp.topic) else one for one in found]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _beat(self) -> None:
        """Tell the watchdog that the event loop turns and that the consumer looks for records."""
        while True:
            consumer = self._consumer()
            if consumer is None or time.monotonic() - consumer.looked_at < SILENT_SECONDS:
                self._watchdog.beat()
                self._health.beat()
            await asyncio.sleep(BEAT_SECONDS)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._settings.monitoring.feed_sweep_interval)
            await self._runner.sweep()


class _NoTables(TableManager):  # type: ignore[misc]
    """Faust's table manager without the second it waits for tables to be declared: there are none."""

    async def on_start(self) -> None:
        """Be ready at once."""
        await self._update_channels()
        await self.recovery.start()


class _QuietWorker(faust.Worker):  # type: ignore[misc]
    """Faust's worker without its logging, spinner, signals, process title and printing."""

    def __init__(self, app: faust.App) -> None:
        super().__init__(app, quiet=True, override_logging=False, redirect_stdouts=False)
        self.spinner = None

    def install_signal_handlers(self) -> None:
        """None: ``StageWorker.run`` stops in order."""

    async def on_execute(self) -> None:
        """Leave the process title alone."""

    def on_worker_shutdown(self) -> None:
        """Leave the process title alone."""


def run(faust_app: faust.App, runner: StageRunner, settings: Settings, health: Health | None = None) -> int:
    """Run a stage until SIGTERM or SIGINT; the process's exit code: 0, or 70 after a crash."""

    async def main() -> None:
        await StageWorker(faust_app, runner, settings, health).run()

    try:
        with asyncio.Runner() as loop:
            loop.run(main())
    except Fatal:
        log.critical("the worker ends", exc_info=True)
        return ExitCode.CRASHED
    return 0
