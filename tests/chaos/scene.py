"""A day under steady load: Apache Kafka, workers of the shipments stage, and a thread that sends at a rate."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from config import apps, topics
from config.settings import Processing, Settings
from connectors.kafka.client import client_log
from connectors.kafka.topic_admin import TopicAdmin
from tests.day.outcome import READ
from tests.day.recording import Day
from tests.day.replay import NEVER, PARTITIONS, TOLD, in_an_order
from tests.support.brokers import registry, settings_for
from tests.support.kafka import ApacheKafka, start_kafka
from tests.support.patient_producer import PatientProducer
from tests.support.stage_worker import STAGE_COMMAND, StageWorker
from tests.support.topics import committed, in_open_transactions, read_all
from tests.support.waiting import eventually
from topologies.local_stack.stack import catalogue
from topologies.stages.catalogue import STAGES

JOINED = PARTITIONS * len(STAGES[apps.SHIPMENTS.name].reads({}))
"""Partitions of all topics the stage reads."""
WRITTEN = (topics.SHIPMENT_STATE, topics.SHIPMENT_EVENTS)
SESSION_SECONDS = 6.0
TO_STOP_SECONDS = 60.0
Beat = Callable[[str], None]


class Load(threading.Thread):
    """Sends a day's records in a random order at ``rate`` records a second. ``sent``: how many so far."""

    def __init__(self, settings: Settings, day: Day, rate: float, seed: int) -> None:
        super().__init__(name="load", daemon=True)
        self._records = in_an_order(settings, day, seed)
        self._rate = rate
        self._out = PatientProducer({
            "bootstrap.servers": settings.kafka.bootstrap, "partitioner": "murmur2_random", "enable.idempotence": True,
            "linger.ms": 5, "queue.buffering.max.messages": 2_000_000,
        }, logger=client_log)
        self.sent = 0
        self.is_over = False
        """Whether the broker has acknowledged them all."""
        self.failed: Exception | None = None
        """The error that ended it before that."""

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self._records)

    def run(self) -> None:
        """Send them all; a broker that is away for a while is waited for."""
        try:
            self._send()
        except Exception as error:  # of a thread: told by whoever waits for it
            self.failed = error

    def _send(self) -> None:
        began = time.monotonic()
        while self.sent < self.total:
            due = min(self.total, int((time.monotonic() - began) * self._rate) + 1)
            self._out.send(self._records[self.sent:due])
            self.sent = due
            self._out.look(0.01)
        self._out.finish()
        self.is_over = True


class Scene:
    """The stage at work. Faults act on ``broker`` and ``workers``, by name."""

    def __init__(self, broker: ApacheKafka, settings: Settings, folder: Path, command: Sequence[str]) -> None:
        self.broker = broker
        self.settings = settings
        self.workers: dict[str, StageWorker] = {}
        self.ended = 0
        """How often a worker ended itself and was started again."""
        self._folder = folder
        self._command = command

    def start(self, name: str) -> None:
        """Start a worker, again on the data folder it had."""
        self.workers[name] = StageWorker("shipments", self.settings, self._folder / name, self._command)

    def kill(self, name: str) -> None:
        """End a worker as a power cut would."""
        self.workers.pop(name).kill()

    def stop(self, name: str) -> None:
        """Stop a worker in good order. Raises AssertionError where it does not end with 0."""
        process = self.workers.pop(name).process
        process.terminate()
        try:
            code = process.wait(TO_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert code == 0, f"{name} ended with {code} at SIGTERM"

    def freeze(self, name: str) -> None:
        """Stop the process where it is."""
        self.workers[name].process.send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let it go on."""
        self.workers[name].process.send_signal(signal.SIGCONT)

    def settled(self) -> None:
        """Return once every partition is with a worker that runs, and every worker has some."""
        def shared() -> bool:
            self.supervise()
            theirs = [one.partitions() or 0 for one in self.workers.values()]
            return sum(theirs) == JOINED and min(theirs) > 0

        eventually(shared, interval=0.1, what="the workers share the partitions")

    def supervise(self) -> None:
        """Start each worker again that has ended itself, as a supervisor does: one whose request to a broker does not
        come back ends."""
        for name, worker in list(self.workers.items()):
            if worker.process.poll() is not None:
                self.ended += 1
                self.start(name)

    def done(self) -> int:
        """Records committed, over the topics the day is on."""
        return sum(
            sum(committed(self.settings.kafka.bootstrap, apps.SHIPMENTS.app_id, topic.name, PARTITIONS).values())
            for topic in TOLD
        )

    def quiet(self, seconds: float) -> None:
        """Return once nothing has come onto the topics of shipments and their events for so long, nor is in a
        transaction that has not ended: a killed worker's hide what comes after them from readers."""
        told, since = -1, time.monotonic()

        def unchanged() -> bool:
            nonlocal told, since
            written = sum(len(read_all(self.settings.kafka.bootstrap, topic.name)) for topic in WRITTEN)
            if written != told:
                told, since = written, time.monotonic()
            return time.monotonic() - since >= seconds and not in_open_transactions(
                self.settings.kafka.bootstrap, (topic.name for topic in READ)
            )

        eventually(unchanged, interval=0.2, what="nothing more is written")

    def folder(self, name: str) -> Path:
        """The data folder of a worker."""
        return self._folder / name

    def close(self) -> None:
        """End all workers."""
        for worker in self.workers.values():
            worker.kill()


@contextmanager
def scene(folder: Path, mode: Processing, command: Sequence[str] = STAGE_COMMAND) -> Iterator[Scene]:
    """Kafka, a registry, the topics and two workers that share the partitions."""
    rules = folder / "alerts.yaml"
    rules.write_text(NEVER, "utf-8")
    with ExitStack() as closing:
        broker = closing.enter_context(start_kafka())
        url = closing.enter_context(registry())
        settings = settings_for(
            broker.bootstrap, url, folder, partitions=PARTITIONS, commit_interval=0.2, alerts_file=rules,
            processing=mode, session_timeout=SESSION_SECONDS,
        )
        TopicAdmin(settings).create(catalogue())
        shown = Scene(broker, settings, folder, command)
        closing.callback(shown.close)
        for name in ("one", "two"):
            shown.start(name)
        shown.settled()
        yield shown


BROKEN_COMMAND = (sys.executable, "-m", "tests.chaos.broken")
