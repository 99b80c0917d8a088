"""Shipments that have ended, on a broker of its own: archived, restored as what is kept of them, and their numbers used
again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import CarrierEvent, EnrichedEvent, OrderReference, ShipmentState
from streams.kernel.vocabulary import Milestone, Status
from tests.support.brokers import BROKERS, on_broker
from tests.support.stage_worker import StageWorker
from tests.support.strategies import carrier_event, reference
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.cli.main import app
from topologies.local_stack.stack import catalogue

DAY = 86_400_000
KEY = b"north:N-ENDED"
RULES = """\
stalled: {}
late: never
order_not_found: never
never_shipped: never
proof_missing: never
delivery_unreported: never
suspended: {after_silence: 10m, until_heard_for: 1s}
"""


class Shipments:
    """Tells of shipments, and reads what is kept of them."""

    def __init__(self, settings: Settings) -> None:
        known = Registry(settings)
        self._bootstrap = settings.kafka.bootstrap
        self._events = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, known)
        self._references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, known)
        self._enriched = ValueCodec(topics.SHIPMENT_EVENTS, EnrichedEvent, known)
        self._states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, known)
        self._archive = ValueCodec(topics.SHIPMENT_ARCHIVE, ShipmentState, known)
        self.now = time.time_ns() // 1_000_000

    def tell(self, milestone: Milestone, days_ago: float, number: str = "N-ENDED") -> None:
        at = self.now - int(days_ago * DAY)
        event = carrier_event(milestone, 0, tracking_number=number, occurred_at=at, received_at=at)
        fill(self._bootstrap, topics.CARRIER_EVENTS.name, [(f"north:{number}".encode(), self._events.encode(event))])

    def order(self, order: str, days_ago: float) -> None:
        claim = reference(order, tracking_number="N-ENDED", updated_at=self.now - int(days_ago * DAY))
        fill(self._bootstrap, topics.ORDER_REFERENCES.name, [(KEY, self._references.encode(claim))])

    def state(self) -> ShipmentState | None:
        told = [one.value() for one in read_all(self._bootstrap, topics.SHIPMENT_STATE.name) if one.key() == KEY]
        return self._states.decode(told[-1]) if told else None

    def archived(self) -> list[ShipmentState]:
        return [self._archive.decode(one.value()) for one in read_all(self._bootstrap, topics.SHIPMENT_ARCHIVE.name)]

    def history(self) -> list[EnrichedEvent]:
        told = read_all(self._bootstrap, topics.SHIPMENT_EVENTS.name)
        return [self._enriched.decode(one.value()) for one in told if one.key() == KEY]


@pytest.mark.parametrize("broker", BROKERS)
def test_what_is_archived_stays_so_on_another_workers_disk_until_its_number_is_used_again(
    broker: Callable[[], ExitStack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "alerts.yaml"
    rules.write_text(RULES, "utf-8")
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path, feed_sweep_interval=0.5, alerts_file=rules))
        TopicAdmin(settings).create(catalogue())
        shipments = Shipments(settings)

        def talking(until: Callable[[], bool]) -> bool:
            shipments.tell(Milestone.PICKED_UP, 0, "N-TALKING")
            return until()

        first = StageWorker("shipments", settings, tmp_path / "one")
        closing.callback(first.kill)
        shipments.order("SO-1", 71)
        shipments.tell(Milestone.DELIVERED, 70)
        eventually(lambda: talking(lambda: bool(shipments.archived())), interval=0.3)
        eventually(lambda: (told := shipments.state()) is not None and told.archived, interval=0.3)
        first.kill()
        second = StageWorker("shipments", settings, tmp_path / "two")
        closing.callback(second.kill)
        shipments.tell(Milestone.OUT_FOR_DELIVERY, 70.5)
        eventually(lambda: len(shipments.history()) == 2, interval=0.3)
        kept = shipments.state()
        shipments.tell(Milestone.PICKED_UP, 1)
        eventually(lambda: (told := shipments.state()) is not None and told.life == 2, interval=0.3)
        now = shipments.state()
        [last] = shipments.archived()
        for name in ("bootstrap", "registry_url", "data_dir"):
            monkeypatch.setenv(f"SHIPSYNC_{name.upper()}", str(settings.value(name)))
        shown = CliRunner().invoke(app, ["state", "inspect", KEY.decode(), "--json"])
        in_words = CliRunner().invoke(app, ["state", "inspect", KEY.decode()], env={"COLUMNS": "200"})
        late = shipments.history()[1]
    assert (last.status, last.event_count, [one.order_id for one in last.orders]) == (Status.DELIVERED, 1, ["SO-1"])
    assert kept is not None
    assert (kept.archived, kept.status, kept.event_count, kept.orders) == (True, Status.DELIVERED, 0, [])
    assert (late.late, late.matched) == (True, False)
    assert now is not None
    assert (now.archived, now.status, now.event_count, now.orders) == (False, Status.PICKED_UP, 1, [])
    found = json.loads(shown.output)
    assert (found["state"]["status"], [one["status"] for one in found["archived"]]) == ("picked_up", ["delivered"])
    assert "N-ENDED, shipment 2" in in_words.output
    assert "SO-1" in in_words.output
