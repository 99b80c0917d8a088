"""The clock of the shipments stage on a broker of its own: what falls due outlives the worker that would tell it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import Alert, CarrierEvent
from streams.kernel.vocabulary import AlertKind, AlertState, Milestone
from tests.support.brokers import BROKERS, on_broker
from tests.support.signals import Signals
from tests.support.stage_worker import StageWorker
from tests.support.strategies import carrier_event
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.stack import catalogue

RULES = """\
stalled: {in_transit: 4s}
late: never
order_not_found: never
never_shipped: never
proof_missing: never
delivery_unreported: never
suspended: {after_silence: 10m, until_heard_for: 1s}
"""
STALLED, LATER, TALKING = "N-STALLED", "N-LATER", "N-TALKING"


class Shipments:
    """Tells of shipments, and hears what is said of them."""

    def __init__(self, settings: Settings) -> None:
        known = Registry(settings)
        self._bootstrap = settings.kafka.bootstrap
        self._events = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, known)
        self._signals = Signals(settings)
        self._alerts = ValueCodec(topics.OPS_ALERTS, Alert, known)

    def tell(self, number: str, milestone: Milestone) -> None:
        """It happened, now."""
        now = time.time_ns() // 1_000_000
        event = carrier_event(milestone, 0, tracking_number=number, occurred_at=now, received_at=now)
        key = f"{event.carrier}:{number}".encode()
        fill(self._bootstrap, topics.CARRIER_EVENTS.name, [(key, self._events.encode(event))])

    def said(self) -> Counter[tuple[str, AlertState]]:
        """How often each shipment was called stalled, and no more."""
        return Counter(
            (one.subject.partition(":")[2], one.state) for one in self._signals.said()
            if one.kind is AlertKind.SHIPMENT_STALLED
        )

    def stands(self) -> dict[str, AlertState]:
        """How the alert about each shipment that stood still stands in the end."""
        alerts = [self._alerts.decode(record.value()) for record in read_all(self._bootstrap, topics.OPS_ALERTS.name)]
        return {
            one.subject.partition(":")[2]: one.state for one in alerts if one.kind is AlertKind.SHIPMENT_STALLED
        }


@pytest.mark.parametrize("broker", BROKERS)
def test_a_shipment_that_stands_still_is_told_of_once_though_its_worker_dies(
    broker: Callable[[], ExitStack], tmp_path: Path
) -> None:
    rules = tmp_path / "alerts.yaml"
    rules.write_text(RULES, "utf-8")
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path, feed_sweep_interval=0.5, alerts_file=rules))
        TopicAdmin(settings).create(catalogue())
        shipments = Shipments(settings)

        def talking(until: Callable[[], bool]) -> bool:
            shipments.tell(TALKING, Milestone.DELIVERED)
            return until()

        first = StageWorker("shipments", settings, tmp_path / "one")
        closing.callback(first.kill)
        shipments.tell(STALLED, Milestone.IN_TRANSIT)
        eventually(lambda: talking(lambda: shipments.said()[STALLED, AlertState.RAISED] == 1))
        shipments.tell(LATER, Milestone.IN_TRANSIT)
        first.kill()
        second = StageWorker("shipments", settings, tmp_path / "two")
        closing.callback(second.kill)
        eventually(lambda: talking(lambda: shipments.said()[LATER, AlertState.RAISED] == 1))
        shipments.tell(STALLED, Milestone.OUT_FOR_DELIVERY)
        eventually(lambda: talking(lambda: shipments.said()[STALLED, AlertState.RESOLVED] == 1))
        said = shipments.said()
        closing.callback(StageWorker("alerts", settings, tmp_path / "alerts").kill)
        stands = {STALLED: AlertState.RESOLVED, LATER: AlertState.RAISED}
        eventually(lambda: shipments.stands() == stands)
    assert said == {
        (STALLED, AlertState.RAISED): 1, (STALLED, AlertState.RESOLVED): 1, (LATER, AlertState.RAISED): 1
    }
