"""ShipSync on this machine: embedded services, topics, and each stage as a process of its own."""

from __future__ import annotations

import os
import shutil
import time
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType

from config import apps, topics
from config.masking import without_credentials
from config.settings import IntakeSettings, Settings
from connectors.bookings import declared as declared_bookings
from connectors.carriers import discover, enabled_carriers
from connectors.embedded.outbox import Outbox
from connectors.embedded.ports import is_free, unused
from connectors.erp import declared as erps
from connectors.kafka.topic_admin import TopicAdmin
from streams.kernel.errors import Fatal
from topologies.local_stack import services, stack_file
from topologies.local_stack.child_process import Child, ChildSpec
from topologies.local_stack.environment import environment
from topologies.local_stack.services import SHIPSYNC, on_free_ports, on_ports
from topologies.local_stack.stack_file import ProcessNote, UpFile
from topologies.local_stack.stage_kills import StageKills
from topologies.local_stack.supervisor import Say, Supervisor, never, nothing_said
from topologies.runtime.files import data_folder
from topologies.stages import alert_rules
from topologies.workers import carrier_polling, read_model

__all__ = ["GATEWAY", "Stack", "catalogue", "on_free_ports"]

SERVICE_SECONDS = 120.0
STAGE_SECONDS = 300.0
STOP_MARGIN_SECONDS = 5.0
PROBE_SECONDS = 0.5
READY_SECONDS = 3.0
STAGES_LAYER, GATEWAY_LAYER = 1, 2
GATEWAY = "gateway"
POLLER = "poll"
DROP = "drop"
SENDER, POSTER, ALERT_SENDER, BOOKER = "send", "post", "send-alerts", "book"
PULLER = "pull"
DOCUMENTS_PULLER = "pull-documents"
VIEWS = "views"
PORTAL = "portal"


def catalogue(intake: IntakeSettings | None = None) -> tuple[topics.Topic, ...]:
    """All topics of an installation with these feeds; without settings, of all packaged feeds. Raises Fatal."""
    return topics.catalogue(carrier.feed for carrier in (discover() if intake is None else enabled_carriers(intake)))


class Stack:
    """Starts, watches and stops all processes. ``external``: broker, registry and Redis run elsewhere.

    ``ports``: the first of consecutive ports for all processes; None: the ports in the settings for the services, free
    ones for metrics. ``say`` is called with every change of state, ``hear`` with every line the processes write.
    """

    def __init__(
        self, settings: Settings, *, external: bool = False, stages: list[str] | None = None,
        ports: int | None = None, say: Say = nothing_said, hear: Say | None = None,
    ) -> None:
        self.settings = _prepared(settings, external, ports)
        self._external = external
        wanted = stages or [*(app.name for app in apps.APPS), GATEWAY]
        self._stages = [name for name in wanted if name != GATEWAY]
        self._with_gateway = GATEWAY in wanted
        self._views = self._sends = stages is None
        self._pages = stages is None and bool(alert_rules.load(self.settings.monitoring.alerts_file).paging.channels)
        self._posts = stages is None and bool(erps.load(self.settings.erp.file))
        self._books = stages is None and bool(declared_bookings.load(self.settings.bookings.file).partners)
        self._polls = stages is None and bool(carrier_polling.configured(self.settings))
        self._drops = stages is None and self.settings.drop.dir is not None
        self._pulls = stages is None and any(one.orders for one in erps.load(self.settings.erp.file))
        self._fetches = stages is None and self.settings.documents.fetch
        self._ports = ports
        self._tell, self._hear = say, hear
        self._started_at: int | None = None
        self._supervisor = self._new_supervisor()
        self._kills: StageKills | None = None
        self._outbox = Outbox(self.settings.state.data_dir) if self._keeps_mail(settings) else None
        if self._outbox is not None:
            self.settings = services.with_an_outbox(self.settings)

    def _keeps_mail(self, given: Settings) -> bool:
        """Whether e-mail is kept on this machine: nobody named a server that sends it, and only this machine asks."""
        return self._sends and not self._external and not given.mail.host \
            and given.process.host in services.HERE

    @property
    def children(self) -> list[Child]:
        """Every process of the stack."""
        return self._supervisor.children

    @property
    def restarts(self) -> int:
        """How often processes were started again, all together."""
        return sum(child.restarts for child in self.children)

    @property
    def gateway_url(self) -> str | None:
        """The gateway's URL; None without a gateway."""
        return f"http://{self.settings.process.host}:{self.settings.gateway.port}" if self._with_gateway else None

    @property
    def portal_url(self) -> str | None:
        """The portal's URL; None without it."""
        return f"http://{self.settings.process.host}:{self.settings.portal.port}" if self._views else None

    def start(self, until: Callable[[], bool] = never) -> bool:
        """Start everything; True once all is up, False if ``until`` returned True before.

        Raises Transient or Fatal, after stopping everything again.
        """
        self._claim(self.settings.state.data_dir)
        self._started_at = time.time_ns() // 1_000_000
        self._supervisor = self._new_supervisor()
        try:
            return self._start(until)
        except BaseException:
            self.stop()
            raise

    def run(self, until: Callable[[], bool]) -> None:
        """Watch until ``until`` returns True. If the embedded broker dies, everything is started again: its topics are
        lost."""

        def over() -> bool:
            if self._kills is not None:
                self._kills.look()
            return until()

        while not until():
            self._supervisor.run(over)
            if self._supervisor.broken.is_set() and not until():
                self._tell("stack", "the embedded broker is gone and its topics with it: all starts anew")
                self.stop(hurried=lambda: True)
                self.start(until)

    @property
    def is_broken(self) -> bool:
        """Whether the embedded broker died, and its topics with it; ``run`` starts everything anew."""
        return self._supervisor.broken.is_set()

    def look(self) -> None:
        """Check every process once, for a caller with a loop of its own."""
        if self._kills is not None:
            self._kills.look()
        self._supervisor.look()

    def stop(self, hurried: Callable[[], bool] = never) -> None:
        """Stop everything, stages first; kill the rest at once if ``hurried`` returns True. Does nothing if no stack
        runs."""
        if self._started_at is None:
            return
        if self._kills is not None:
            self._kills.end()
            self._kills = None
        try:
            self._supervisor.stop(hurried)
            if self._outbox is not None:
                self._outbox.stop()
        finally:
            self._started_at = None
            stack_file.remove(self.settings.state.data_dir)

    def __enter__(self) -> Stack:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _claim(self, data_dir: Path) -> None:
        known = stack_file.running(data_dir)
        if known is not None:
            raise Fatal(
                f"a stack is running already (process {known.pid}, data in {data_dir}):"
                " stop it, or set SHIPSYNC_DATA_DIR to another folder"
            )
        data_folder.writable(data_dir)

    def _start(self, until: Callable[[], bool]) -> bool:
        supervisor = self._supervisor
        if not self._external:
            self._discard_state()
            for spec in services.children(self.settings):
                supervisor.start(spec)
            if not supervisor.wait_ready(SERVICE_SECONDS, until):
                return False
        if not self._create_topics(until):
            return False
        if self._outbox is not None:
            self._outbox.start(self.settings.mail.port)
        ports = self._metrics_ports()
        for name, port in zip(self._stages, ports, strict=False):
            supervisor.start(self._stage(name, port))
        for child, port in zip(self._beside(), ports[len(self._stages):], strict=True):
            supervisor.start(child(port))
        if self._with_gateway:
            supervisor.start(self._gateway())
        if self._views:
            supervisor.start(self._portal())
        if not supervisor.wait_ready(STAGE_SECONDS, until):
            return False
        if self.stages_may_be_killed:
            self._kills = StageKills(self.settings, lambda: self.children)
            self._kills.begin()
        return True

    @property
    def stages_may_be_killed(self) -> bool:
        """Whether this is a stack to try things with: nothing it holds outlives it, and only this machine asks."""
        return self._views and not self._external and self.settings.process.host in services.HERE

    def _new_supervisor(self) -> Supervisor:
        return Supervisor(self.settings.state.data_dir / "logs", self._said, hear=self._hear)

    def _said(self, name: str, what: str) -> None:
        self._tell(name, what)
        if self._started_at is not None:
            self._note(self._started_at)

    def _note(self, started_at: int) -> None:
        settings = self.settings
        processes = [
            ProcessNote(
                child.spec.name, child.pid, child.state.value, child.restarts, child.spec.metrics_port,
                str(child.log),
            )
            for child in self._supervisor.children
        ]
        UpFile(
            os.getpid(), settings.kafka.bootstrap, without_credentials(settings.registry.url),
            without_credentials(settings.redis.url),
            settings.process.host, started_at, processes, stack_file.born(os.getpid()),
            settings.outbound.private_addresses,
        ).write(settings.state.data_dir)

    def _discard_state(self) -> None:
        """Delete local state, whose changelogs were lost with the last embedded broker."""
        names = [*(app.app_id for app in apps.APPS), read_model.folder_of(self.settings).name]
        found = [path for name in names if (path := self.settings.state.data_dir / name).exists()]
        for path in found:
            shutil.rmtree(path, ignore_errors=True)
        if found:
            self._tell("stack", "the state of an earlier run is discarded: its embedded broker kept nothing")

    def _create_topics(self, until: Callable[[], bool]) -> bool:
        admin, declared = TopicAdmin(self.settings), catalogue(self.settings.intake)
        if not admin.wait(SERVICE_SECONDS, until=until):
            return False
        created = admin.create(declared)
        self._tell("topics", f"{len(created)} created" if created else f"all {len(declared)} are there")
        if self._external:
            for difference in admin.differences(declared):
                self._tell("topics", difference)
        return True

    def _beside(self) -> list[Callable[[int], ChildSpec]]:
        """The workers beside the stages that are wanted here; each takes its metrics port."""
        wanted = (
            (self._polls, self._poller), (self._drops, self._drop), (self._pulls, self._puller),
            (self._fetches, self._documents_puller), (self._posts, self._posting_sender),
            (self._pages, self._alert_sender), (self._sends, self._sender),
            (self._books, self._booking_sender), (self._views, self._follower),
        )
        return [child for is_wanted, child in wanted if is_wanted]

    def _metrics_ports(self) -> list[int]:
        needed = len(self._stages) + len(self._beside())
        if self._ports is None:
            return unused(needed)
        first = self._ports + services.PORTS
        wanted = list(range(first, first + needed))
        enabled_carriers = [port for port in wanted if not is_free(port, self.settings.process.host)]
        if enabled_carriers:
            raise Fatal(f"port {enabled_carriers[0]} is taken, wanted for metrics: free it, or choose another --ports")
        return wanted

    def _stage(self, name: str, port: int) -> ChildSpec:
        return self._child(name, [*SHIPSYNC, "stage", name], port, b"\nshipsync_assigned_partitions{")

    def _poller(self, port: int) -> ChildSpec:
        return self._child(POLLER, [*SHIPSYNC, "poll"], port, b"\nshipsync_poll_ready 1.0")

    def _drop(self, port: int) -> ChildSpec:
        return self._child(DROP, [*SHIPSYNC, "drop"], port, b"\nshipsync_drop_ready 1.0")

    def _puller(self, port: int) -> ChildSpec:
        return self._child(PULLER, [*SHIPSYNC, PULLER, "orders"], port, b"\nshipsync_order_puller_ready 1.0")

    def _documents_puller(self, port: int) -> ChildSpec:
        command = [*SHIPSYNC, PULLER, "documents"]
        return self._child(DOCUMENTS_PULLER, command, port, b"\nshipsync_document_fetcher_ready 1.0")

    def _sender(self, port: int) -> ChildSpec:
        command = [*SHIPSYNC, SENDER, "notifications"]
        return self._child(SENDER, command, port, b"\nshipsync_notification_sender_ready 1.0")

    def _alert_sender(self, port: int) -> ChildSpec:
        return self._child(ALERT_SENDER, [*SHIPSYNC, SENDER, "alerts"], port, b"\nshipsync_alert_sender_ready 1.0")

    def _posting_sender(self, port: int) -> ChildSpec:
        command = [*SHIPSYNC, SENDER, "postings"]
        return self._child(POSTER, command, port, b"\nshipsync_posting_sender_ready 1.0")

    def _booking_sender(self, port: int) -> ChildSpec:
        return self._child(BOOKER, [*SHIPSYNC, SENDER, "bookings"], port, b"\nshipsync_booking_sender_ready 1.0")

    def _follower(self, port: int) -> ChildSpec:
        return self._child(VIEWS, [*SHIPSYNC, VIEWS, "follow"], port, b"\nshipsync_read_model_ready 1.0")

    def _child(self, name: str, command: Sequence[str], port: int, says_when_ready: bytes) -> ChildSpec:
        return ChildSpec(
            name, command, {**environment(self.settings), "SHIPSYNC_METRICS_PORT": str(port)},
            ready=partial(_is_ready, self.settings.process.host, port, says_when_ready), metrics_port=port,
            stop_seconds=self.settings.stage.drain_timeout + STOP_MARGIN_SECONDS, layer=STAGES_LAYER,
        )


    def _gateway(self) -> ChildSpec:
        host, port = self.settings.process.host, self.settings.gateway.port
        if not is_free(port, host):
            raise Fatal(f"port {port} is taken, wanted for the gateway: free it, or set SHIPSYNC_GATEWAY_PORT")
        return ChildSpec(
            GATEWAY, [*SHIPSYNC, GATEWAY], environment(self.settings), ready=partial(_answers, host, port),
            metrics_port=port, stop_seconds=self.settings.stage.drain_timeout + STOP_MARGIN_SECONDS,
            layer=GATEWAY_LAYER,
        )


    def _portal(self) -> ChildSpec:
        host, port = self.settings.process.host, self.settings.portal.port
        if not is_free(port, host):
            raise Fatal(f"port {port} is taken, wanted for pages and API: free it, or set SHIPSYNC_PORTAL_PORT")
        kill = ["--with-stage-kill"] if self.stages_may_be_killed else []
        return ChildSpec(
            PORTAL, [*SHIPSYNC, PORTAL, *kill], environment(self.settings), ready=partial(_answers, host, port),
            metrics_port=port, stop_seconds=STOP_MARGIN_SECONDS, layer=GATEWAY_LAYER,
        )


def _prepared(settings: Settings, external: bool, ports: int | None) -> Settings:
    settings = settings.replace(data_dir=settings.state.data_dir.resolve())
    if external:
        return settings
    if ports is not None:
        settings = on_ports(settings, list(range(ports, ports + services.PORTS)))
    settings = services.with_private_endpoints(services.for_the_embedded_broker(settings))
    return services.with_an_open_gateway(settings)


def _is_ready(host: str, port: int, says: bytes) -> bool:
    """Whether the process's metrics say that it is at work."""
    with suppress(OSError), urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=PROBE_SECONDS) as answer:
        return says in answer.read()
    return False


def _answers(host: str, port: int) -> bool:
    """Whether the process says that it is ready."""
    with suppress(OSError), urllib.request.urlopen(f"http://{host}:{port}/readyz", timeout=READY_SECONDS) as answer:
        return bool(answer.status == 200)
    return False
