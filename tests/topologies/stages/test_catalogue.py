"""The stages as they are declared and built: ids, topics, handlers and every setting; nothing is connected to."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faust
import pytest
from yarl import URL

from config import apps, topics
from config.settings import Settings
from connectors.carriers import discover
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import DeadLetter
from streams.kernel.vocabulary import RejectReason
from tests.fakes.stage import Calls, FakeSink
from tests.support.registry import fake_registry
from topologies.runtime.faust_app import build_faust_app
from topologies.runtime.reading.transport import ChunkTransport
from topologies.runtime.runner import StageRunner
from topologies.stages import catalogue
from topologies.stages.alerts import AlertsHandler
from topologies.stages.bookings import BookingsHandler
from topologies.stages.catalogue import GC_THRESHOLDS, STAGES, run_stage
from topologies.stages.documents import DocumentsHandler
from topologies.stages.edi import EdiHandler
from topologies.stages.feeds import FeedsHandler
from topologies.stages.fulfilment import FulfilmentHandler
from topologies.stages.identity import IdentityHandler
from topologies.stages.intake import IntakeHandler
from topologies.stages.norms import NormsHandler
from topologies.stages.notifications import NotificationsHandler
from topologies.stages.orders import OrdersHandler
from topologies.stages.paging import PagingHandler
from topologies.stages.postings import PostingsHandler
from topologies.stages.shipments import ShipmentsHandler

CARRIERS = {carrier.feed: carrier for carrier in discover()}
READS = {
    "intake": [f"raw.{feed}.v1" for feed in sorted(CARRIERS)],
    "orders": ["erp.orders.v1", "master.data.v1"],
    "identity": ["carrier.unresolved.v1", "reference.claims.v1"],
    "shipments": ["carrier.events.v1", "order.references.v1", "shipment.links.v1", "shipment.adoptions.v1"],
    "fulfilment": [
        "delivery.milestones.v1", "wms.confirmations.v1", "carrier.bookings.v1", "fulfilment.decisions.v1",
        "document.chases.v1",
    ],
    "bookings": [
        "delivery.releases.v1", "wms.confirmations.v1", "booking.answers.v1", "booking.decisions.v1",
        "freight.invoices.v1",
    ],
    "feeds": ["feed.activity.v1"],
    "norms": ["shipment.dwells.v1"],
    "edi": ["edi.interchanges.v1", "edi.acknowledgements.v1"],
    "alerts": ["alert.signals.v1", "alert.actions.v1"],
    "notifications": [
        "customer.updates.v1", "customer.subscriptions.v1", "notification.attempts.v1", "notification.actions.v1",
    ],
    "postings": ["erp.postings.v1", "posting.attempts.v1", "posting.decisions.v1", "erp.notices.v1"],
    "paging": ["ops.alerts.v1", "alert.attempts.v1"],
    "documents": ["delivery.milestones.v1", "document.wants.v1", "shipment.documents.v1", "document.attempts.v1"],
}
HANDLERS: dict[str, type] = {
    "intake": IntakeHandler, "orders": OrdersHandler, "identity": IdentityHandler, "shipments": ShipmentsHandler,
    "fulfilment": FulfilmentHandler, "bookings": BookingsHandler, "feeds": FeedsHandler, "norms": NormsHandler,
    "edi": EdiHandler, "alerts": AlertsHandler, "notifications": NotificationsHandler, "postings": PostingsHandler,
    "paging": PagingHandler, "documents": DocumentsHandler,
}
STATES = {
    "intake": None, "orders": "order.state.v1", "identity": "reference.state.v1", "shipments": "shipment.state.v1",
    "fulfilment": "fulfilment.state.v1", "feeds": "feed.state.v1", "norms": "dwell.norms.v1", "edi": "edi.state.v1",
    "alerts": "ops.alerts.v1", "notifications": "notification.state.v1",
    "bookings": "booking.state.v1", "postings": "posting.state.v1", "paging": "paging.state.v1",
    "documents": "document.state.v1",
}
EACH = pytest.mark.parametrize("name", sorted(READS))


def build(name: str = "shipments", **settings: Any) -> faust.App:
    reads = [topic.name for topic in STAGES[name].reads(CARRIERS)]
    return build_faust_app(STAGES[name].app, Settings(**settings), reads)


def test_the_stages_are_the_declared_apps_each_under_its_name() -> None:
    assert {name: stage.app for name, stage in STAGES.items()} == {app.name: app for app in apps.APPS}
    assert set(STAGES) == set(READS)


@EACH
def test_a_stage_reads_its_topics_and_no_other(name: str) -> None:
    assert [topic.name for topic in STAGES[name].reads(CARRIERS)] == READS[name]


def test_a_new_carrier_is_read_without_a_line_here() -> None:
    carriers = {"acme": CARRIERS["ups"], "aardvark": CARRIERS["ups"]}
    assert [topic.name for topic in STAGES["intake"].reads(carriers)] == [
        "raw.aardvark.v1", "raw.acme.v1",
    ]


@EACH
def test_a_stage_is_built_with_its_own_handler_over_the_carriers_found(name: str) -> None:
    assert type(STAGES[name].build(Settings(), fake_registry(), CARRIERS)) is HANDLERS[name]


@EACH
def test_a_stage_keeps_state_and_dead_letters_under_its_own_name(name: str) -> None:
    app = STAGES[name].app
    assert (app.app_id, app.dead_letters.name) == (f"shipsync-{name}", f"dlq.{name}.v1")
    assert (app.state_topic.name if app.state_topic else None) == STATES[name]


def test_no_stage_reads_what_it_alone_keeps_and_all_they_read_is_declared() -> None:
    declared = {topic.name for topic in topics.catalogue(CARRIERS)}
    for name, reads in READS.items():
        assert set(reads) <= declared
        assert STATES[name] not in reads


def test_topics_a_stage_with_state_reads_together_have_equal_partitions() -> None:
    for name, stage in STAGES.items():
        if stage.app.state_topic is not None:
            joined = [*stage.reads(CARRIERS), stage.app.state_topic]
            assert len({topic.partitions for topic in joined}) == 1, name


@EACH
def test_the_app_has_the_stages_id_and_topics_on_the_chunk_transport(name: str) -> None:
    app = build(name)
    assert (app.conf.id, app.conf.broker_client_id) == (f"shipsync-{name}", f"shipsync-{name}")
    assert isinstance(app.transport, ChunkTransport)
    assert app.transport.topics == tuple(READS[name])
    assert app.transport.copartitioned is (STATES[name] is not None)


def test_the_app_has_what_the_installation_set(tmp_path: Path) -> None:
    settings = {
        "bootstrap": "one.example:9092, two.example:9093", "data_dir": tmp_path, "session_timeout": 21.0,
        "rebalance_timeout": 17.0, "commit_interval": 2.5, "fetch_bytes": 123_456, "chunk_records": 789,
        "stuck_timeout": 33.0,
    }
    conf = build(**settings).conf
    assert conf.broker == [URL("kafka://one.example:9092"), URL("kafka://two.example:9093")]
    assert conf.datadir == tmp_path / "shipsync-shipments" / "faust"
    assert (conf.broker_session_timeout, conf.broker_rebalance_timeout) == (21.0, 17.0)
    assert (conf.broker_commit_interval, conf.consumer_max_fetch_size, conf.broker_max_poll_records) == (
        2.5, 123_456, 789,
    )
    assert conf.broker_max_poll_interval > 33.0
    assert build(**settings).transport.settings == Settings(**settings)


def test_heartbeats_fit_well_into_the_session_and_requests_outlast_it() -> None:
    conf = build(session_timeout=90.0, rebalance_timeout=40.0).conf
    assert conf.broker_heartbeat_interval * 3 <= 90.0
    assert conf.broker_request_timeout > 90.0
    slow = build(session_timeout=10.0, rebalance_timeout=300.0).conf
    assert slow.broker_request_timeout > 300.0


def test_nothing_of_fausts_own_is_on() -> None:
    conf = build().conf
    assert not conf.web_enabled
    assert not conf.topic_allow_declare
    assert conf.topic_disable_leader
    assert not conf.worker_redirect_stdouts
    assert not conf.autodiscover
    assert (conf.table_standby_replicas, conf.store) == (0, URL("memory://"))


def test_a_stage_that_starts_for_the_first_time_reads_from_the_beginning() -> None:
    assert build().conf.consumer_auto_offset_reset == "earliest"


class Started:
    """The worker ``run_stage`` would have run, had it not been stopped here; nothing is connected to."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.app: Any = None
        self.runner: Any = None
        self.settings: Any = None
        self.sinks: list[tuple[apps.App, Settings]] = []
        self.sink = FakeSink(Calls())
        self.cards: Callable[[DeadLetter], bytes] = lambda _: b""
        patch.setattr(catalogue, "Registry", lambda _: fake_registry())
        patch.setattr(catalogue, "build_sink", self._sink)
        patch.setattr(catalogue, "StageRunner", self._runner)
        patch.setattr(catalogue, "run", self._run)

    def _sink(self, app: apps.App, settings: Settings) -> FakeSink:
        self.sinks.append((app, settings))
        return self.sink

    def _runner(
        self, app: apps.App, handler: Any, settings: Settings, sink: Any, cards: Any, **more: Any
    ) -> StageRunner:
        self.handler, self.cards = handler, cards
        assert sink is self.sink
        return StageRunner(app, handler, settings, sink, cards, **more)

    def _run(self, app: Any, runner: Any, settings: Any, health: Any) -> int:
        del health
        self.app, self.runner, self.settings = app, runner, settings
        return 41


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    before = gc.get_threshold()
    yield Started(monkeypatch)
    gc.unfreeze()
    gc.set_threshold(*before)


@EACH
def test_a_stage_is_run_with_its_app_handler_and_sink(started: Started, tmp_path: Path, name: str) -> None:
    settings = Settings(data_dir=tmp_path, bootstrap="nowhere.example:1")
    assert run_stage(name, settings) == 41
    assert started.app.conf.id == f"shipsync-{name}"
    assert started.app.transport.topics == tuple(READS[name])
    assert started.runner.app is STAGES[name].app
    assert type(started.handler) is HANDLERS[name]
    assert started.sinks == [(STAGES[name].app, settings)]
    assert started.settings is settings


def test_index_cards_are_written_by_their_contract(started: Started, tmp_path: Path) -> None:
    run_stage("intake", Settings(data_dir=tmp_path))
    card = DeadLetter("intake", RejectReason.EMPTY.value, "no value", None, "raw.ups.v1", 0, 7, "ups", "c-1", 0, 5)
    assert ValueCodec(topics.DEAD_LETTERS, DeadLetter, fake_registry()).decode(started.cards(card)) == card


def test_a_running_stage_seldom_looks_for_garbage(started: Started, tmp_path: Path) -> None:
    run_stage("feeds", Settings(data_dir=tmp_path))
    assert started.app is not None
    assert gc.get_threshold() == GC_THRESHOLDS
    assert gc.get_freeze_count() > 0


def test_a_stage_nobody_declared_is_not_run(started: Started) -> None:
    with pytest.raises(KeyError):
        run_stage("portal", Settings())
    assert started.app is None
