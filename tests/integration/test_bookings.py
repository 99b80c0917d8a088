"""The bookings stage and its sender on a broker: the first carrier declines by REST, the second gets a 204 and answers
by a 990, after the worker that asked it was killed; its number reaches orders, and notices for the ERP."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from config import topics
from connectors.embedded.broker import free_port
from connectors.embedded.with_parent import ends_with_parent
from connectors.formats import x12
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import (
    BookingAnswer,
    DeliveryRelease,
    ErpNotice,
    Interchange,
    OrderReference,
    WmsConfirmation,
)
from streams.kernel.booking_vocabulary import AnswerKind, BookingPhase, BookingStatus
from tests.support.booking_world import DELIVERY, packed, released
from tests.support.brokers import BROKERS, on_broker
from tests.support.stage_worker import STAGE_COMMAND, StageWorker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.environment import environment
from topologies.local_stack.stack import catalogue
from topologies.operations.booking_board import deliveries

RULES = """
warehouses: {"*": {name: North Traders, street: Kaistrasse 1, postal_code: "20457", city: Hamburg, country: DE}}
carriers:
  north:
    channel: {kind: rest, address: "http://127.0.0.1:%d/v1/shipments"}
    services: {parcel: {costs: [{price: 9}], currency: EUR}}
  south:
    scac: SOUT
    channel: {kind: x12, feed: south_edi, sender: "ZZ:NORTHTRADERS", receiver: "02:SOUT"}
    services: {ltl: {costs: [{price: 80}], currency: EUR}}
"""


class Full(BaseHTTPRequestHandler):
    """A carrier that has no truck left."""

    asked: list[dict[str, object]]

    def do_POST(self) -> None:
        self.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        told = json.dumps({"messages": [{"message": "no truck"}]}).encode()
        self.send_response(422)
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def full_carrier() -> Iterator[tuple[int, list[dict[str, object]]]]:
    """Its port, and the bookings it was asked for."""
    asked: list[dict[str, object]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Asked", (Full,), {"asked": asked}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("broker", BROKERS[:1])
def test_a_delivery_is_offered_to_one_carrier_after_the_other_until_one_takes_it(
    broker: Callable[[], ExitStack], tmp_path: Path
) -> None:
    with ExitStack() as closing:
        port, asked = closing.enter_context(full_carrier())
        rules = tmp_path / "bookings.yaml"
        rules.write_text(RULES % port, "utf-8")
        settings = closing.enter_context(
            on_broker(broker, tmp_path, feed_sweep_interval=0.5, bookings_file=rules, drop_dir=tmp_path / "drop")
        )
        bootstrap = settings.kafka.bootstrap
        TopicAdmin(settings).create(catalogue())
        registry = Registry(settings)
        log = closing.enter_context((tmp_path / "sender.log").open("ab"))
        sender = subprocess.Popen(
            [*STAGE_COMMAND, "send", "bookings"], stdout=log, stderr=log,
            env={**os.environ, **environment(settings), "SHIPSYNC_METRICS_PORT": str(free_port())},
            preexec_fn=ends_with_parent(),  # noqa: PLW1509 (two system calls, no lock of ours)
        )
        closing.callback(sender.kill)
        first = StageWorker("bookings", settings, tmp_path / "one")
        closing.callback(first.kill)
        key, now = DELIVERY.encode(), time.time_ns() // 1_000_000
        codec = ValueCodec(topics.DELIVERY_RELEASES, DeliveryRelease, registry)
        fill(bootstrap, topics.DELIVERY_RELEASES.name, [(key, codec.encode(released(now)))])
        packings = ValueCodec(topics.WMS_CONFIRMATIONS, WmsConfirmation, registry)
        fill(bootstrap, topics.WMS_CONFIRMATIONS.name, [(key, packings.encode(packed(at=now)))])
        outbox = tmp_path / "drop" / "south_edi" / "outbox"
        eventually(lambda: outbox.exists() and len(list(outbox.glob("*.x12"))) == 1)
        [tender] = outbox.glob("*.x12")
        [one], _ = x12.read(tender.read_bytes())
        assert (one.code, one.segments[0][4], one.faults) == ("204", "80001-2", [])
        assert [body["reference"] for body in asked] == ["80001-1"]
        interchanges = ValueCodec(topics.EDI_INTERCHANGES, Interchange, registry)
        [sent] = {record.value() for record in read_all(bootstrap, topics.EDI_INTERCHANGES.name)}
        assert interchanges.decode(sent).about == "80001-2"

        first.kill()
        second = StageWorker("bookings", settings, tmp_path / "two")
        closing.callback(second.kill)
        answers = ValueCodec(topics.BOOKING_ANSWERS, BookingAnswer, registry)
        answer = BookingAnswer("80001-2", DELIVERY, AnswerKind.ACCEPTED, "sout", now, tracking_number="PRO77")
        fill(bootstrap, topics.BOOKING_ANSWERS.name, [(key, answers.encode(answer))] * 2)

        def state() -> BookingPhase | None:
            known = deliveries(settings, whole=True)
            return known[0].phase if known else None

        eventually(lambda: state() is BookingPhase.BOOKED)
        [known] = deliveries(settings, whole=True)
        assert [(one.carrier, one.status) for one in known.bookings] == [
            ("north", BookingStatus.DECLINED), ("south", BookingStatus.BOOKED),
        ]
        assert known.bookings[0].detail == "422: no truck"
        references = ValueCodec(topics.ORDER_REFERENCES, OrderReference, registry)

        def claimed() -> set[tuple[str, str, str, bool]]:
            found = (references.decode(record.value()) for record in read_all(bootstrap, topics.ORDER_REFERENCES.name))
            return {(one.carrier, one.tracking_number, one.delivery_id, one.withdrawn) for one in found}

        eventually(lambda: claimed() == {("south", "PRO77", DELIVERY, False)})
        notices = ValueCodec(topics.ERP_NOTICES, ErpNotice, registry)

        def noticed() -> set[tuple[str, str]]:
            found = (notices.decode(record.value()) for record in read_all(bootstrap, topics.ERP_NOTICES.name))
            return {(one.kind.value, one.tracking_number) for one in found}

        eventually(lambda: noticed() == {("ready_to_ship", ""), ("booked", "PRO77")})
        assert sender.poll() is None
