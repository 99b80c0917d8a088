"""``shipsync state inspect`` on a broker of its own: from a shipment's key back to the bytes its carrier sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import CarrierEvent, EnrichedEvent, ShipmentState, Source
from streams.kernel.vocabulary import Milestone
from streams.shipments.record import decode
from streams.shipments.state_view import state_of
from tests.support.brokers import BROKERS, on_broker
from tests.support.laws import tell
from tests.support.strategies import carrier_event, received, reference
from tests.support.topics import fill, read_all
from topologies.cli.main import app
from topologies.local_stack.stack import catalogue

RAW = topics.raw("ups").name
BODY = '{"said": "Zugestellt an Bäckerei"}'.encode()


def told(settings: Settings) -> tuple[CarrierEvent, CarrierEvent]:
    """A shipment of two events, one of whose raw record is gone, as the stages would have written it."""
    fill(settings.kafka.bootstrap, RAW, [(b"k", b"an older one"), (b"k", BODY)])
    [lies] = [record for record in read_all(settings.kafka.bootstrap, RAW) if record.value() == BODY]
    delivered = carrier_event(
        Milestone.DELIVERED, 30, source=Source("ups", "webhook", RAW, lies.partition() or 0, lies.offset() or 0, 0, "c")
    )
    moving = carrier_event(Milestone.IN_TRANSIT, 5, source=Source("ups", "webhook", RAW, 0, 9_999, 0, "c"))
    outcome = tell([[reference("SO-7"), received(moving), received(delivered)]])
    known = Registry(settings)
    states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, known)
    enriched = ValueCodec(topics.SHIPMENT_EVENTS, EnrichedEvent, known)
    record = outcome.records["north:N100"]
    fill(settings.kafka.bootstrap, topics.SHIPMENT_STATE.name, [
        (b"north:N101", b"another shipment's"), (b"north:N100", states.encode(state_of(decode(record), record, 7))),
    ])
    fill(settings.kafka.bootstrap, topics.SHIPMENT_EVENTS.name, [
        (b"north:N100", enriched.encode(EnrichedEvent(event, one.status, one.late, one.matched, one.orders)))
        for event, (_, one) in zip((moving, delivered), outcome.events, strict=True)
    ])
    return moving, delivered


@pytest.mark.parametrize("broker", BROKERS)
def test_a_shipment_leads_back_to_what_its_carrier_sent(
    broker: Callable[[], ExitStack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path))
        TopicAdmin(settings).create(catalogue())
        moving, delivered = told(settings)
        for name in ("bootstrap", "registry_url", "data_dir"):
            monkeypatch.setenv(f"SHIPSYNC_{name.upper()}", str(settings.value(name)))

        def run(*arguments: str) -> tuple[int, str]:
            result = CliRunner().invoke(app, ["state", "inspect", *arguments], env={"COLUMNS": "220"})
            return result.exit_code, result.output

        code, told_as_json = run(" North : n100 ".replace(" : ", ":"), "--json")
        found = json.loads(told_as_json)
        assert code == 0
        assert found["state"]["status"] == "delivered"
        assert [order["order_id"] for order in found["state"]["orders"]] == ["SO-7"]
        assert [one["event_id"] for one in found["events"]] == [moving.event_id, delivered.event_id]
        assert found["events"][1]["raw"] == BODY.decode()
        assert "raw" not in found["events"][0]
        code, shown = run("north:N100", "--raw")
        assert code == 0
        assert all(words in shown for words in ("SO-7", "delivered", f"{RAW}[", "Bäckerei", "no longer kept"))
        code, shown = run("north:N999")
        assert code == 1
        assert "Nothing is known about north:N999." in shown
        assert run("north")[0] == 2
