"""A stage's process says truly whether it is alive and ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.embedded.broker import EmbeddedBroker
from connectors.kafka.topic_admin import TopicAdmin
from tests.support.brokers import registry, settings_for
from tests.support.stage_worker import StageWorker
from tests.support.waiting import eventually
from topologies.local_stack.stack import catalogue

pytestmark = pytest.mark.broker


def test_it_is_ready_once_it_works_and_not_without_its_broker(tmp_path: Path) -> None:
    with EmbeddedBroker() as broker, registry() as url:
        settings = settings_for(broker.bootstrap, url, tmp_path)
        TopicAdmin(settings).create(catalogue(settings.intake))
        worker = StageWorker("orders", settings, tmp_path / "orders")
        try:
            eventually(lambda: worker.says("readyz") == (200, {}))
            assert worker.partitions() == settings.kafka.partitions * 2
            assert worker.says("livez") == (200, {})
            assert worker.says("anything")[0] == 404
            broker.stop()
            eventually(lambda: "broker" in worker.says("readyz")[1])
            assert worker.says("livez") == (200, {})
        finally:
            worker.kill()
