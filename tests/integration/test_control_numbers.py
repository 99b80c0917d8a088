"""An interchange sent again is known again by a worker that never saw the first, on a broker of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from config import topics
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import CarrierEvent
from streams.kernel.vocabulary import Flag
from tests.support.brokers import BROKERS, on_broker
from tests.support.intake_records import EDI
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.stack import catalogue

RAW = topics.raw("rlca").name
FIRST, OTHER = (EDI.format(pro=pro).encode() for pro in ("I993001", "I993002"))
NEXT = FIRST.replace(b"000000031", b"000000032").replace(b"I993001", b"I993003")


@pytest.mark.parametrize("broker", BROKERS)
def test_control_numbers_outlive_the_worker_that_saw_them(broker: Callable[[], ExitStack], tmp_path: Path) -> None:
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path))
        TopicAdmin(settings).create(catalogue())
        events = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, Registry(settings))

        def told() -> dict[str, bool]:
            records = read_all(settings.kafka.bootstrap, topics.CARRIER_EVENTS.name)
            read = [events.decode(record.value()) for record in records]
            return {one.tracking_number: Flag.CONTROL_NUMBER_REPEATED.value in one.flags for one in read}

        first = StageWorker("intake", settings, tmp_path / "one")
        closing.callback(first.kill)
        fill(settings.kafka.bootstrap, RAW, [(None, FIRST)])
        eventually(lambda: told() == {"I993001": False})
        first.kill()
        second = StageWorker("intake", settings, tmp_path / "two")
        closing.callback(second.kill)
        fill(settings.kafka.bootstrap, RAW, [(None, OTHER), (None, NEXT)])
        eventually(lambda: told() == {"I993001": False, "I993002": True, "I993003": False})
