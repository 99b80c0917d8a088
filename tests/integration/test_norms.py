"""The norms stage on a broker of its own: what is learnt outlives the worker, and who follows it hears of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config import topics
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.ids import digest
from streams.contracts.model import Dwell
from streams.kernel.vocabulary import Status
from streams.norms.histogram import PERIOD_MS
from tests.support.brokers import BROKERS, on_broker
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill
from tests.support.waiting import eventually
from topologies.cli.main import app
from topologies.local_stack.stack import catalogue
from topologies.stages.norm_table import NormTable

KEY = "north:US>DE:in_transit"


@pytest.mark.parametrize("broker", BROKERS)
def test_what_is_learnt_outlives_its_worker_and_reaches_who_follows_it(
    broker: Callable[[], ExitStack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path))
        TopicAdmin(settings).create(catalogue())
        known = Registry(settings)
        dwells = ValueCodec(topics.SHIPMENT_DWELLS, Dwell, known)
        table = NormTable(settings, known)
        closing.callback(table.close)

        def dwell(number: int) -> None:
            one = Dwell(digest(str(number)), "north", "US>DE", Status.IN_TRANSIT, 3_600_000, 700 * PERIOD_MS)
            fill(settings.kafka.bootstrap, topics.SHIPMENT_DWELLS.name, [(KEY.encode(), dwells.encode(one))])

        def observed() -> int:
            table.look(0.1)
            return table.norms[KEY].observations if KEY in table.norms else 0

        first = StageWorker("norms", settings, tmp_path / "one")
        closing.callback(first.kill)
        dwell(1)
        dwell(1)
        dwell(2)
        eventually(lambda: observed() == 2)
        first.kill()
        second = StageWorker("norms", settings, tmp_path / "two")
        closing.callback(second.kill)
        dwell(3)
        eventually(lambda: observed() == 3)
        for name in ("bootstrap", "registry_url", "data_dir"):
            monkeypatch.setenv(f"SHIPSYNC_{name.upper()}", str(settings.value(name)))
        done = CliRunner().invoke(app, ["norms", "--json", "--carrier", "north"])
    assert done.exit_code == 0, done.output
    assert [(one["lane"], one["observations"]) for one in json.loads(done.output)] == [("*", 3), ("US>DE", 3)]
