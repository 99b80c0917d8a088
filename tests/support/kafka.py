"""A real Apache Kafka for tests: one KRaft node, broker and controller in one Java process."""

from __future__ import annotations

import logging
import random
import re
import socket
import subprocess
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from connectors.embedded.with_parent import ends_with_parent
from tests.support import kafka_jars
from tests.support.waiting import PATIENCE

HOST = "127.0.0.1"
HEAP = "512m"
PORTS = range(10_000, 30_000)
LOGGING = kafka_jars.FOLDER / "log4j2.properties"
START_SECONDS = 300.0
STOP_SECONDS = 60.0
LEFT_OUT = "these partitions are likely deleted already and hence can be skipped"
"""Kafka logs this where it leaves out the end of a transaction in a partition without a leader."""

quiet = logging.getLogger("tests.support.kafka.probe")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False


class KafkaDown(AssertionError):
    """The broker did not start, or ended; the text carries the end of its log."""


def free_ports(count: int) -> list[int]:
    """So many different TCP ports of localhost that nobody listens on just now. Lower ones than a connection is made
    from: a broker that is killed finds its own free again."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            found.append(port)
        if len(found) == count:
            return found
    raise KafkaDown(f"no {count} free ports from {PORTS.start} to {PORTS.stop}")


def cluster_id() -> str:
    """A random id in Kafka's spelling. As Kafka's own it never starts with a dash, which the tool takes for an
    option."""
    first, *rest = uuid.uuid4().bytes
    return urlsafe_b64encode(bytes([first & 0x7F, *rest])).decode("ascii").rstrip("=")


class ApacheKafka:
    """One broker on a folder of its own. It may be killed and started again, also by another process: records and
    offsets stay, and so do its ports, by which it knows itself."""

    def __init__(self, folder: Path, classpath: str, overrides: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.log = folder / "broker.log"
        self._classpath = classpath
        self._properties = folder / "server.properties"
        self.port, self._controller_port = self._ports_before() or free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None
        self.java_options = [f"-XX:SharedArchiveFile={kafka_jars.CLASSES}"] if kafka_jars.CLASSES.exists() else []
        settings = self._settings() | dict(overrides or {})
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    @property
    def bootstrap(self) -> str:
        """``host:port`` for clients on this machine; stays the same over restarts."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return None if self._process is None else self._process.pid

    def _ports_before(self) -> list[int]:
        if not self._properties.exists():
            return []
        listeners = r"^listeners=\w+://.+?:(\d+),CONTROLLER://.+?:(\d+)"
        found = re.search(listeners, self._properties.read_text(), re.MULTILINE)
        return [int(port) for port in found.groups()] if found else []

    def _settings(self) -> dict[str, str]:
        small_topics = {
            f"{topic}.{setting}": value
            for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
            for setting, value in (("replication.factor", "1"), ("num.partitions", "4"))
        }
        return small_topics | {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"{HOST}:{self._controller_port}",
            "listeners": f"PLAINTEXT://{HOST}:{self.port},CONTROLLER://{HOST}:{self._controller_port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str(self.folder / "data"),
            "auto.create.topics.enable": "false",
            "transaction.state.log.min.isr": "1",
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "broker.heartbeat.interval.ms": "300",
            "broker.session.timeout.ms": "3000",
            "log.cleaner.backoff.ms": "500",
            "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
        }

    def format(self) -> None:
        """Make the folder a KRaft storage directory, where it is none."""
        if (self.folder / "data" / "meta.properties").exists():
            return
        tool = self._java("kafka.tools.StorageTool", "format", "--standalone", "--cluster-id", cluster_id(),
                          "--config", str(self._properties))
        with self.log.open("ab") as log:
            done = subprocess.run(tool, stdout=log, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise KafkaDown(f"Formatting Kafka's storage failed with {done.returncode}:\n{self.log_tail()}")

    def start(self, timeout: float = START_SECONDS) -> None:
        """Start it, again after ``kill`` or ``stop``, and wait until it answers. Raises KafkaDown."""
        if self._process is not None and self._process.poll() is None:
            raise KafkaDown(f"Kafka on {self.bootstrap} already runs")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(self._properties)), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, cwd=self.folder,
                preexec_fn=ends_with_parent(),  # noqa: PLW1509 (two system calls, no lock of ours)
            )
        try:
            self._wait_until_ready(timeout)
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL). What it acknowledged lies in the page cache and survives."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """Stop it in order (SIGTERM); kills it where that takes longer than ``timeout`` seconds."""
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout)
        self.kill()

    def log_tail(self, lines: int = 40) -> str:
        """The end of the broker's log."""
        return "\n".join(self.log.read_text("utf-8", errors="replace").splitlines()[-lines:])

    def ends_left_out(self) -> list[str]:
        """Lines of its log that say so, oldest first. Where no topic was deleted, readers of committed records may
        wait for ever in the partitions they name: Kafka 4.3.0 to 4.4.0 do that (docs/operations.md)."""
        return [line for line in self.log.read_text("utf-8", errors="replace").splitlines() if LEFT_OUT in line]

    def _java(self, main: str, *arguments: str) -> list[str]:
        return ["java", f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-XX:+ExitOnOutOfMemoryError", *self.java_options, f"-Dlog4j2.configurationFile={LOGGING.as_uri()}",
                "-cp", self._classpath, main, *arguments]

    def _wait_until_ready(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        admin = AdminClient({"bootstrap.servers": self.bootstrap}, logger=quiet)
        while True:
            with suppress(KafkaException):
                if admin.list_topics(timeout=0.5).brokers:
                    return self._wait_for_groups(deadline - time.monotonic())
            assert self._process is not None
            ended = self._process.poll()
            if ended is not None:
                raise KafkaDown(f"Kafka on {self.bootstrap} ended with {ended}. "
                                f"Its log ends:\n{self.log_tail()}")
            if time.monotonic() >= deadline:
                raise KafkaDown(f"Kafka on {self.bootstrap} does not answer after {timeout:g} s. "
                                f"Its log ends:\n{self.log_tail()}")
            time.sleep(0.1)

    def _wait_for_groups(self, timeout: float) -> None:
        """Return once groups have a coordinator, which Kafka makes with the first that asks for it."""
        asking = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "first"}, logger=quiet)
        try:
            asking.committed([TopicPartition("none", 0)], timeout=timeout)
        finally:
            asking.close()


@contextmanager
def start_kafka(kept: Path | None = None, **overrides: str) -> Iterator[ApacheKafka]:
    """A running broker in a folder that goes with it, or in the one given. ``overrides``: broker settings, underscores
    for dots.

    Skips the calling test where Java, Maven or the jars are not to be had; in CI fails it. Raises
    KafkaDown, with the end of the log, where the broker itself does not start.
    """
    classpath = kafka_jars.classpath_or_skip()
    dotted = {name.replace("_", "."): value for name, value in overrides.items()}
    with ExitStack() as closing:
        folder = kept or Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="shipsync-kafka-")))
        folder.mkdir(parents=True, exist_ok=True)
        broker = ApacheKafka(folder, classpath, dotted)
        broker.format()
        try:
            broker.start()
            yield broker
        except BaseException:
            print("ends of transactions that Kafka left out:", *broker.ends_left_out() or ["none"], sep="\n")
            raise
        finally:
            broker.stop()
