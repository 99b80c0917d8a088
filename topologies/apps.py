"""The stages: what each reads and which handler does its work. ``run_stage`` runs one in this process."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier, taken
from connectors.registry import Registry, ValueCodec
from streams.model import DeadLetter
from topologies.alerts import AlertsHandler
from topologies.edi import EdiHandler
from topologies.faust_app import build_faust_app, run
from topologies.feeds import FeedsHandler
from topologies.fulfilment import FulfilmentHandler
from topologies.handling import Handler
from topologies.identity import IdentityHandler
from topologies.intake import IntakeHandler
from topologies.names_following import NamesFollowing
from topologies.naming import names_of
from topologies.norm_table import NormTable
from topologies.norms import NormsHandler
from topologies.orders import OrdersHandler
from topologies.runner import StageRunner
from topologies.shipments import ShipmentsHandler
from topologies.sink import build_sink


def _nothing(*_: object) -> AbstractContextManager[None]:
    return nullcontext()


def _names(
    settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]
) -> AbstractContextManager[NamesFollowing]:
    return NamesFollowing(settings, registry, names_of(carriers))


class Stage(NamedTuple):
    """One stage: its app, the topics it reads given the carriers, how its handler is built, and what is followed
    beside it while it runs."""

    app: topics.App
    reads: Callable[[Mapping[str, Carrier]], list[topics.Topic]]
    build: Callable[[Settings, Registry, Mapping[str, Carrier]], Handler]
    follow: Callable[[Settings, Registry, Mapping[str, Carrier]], AbstractContextManager[object]] = _nothing


def _raw(carriers: Mapping[str, Carrier]) -> list[topics.Topic]:
    return [topics.raw(feed) for feed in sorted(carriers)]


def _shipments(settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> ShipmentsHandler:
    return ShipmentsHandler(settings, registry, carriers, NormTable(settings, registry))


STAGES: dict[str, Stage] = {
    stage.app.name: stage
    for stage in (
        Stage(topics.INTAKE, _raw, IntakeHandler, _names),
        Stage(topics.ORDERS, lambda _: [topics.ERP_ORDERS, topics.MASTER_DATA], OrdersHandler, _names),
        Stage(topics.IDENTITY, lambda _: [topics.CARRIER_UNRESOLVED, topics.REFERENCE_CLAIMS], IdentityHandler),
        Stage(topics.SHIPMENTS, lambda _: list(topics.OF_ONE_SHIPMENT), _shipments),
        Stage(topics.FULFILMENT, lambda _: [topics.DELIVERY_MILESTONES], FulfilmentHandler),
        Stage(topics.FEEDS, lambda _: [topics.FEED_ACTIVITY], FeedsHandler),
        Stage(topics.NORMS, lambda _: [topics.SHIPMENT_DWELLS], NormsHandler),
        Stage(topics.EDI, lambda _: [topics.EDI_INTERCHANGES, topics.EDI_ACKNOWLEDGEMENTS], EdiHandler),
        Stage(topics.ALERTS, lambda _: [topics.ALERT_SIGNALS, topics.ALERT_ACTIONS], AlertsHandler),
    )
}


GC_THRESHOLDS = (100_000, 50, 100)
"""Objects between collections, by generation. A chunk makes some 100,000 that die with it; the interpreter's
own thresholds look through them dozens of times, a third of the time a chunk takes."""


def run_stage(name: str, settings: Settings) -> int:
    """Run one stage until SIGTERM or SIGINT; the process's exit code. KeyError for an unknown name."""
    stage = STAGES[name]
    carriers = {carrier.feed: carrier for carrier in taken(settings.feeds)}
    registry = Registry(settings)
    handler = stage.build(settings, registry, carriers)
    cards = ValueCodec(topics.DEAD_LETTERS, DeadLetter, registry)
    runner = StageRunner(stage.app, handler, settings, build_sink(stage.app, settings), cards.encode)
    reads = [topic.name for topic in stage.reads(carriers)]
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    with stage.follow(settings, registry, carriers):
        return run(build_faust_app(stage.app, settings, reads), runner, settings)
