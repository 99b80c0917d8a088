"""The stages: what each reads and which handler does its work. ``run_stage`` runs one in this process."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import NamedTuple

from config import apps, topics
from config.settings import Settings
from connectors.carriers import Carrier, enabled_carriers
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import DeadLetter, EdiReceipt, FeedPause, MasterRecord
from streams.intake.control_numbers import MOST_KEPT
from topologies.runtime.faust_app import build_faust_app, run
from topologies.runtime.handler import Handler
from topologies.runtime.reading.pauses import never_paused
from topologies.runtime.reading.topic_cache import TopicCache
from topologies.runtime.runner import StageRunner
from topologies.runtime.watching.health import Health
from topologies.runtime.writing.processing import build_sink
from topologies.stages.alerts import AlertsHandler
from topologies.stages.bookings import READS as OF_A_BOOKING
from topologies.stages.bookings import BookingsHandler
from topologies.stages.documents import DocumentsHandler
from topologies.stages.edi import EdiHandler
from topologies.stages.feeds import FeedsHandler
from topologies.stages.fulfilment import FulfilmentHandler
from topologies.stages.identity import IdentityHandler
from topologies.stages.intake import IntakeHandler
from topologies.stages.norm_table import NormTable
from topologies.stages.norms import NormsHandler
from topologies.stages.notifications import NotificationsHandler
from topologies.stages.orders import OrdersHandler
from topologies.stages.paging import PagingHandler
from topologies.stages.postings import PostingsHandler
from topologies.stages.shipments import ShipmentsHandler


class Stage(NamedTuple):
    """One stage: its app, the topics it reads given the carriers, and how its handler is built."""

    app: apps.App
    reads: Callable[[Mapping[str, Carrier]], list[topics.Topic]]
    build: Callable[[Settings, Registry, Mapping[str, Carrier]], Handler]


def _raw(carriers: Mapping[str, Carrier]) -> list[topics.Topic]:
    return [topics.raw(feed) for feed in sorted(carriers)]


def _shipments(settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> ShipmentsHandler:
    return ShipmentsHandler(settings, registry, carriers, NormTable(settings, registry))


STAGES: dict[str, Stage] = {
    stage.app.name: stage
    for stage in (
        Stage(apps.INTAKE, _raw, IntakeHandler),
        Stage(apps.ORDERS, lambda _: [topics.ERP_ORDERS, topics.MASTER_DATA], OrdersHandler),
        Stage(apps.IDENTITY, lambda _: [topics.CARRIER_UNRESOLVED, topics.REFERENCE_CLAIMS], IdentityHandler),
        Stage(apps.SHIPMENTS, lambda _: list(topics.OF_ONE_SHIPMENT), _shipments),
        Stage(
            apps.FULFILMENT,
            lambda _: [
                topics.DELIVERY_MILESTONES, topics.WMS_CONFIRMATIONS, topics.CARRIER_BOOKINGS,
                topics.FULFILMENT_DECISIONS, topics.DOCUMENT_CHASES,
            ],
            FulfilmentHandler,
        ),
        Stage(apps.BOOKINGS, lambda _: list(OF_A_BOOKING), BookingsHandler),
        Stage(apps.FEEDS, lambda _: [topics.FEED_ACTIVITY], FeedsHandler),
        Stage(apps.NORMS, lambda _: [topics.SHIPMENT_DWELLS], NormsHandler),
        Stage(apps.EDI, lambda _: [topics.EDI_INTERCHANGES, topics.EDI_ACKNOWLEDGEMENTS], EdiHandler),
        Stage(apps.ALERTS, lambda _: [topics.ALERT_SIGNALS, topics.ALERT_ACTIONS], AlertsHandler),
        Stage(
            apps.NOTIFICATIONS,
            lambda _: [
                topics.CUSTOMER_UPDATES, topics.CUSTOMER_SUBSCRIPTIONS, topics.NOTIFICATION_ATTEMPTS,
                topics.NOTIFICATION_ACTIONS,
            ],
            NotificationsHandler,
        ),
        Stage(apps.PAGING, lambda _: [topics.OPS_ALERTS, topics.ALERT_ATTEMPTS], PagingHandler),
        Stage(
            apps.POSTINGS,
            lambda _: [
                topics.ERP_POSTINGS, topics.POSTING_ATTEMPTS, topics.POSTING_DECISIONS, topics.ERP_NOTICES,
            ],
            PostingsHandler,
        ),
        Stage(
            apps.DOCUMENTS,
            lambda _: [
                topics.DELIVERY_MILESTONES, topics.DOCUMENT_WANTS, topics.SHIPMENT_DOCUMENTS, topics.DOCUMENT_ATTEMPTS,
            ],
            DocumentsHandler,
        ),
    )
}


GC_THRESHOLDS = (100_000, 50, 100)
"""Objects between collections, by generation. A chunk makes some 100,000 that die with it; the interpreter's
own thresholds look through them dozens of times, a third of the time a chunk takes."""


def reference_data(handler: Handler, settings: Settings, registry: Registry) -> ExitStack:
    """Keeps the handler's reference data up to date while it is open: carriers' names, paused feeds, EDI control
    numbers."""
    caches = ExitStack()
    if isinstance(handler, IntakeHandler | OrdersHandler):
        caches.enter_context(TopicCache(settings, registry, topics.MASTER_DATA, MasterRecord, handler.names))
    if isinstance(handler, IntakeHandler):
        caches.enter_context(
            TopicCache(settings, registry, topics.FEED_PAUSES, FeedPause, handler.pausing.pauses)
        )
    if isinstance(handler, IntakeHandler) and handler.reads_edi:
        caches.enter_context(
            TopicCache(settings, registry, topics.EDI_RECEIPTS, EdiReceipt, handler.control_numbers, MOST_KEPT)
        )
    return caches


def run_stage(name: str, settings: Settings, health: Health | None = None) -> int:
    """Run one stage until SIGTERM or SIGINT; the process's exit code. KeyError for an unknown name."""
    stage = STAGES[name]
    carriers = {carrier.feed: carrier for carrier in enabled_carriers(settings.intake)}
    registry = Registry(settings)
    handler = stage.build(settings, registry, carriers)
    cards = ValueCodec(topics.DEAD_LETTERS, DeadLetter, registry)
    is_paused = handler.pausing.is_paused if isinstance(handler, IntakeHandler) else never_paused
    runner = StageRunner(
        stage.app, handler, settings, build_sink(stage.app, settings), cards.encode, is_paused=is_paused
    )
    reads = [topic.name for topic in stage.reads(carriers)]
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    with reference_data(handler, settings, registry):
        return run(build_faust_app(stage.app, settings, reads), runner, settings, health)
