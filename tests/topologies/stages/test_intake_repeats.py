"""Interchanges that come again: their events go out, flagged and counted, whichever worker saw the first."""

from __future__ import annotations

import pytest

from config import headers, topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import ControlRun, EdiReceipt
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import Flag
from tests.support.carrier_cases import case
from tests.support.intake_records import CARRIERS, EDI, EVENTS, NOW, REGISTRY, UNRESOLVED, raw, values
from tests.support.records import FakeRecord
from topologies.runtime.handler import Handled
from topologies.stages.intake import IntakeHandler

RECEIPTS = ValueCodec(topics.EDI_RECEIPTS, EdiReceipt, REGISTRY)
REPEATED = Flag.CONTROL_NUMBER_REPEATED.value
STATUS = EDI.format(pro="I993001").encode()
EDIFACT = case("edifact_partner/cases/consignments.in.edi")


def worker() -> IntakeHandler:
    return IntakeHandler(Settings(), REGISTRY, CARRIERS)


def delivered(body: bytes, offset: int, name: str = "", feed: str = "rlca") -> list[FakeRecord]:
    attached = [(headers.CORRELATION_ID, name.encode())] if name else []
    return raw(body, feed=feed, first=offset, headers=attached)


def flags(out: Handled) -> list[bool]:
    return [REPEATED in event.flags for codec in (EVENTS, UNRESOLVED) for event in values(out, codec)]


def test_an_interchange_sent_again_is_flagged_on_its_events_and_counted_and_goes_on() -> None:
    handler = worker()
    first, again = (handler.handle(delivered(STATUS, offset), None, NOW) for offset in (4, 5))
    assert (flags(first), flags(again)) == ([False], [True])
    assert (first.flags, again.flags) == ({}, {("rlca", REPEATED): 1})
    [told] = values(first, RECEIPTS)
    assert (told.feed, told.sender, told.interchange_control, told.group_control, told.sets, told.offset) == (
        "rlca", "RLCA", "000000031", "31", [ControlRun("1", "1")], 4,
    )
    assert values(again, RECEIPTS) == []
    answers = [out.outputs[topics.EDI_ACKNOWLEDGEMENTS.name] for out in (first, again)]
    assert len(answers[0]) == len(answers[1]) == 1


def test_edifact_references_are_known_again_too() -> None:
    handler = worker()
    first, again = (handler.handle(delivered(EDIFACT, place, feed="edifact_partner"), None, NOW) for place in (4, 5))
    assert set(flags(first)) == {False}
    assert set(flags(again)) == {True}
    assert values(again, RECEIPTS) == []


def test_the_same_chunk_read_again_gives_the_same_bytes_by_whichever_worker() -> None:
    chunk = [*delivered(STATUS, 4), *delivered(STATUS, 5)]
    one, other = worker(), worker()
    first = one.handle(chunk, None, NOW)
    for told in values(first, RECEIPTS):
        other.control_numbers.learn(told)
    assert flags(first) == [False, True]
    assert other.handle(chunk, None, NOW).outputs == first.outputs
    again = one.handle(chunk, None, NOW)
    assert (values(again, EVENTS), values(again, RECEIPTS)) == (values(first, EVENTS), values(first, RECEIPTS))


def test_a_record_put_again_on_its_topic_is_the_same_delivery() -> None:
    handler = worker()
    first, replayed, other = (
        handler.handle(delivered(STATUS, offset, name), None, NOW)
        for offset, name in ((4, "drop-7"), (9, "drop-7"), (10, "drop-8"))
    )
    assert (flags(first), flags(replayed), flags(other)) == ([False], [False], [True])


def test_a_worker_goes_by_what_others_told() -> None:
    one, other = worker(), worker()
    for told in values(one.handle(delivered(STATUS, 4), None, NOW), RECEIPTS):
        other.control_numbers.learn(told)
    assert flags(other.handle(delivered(STATUS, 5), None, NOW)) == [True]


def test_no_chunk_is_handled_before_the_receipts_of_others_are_read() -> None:
    handler = worker()
    handler.control_numbers.ready = False
    with pytest.raises(Transient, match="control numbers"):
        handler.handle(delivered(STATUS, 4), None, NOW)
