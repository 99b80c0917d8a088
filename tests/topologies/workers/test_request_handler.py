"""From a request's record to its attempt on Kafka, or to a dead letter."""

from __future__ import annotations

import asyncio
import resource
from typing import cast

import pytest

from config import headers, topics
from connectors.kafka.log_writer import NotWritten, Place
from connectors.kafka.producer import Record
from connectors.kafka.registry import ValueCodec
from connectors.outbound.sender import Sender
from streams.contracts.model import DeadLetter
from streams.contracts.outbound import OutboundAttempt, OutboundRequest
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import AttemptResult
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from topologies.runtime.outbound.outbound_sender import RequestHandler, connections
from topologies.workers.notification_sender import KIND

REQUESTS = topics.NOTIFICATION_REQUESTS.name
ASKED = OutboundRequest("msg_1", "webhook:ep", "C-7", "lane", "shipment.delivered", "{}", 1, 1, 1)
MADE = OutboundAttempt("msg_1", "webhook:ep", "C-7", "lane", 1, AttemptResult.ACCEPTED, "", 1, 2, 200)


class Writer:
    """Kafka, as long as it is there."""

    def __init__(self, *faults: NotWritten) -> None:
        self.faults, self.written = list(faults), list[Record]()

    async def write(self, record: Record) -> Place:
        if self.faults:
            raise self.faults.pop(0)
        self.written.append(record)
        return Place(record.topic, 0, 0)

    async def topics(self) -> frozenset[str]:
        return frozenset()

    def close(self) -> None:
        """Nothing is open."""


class OneAttempt:
    """Makes the attempt, and counts."""

    def __init__(self) -> None:
        self.made = 0

    async def attempt(self, request: OutboundRequest) -> OutboundAttempt:
        assert request == ASKED
        self.made += 1
        return MADE


def handled(value: bytes | None, writer: Writer, sender: OneAttempt) -> None:
    handler = RequestHandler(KIND, cast(Sender, sender), writer, fake_registry(), 1_000_000, rest_seconds=0)
    asyncio.run(handler.handle(FakeRecord(REQUESTS, 2, 7, key=b"C-7", value=value)))


def encoded() -> bytes:
    return ValueCodec(topics.NOTIFICATION_REQUESTS, OutboundRequest, fake_registry()).encode(ASKED)


def test_an_attempt_is_made_once_and_written_until_kafka_has_it() -> None:
    writer, sender = Writer(NotWritten("no broker"), NotWritten("no broker")), OneAttempt()
    handled(encoded(), writer, sender)
    assert sender.made == 1
    [record] = writer.written
    assert (record.topic, record.key) == (topics.NOTIFICATION_ATTEMPTS.name, b"C-7")
    codec = ValueCodec(topics.NOTIFICATION_ATTEMPTS, OutboundAttempt, fake_registry())
    assert codec.decode(record.value) == MADE


@pytest.mark.parametrize("value", [None, b"", b"no request", encoded()[:-1], encoded() + b"x"])
def test_what_is_no_request_becomes_a_dead_letter_as_it_came(value: bytes | None) -> None:
    writer, sender = Writer(), OneAttempt()
    handled(value, writer, sender)
    assert sender.made == 0
    letter, card = writer.written
    assert (letter.topic, letter.key, letter.value) == (topics.DLQ_NOTIFICATIONS.name, b"C-7", value)
    told = dict(letter.headers)
    assert (told[headers.ERROR_TOPIC], told[headers.ERROR_OFFSET]) == (REQUESTS.encode(), b"7")
    assert told[headers.ERROR_CONNECTOR] == b"shipsync-notification-sender"
    shown = ValueCodec(topics.DEAD_LETTERS, DeadLetter, fake_registry()).decode(card.value)
    assert (shown.step, shown.origin_topic, shown.origin_offset) == ("notifications", REQUESTS, 7)


def test_a_record_that_kafka_never_takes_ends_the_process() -> None:
    with pytest.raises(Fatal, match="does not take a record"):
        handled(encoded(), Writer(NotWritten("too large", too_large=True)), OneAttempt())


def test_no_more_requests_are_under_way_than_files_may_be_open() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert connections(10) == 10
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 10
        assert 1 <= connections(10**9) <= 10**9
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_request_that_comes_again_is_answered_again_and_made_once() -> None:
    writer, sender = Writer(), OneAttempt()
    handler = RequestHandler(KIND, cast(Sender, sender), writer, fake_registry(), 1_000_000, rest_seconds=0)

    async def three_times() -> None:
        record = FakeRecord(REQUESTS, 2, 7, key=b"C-7", value=encoded())
        await asyncio.gather(handler.handle(record), handler.handle(record))
        await handler.handle(record)

    asyncio.run(three_times())
    assert sender.made == 1
    assert len(writer.written) == 3
    assert len({one.value for one in writer.written}) == 1
