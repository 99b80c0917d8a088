"""The whole stack with a carrier to poll: from the ERP's order to the shipment's truth, without a push."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from pydantic import SecretStr

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import Order, OrderLine, ShipmentState
from streams.kernel.vocabulary import Status
from tests.fakes.carrier_api import CarrierApi, Reply, served
from tests.support.topics import read_all
from tests.support.waiting import PATIENCE, eventually
from topologies.local_stack import stack_file
from topologies.local_stack.stack import Stack, on_free_ports

NUMBER = "1Z999AA10123456784"
pytestmark = pytest.mark.broker


def delivered(number: str) -> bytes:
    scan = {
        "location": {"address": {"city": "Portland", "stateProvince": "OR", "countryCode": "US"}},
        "status": {"type": "D", "code": "FS", "description": "DELIVERED"}, "date": "20260914", "time": "101500",
        "gmtDate": "20260914", "gmtTime": "17:15:00", "gmtOffset": "-07:00",
    }
    package = {"trackingNumber": number, "activity": [scan]}
    return json.dumps({"trackResponse": {"shipment": [{"inquiryNumber": number, "package": [package]}]}}).encode()


@pytest.fixture
def api() -> Iterator[CarrierApi]:
    with served() as started:
        started.says(NUMBER, Reply(delivered(NUMBER)))
        yield started


def test_an_order_is_enough_to_learn_of_its_delivery(api: CarrierApi, tmp_path: Path) -> None:
    ours = {"ups": {"client_id": "we", "client_secret": "hush", "base_url": api.base_url}}
    settings = Settings(
        data_dir=tmp_path, partitions=2, feeds=("ups",), poll_credentials=SecretStr(json.dumps(ours))
    )
    with Stack(on_free_ports(settings)) as stack:
        noted = stack_file.running(tmp_path)
        assert noted is not None
        assert "poll" in [one.name for one in noted.processes]
        assert "hush" not in (tmp_path / stack_file.NAME).read_text()
        registry = Registry(stack.settings)
        now = time.time_ns() // 1_000_000
        order = Order("SO-1", "C-7", "open", None, None, None, now, [OrderLine("80001", "UPS", NUMBER)])
        producer = Producer(stack.settings.kafka.librdkafka())
        producer.produce(topics.ERP_ORDERS.name, ValueCodec(topics.ERP_ORDERS, Order, registry).encode(order), "SO-1")
        assert producer.flush(PATIENCE) == 0
        states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, registry)

        def truth() -> bool:
            stack.look()
            found = [states.decode(one.value()) for one in read_all(
                stack.settings.kafka.bootstrap, topics.SHIPMENT_STATE.name
            )]
            return any(one.status is Status.DELIVERED and one.orders for one in found)

        eventually(truth)
    assert api.numbers() == [NUMBER]
    logged = (tmp_path / "logs" / "poll.log").read_text()
    assert "hush" not in logged
