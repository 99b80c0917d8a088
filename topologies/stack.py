"""The whole of ShipSync on this machine: embedded services, topics, and every stage as its own process."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Callable
from types import TracebackType
from urllib.error import URLError
from urllib.parse import urlsplit

from config import topics
from config.settings import Settings
from connectors.carriers import discover
from connectors.embedded import valkey
from connectors.embedded.broker import EmbeddedBroker, free_port
from connectors.topic_admin import TopicAdmin
from streams.errors import Fatal
from topologies import upfile
from topologies.supervisor import Child, ChildSpec, Say, Supervisor
from topologies.upfile import ProcessNote, UpFile

EMBEDDED_SESSION_SECONDS = 6.0
"""A group's first join on the embedded broker takes as long as this."""
SERVICE_SECONDS = 20.0
STAGE_SECONDS = 60.0
PROBE_SECONDS = 0.5


def catalogue() -> tuple[topics.Topic, ...]:
    """Every topic of this installation."""
    return topics.catalogue(carrier.feed for carrier in discover())


def on_free_ports(settings: Settings) -> Settings:
    """The settings with every embedded service on a port nobody uses, for a stack beside others."""
    return settings.model_copy(update={
        "bootstrap": f"127.0.0.1:{free_port()}",
        "registry_url": f"http://127.0.0.1:{free_port()}",
        "redis_url": f"redis://127.0.0.1:{free_port()}/0",
    })


class Stack:
    """Starts, watches and stops it all. ``external``: broker, registry and Redis are somebody else's."""

    def __init__(
        self, settings: Settings, *, external: bool = False, stages: list[str] | None = None,
        say: Say = lambda name, what: None,
    ) -> None:
        updates: dict[str, object] = {"data_dir": settings.data_dir.resolve()}
        if not external:
            updates |= {"session_timeout": EMBEDDED_SESSION_SECONDS, "rebalance_timeout": EMBEDDED_SESSION_SECONDS}
        self.settings = settings.model_copy(update=updates)
        self._external = external
        self._stages = stages or [app.name for app in topics.APPS]
        self._tell = say
        self._started_at = 0
        self._supervisor = self._new_supervisor()

    @property
    def children(self) -> list[Child]:
        """Every process of it."""
        return self._supervisor.children

    def start(self) -> None:
        """Start everything and return when all is up. Raises Transient or Fatal, with all stopped again."""
        known = upfile.running(self.settings.data_dir)
        if known is not None:
            raise Fatal(
                f"a stack is running already (process {known.pid}, data in {self.settings.data_dir}):"
                " stop it, or set SHIPSYNC_DATA_DIR to another folder"
            )
        self._started_at = time.time_ns() // 1_000_000
        self._supervisor = self._new_supervisor()
        try:
            if not self._external:
                self._start_services()
            self._create_topics()
            for name in self._stages:
                self._supervisor.start(self._stage(name))
            self._supervisor.wait_ready(STAGE_SECONDS)
        except BaseException:
            self.stop()
            raise

    def run(self, until: Callable[[], bool]) -> None:
        """Watch until told to end. If the embedded broker dies everything starts anew: its topics are gone."""
        while not until():
            self._supervisor.run(until)
            if self._supervisor.broken.is_set() and not until():
                self._tell("stack", "the embedded broker is gone and its topics with it: all starts anew")
                self.stop()
                self.start()

    def look(self) -> None:
        """Watch once, for a caller with a loop of its own."""
        self._supervisor.look()

    def stop(self) -> None:
        """Stop everything, last started first."""
        self._supervisor.stop()
        upfile.remove(self.settings.data_dir)

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _new_supervisor(self) -> Supervisor:
        return Supervisor(self.settings.data_dir / "logs", self._said)

    def _said(self, name: str, what: str) -> None:
        self._tell(name, what)
        if self._started_at:
            self._note()

    def _note(self) -> None:
        processes = [
            ProcessNote(child.spec.name, child.pid, child.state, child.restarts, child.spec.metrics_port, str(child.log))
            for child in self._supervisor.children
        ]
        settings = self.settings
        UpFile(
            os.getpid(), settings.bootstrap, settings.registry_url, settings.redis_url, settings.host,
            self._started_at, processes,
        ).write(settings.data_dir)

    def _start_services(self) -> None:
        """Broker, Valkey, registry; and away with local state, whose changelogs went with the last broker."""
        for app in topics.APPS:
            shutil.rmtree(self.settings.data_dir / app.app_id, ignore_errors=True)
        broker_port, redis_port = _port(f"//{self.settings.bootstrap}"), _port(self.settings.redis_url)
        registry_port = _port(self.settings.registry_url)
        for port, setting in (
            (broker_port, "BOOTSTRAP"), (redis_port, "REDIS_URL"), (registry_port, "REGISTRY_URL"),
        ):
            if _listens(port):
                raise Fatal(f"port {port} is taken; set SHIPSYNC_{setting} to another, or free it")
        self._supervisor.start(ChildSpec(
            "broker", EmbeddedBroker(broker_port).command(), ready=lambda: _listens(broker_port),
            stop_signal=signal.SIGKILL, essential=True,
        ))
        self._supervisor.start(ChildSpec(
            "valkey", valkey.command(redis_port), ready=lambda: _listens(redis_port)
        ))
        self._supervisor.start(ChildSpec(
            "registry", [sys.executable, "-m", "topologies.cli.main", "registry"], self._env(),
            ready=lambda: _listens(registry_port),
        ))
        self._supervisor.wait_ready(SERVICE_SECONDS)

    def _create_topics(self) -> None:
        admin = TopicAdmin(self.settings)
        admin.wait(SERVICE_SECONDS)
        created = admin.create(catalogue())
        self._tell("topics", f"{len(created)} created")

    def _stage(self, name: str) -> ChildSpec:
        port = free_port()
        return ChildSpec(
            name, [sys.executable, "-m", "topologies.cli.main", "stage", name],
            {**self._env(), "SHIPSYNC_METRICS_PORT": str(port)},
            ready=lambda: _is_ready(self.settings.host, port), metrics_port=port,
            stop_seconds=self.settings.drain_timeout + 5,
        )

    def _env(self) -> dict[str, str]:
        settings = self.settings
        return {
            "SHIPSYNC_BOOTSTRAP": settings.bootstrap,
            "SHIPSYNC_REGISTRY_URL": settings.registry_url,
            "SHIPSYNC_REDIS_URL": settings.redis_url,
            "SHIPSYNC_DATA_DIR": str(settings.data_dir),
            "SHIPSYNC_SESSION_TIMEOUT": str(settings.session_timeout),
            "SHIPSYNC_REBALANCE_TIMEOUT": str(settings.rebalance_timeout),
            "SHIPSYNC_PARTITIONS": str(settings.partitions),
        }


def _port(url: str) -> int:
    port = urlsplit(url.split(",")[0]).port
    if port is None:
        raise Fatal(f"{url} names no port")
    return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(PROBE_SECONDS)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_ready(host: str, port: int) -> bool:
    """Whether a stage says that it has its partitions (its metrics endpoint tells)."""
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=PROBE_SECONDS) as answer:
            return b"\nshipsync_assigned_partitions{" in answer.read()
    except (URLError, OSError):
        return False
