"""The intake step: every record is accounted for, whatever is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from streams.contracts.model import CarrierEvent, MinuteCount, Reference, Source
from streams.intake.adapter import Parsed, RawContext
from streams.intake.step import HeaderNames, IntakeOutputs, IntakeResult, step
from streams.kernel.errors import Reject
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import (
    Classifier,
    Correction,
    ExceptionType,
    Flag,
    Milestone,
    Precision,
    Reason,
    RejectReason,
)

NOW = 1_790_000_000_000
MOST_BYTES = 1000


@dataclass(frozen=True, slots=True)
class Raw:
    value: bytes | None
    offset: int = 0
    topic: str = "raw.acme.v1"
    partition: int = 3
    timestamp: int = NOW - 5
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


class Acme:
    """Reads ``number,minute;...``; ``!x`` is refused as x, ``?`` blows up, nothing yields nothing."""

    feed = "acme"

    def __init__(self) -> None:
        self.seen: list[RawContext] = []

    def parse(self, body: bytes, context: RawContext) -> Parsed:
        self.seen.append(context)
        text = body.decode()
        if text == "?":
            raise ZeroDivisionError("no such thing")
        if text.startswith("!!"):
            raise Reject(RejectReason.MALFORMED, text)
        parsed = Parsed()
        for index, part in enumerate(filter(None, text.strip().split(";"))):
            if part.startswith("!"):
                parsed.rejects.append(Reject(RejectReason.CARRIER_ERROR, part))
            else:
                number, minute = part.split(",")
                parsed.events.append(event(number, int(minute) * 60_000, context, index))
        return parsed

    def shape(self, body: bytes) -> set[str]:
        if body.startswith(b"!!"):
            raise Reject(RejectReason.MALFORMED, "!!")
        return {f"{body.decode('latin-1')}: text"}


def event(number: str, at: int, context: RawContext, index: int) -> CarrierEvent:
    references = [Reference("bol", number[1:])] if number.startswith("~") else []
    source = Source(
        context.feed, context.channel, context.topic, context.partition, context.offset, index,
        context.correlation_id,
    )
    return CarrierEvent(
        f"id-{number}", "acme", "" if number[:1] in "~-" else number, Milestone.UNKNOWN, Classifier.ACTUAL, at,
        context.received_at, ExceptionType.NONE, Reason.NORMAL, "", "", None, None, None, None, None, False,
        Precision.INSTANT, Correction.NEW, None, references,
        [Flag.CODE_UNMAPPED.value] if "u" in number else [], source,
    )


def take(*records: Raw, adapter: Acme | None = None) -> IntakeResult:
    return step(records, {"acme": adapter or Acme()}, NOW, MOST_BYTES)


def test_events_come_out_in_order_and_lead_back_to_their_record() -> None:
    result = take(Raw(b"1,1;2,2", 8), Raw(b"3,3", 9))
    assert [(e.tracking_number, e.source.offset, e.source.index) for e in result.outputs.events] == [
        ("1", 8, 0), ("2", 8, 1), ("3", 9, 0),
    ]


def test_an_event_known_by_another_reference_alone_is_unresolved_under_it() -> None:
    result = take(Raw(b"~B77,1"))
    assert [key for key, _ in result.outputs.unresolved] == ["bol:B77"]
    assert result.outputs.events == []


def test_an_event_that_names_nothing_is_refused() -> None:
    result = take(Raw(b"-,1;1,1"))
    assert [reject.reason for _, reject in result.refused] == [RejectReason.NO_REFERENCE]
    assert len(result.outputs.events) == 1


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (Raw(None), RejectReason.EMPTY),
        (Raw(b""), RejectReason.EMPTY),
        (Raw(b"x" * (MOST_BYTES + 1)), RejectReason.TOO_LARGE),
        (Raw(b"1,1", topic="raw.nobody.v1"), RejectReason.UNKNOWN_FEED),
        (Raw(b"1,1", headers=[("feed", b"\xff\xfe")]), RejectReason.UNKNOWN_FEED),
        (Raw(b"!!no"), RejectReason.MALFORMED),
        (Raw(b" "), RejectReason.UNEXPECTED_SHAPE),
        (Raw(b"?"), RejectReason.INTERNAL),
    ],
)
def test_a_bad_record_is_refused_and_its_neighbours_go_on(record: Raw, reason: RejectReason) -> None:
    result = take(Raw(b"1,1"), record, Raw(b"2,2"))
    assert [(place, reject.reason) for place, reject in result.refused] == [(1, reason)]
    assert [e.tracking_number for e in result.outputs.events] == ["1", "2"]


def test_an_adapters_own_fault_is_told_with_its_text() -> None:
    assert take(Raw(b"?")).refused[0][1].detail == "ZeroDivisionError: no such thing"


def test_a_partly_good_record_gives_events_and_a_refusal() -> None:
    result = take(Raw(b"1,1;!not found"))
    assert (len(result.outputs.events), len(result.refused)) == (1, 1)


def test_what_the_headers_tell_is_believed() -> None:
    adapter = Acme()
    headers = [
        ("feed", b"acme"), ("channel", b"webhook"), ("received-at", b"1789999999999"), ("correlation-id", b"c-1"),
    ]
    take(Raw(b"1,1", 5, topic="somewhere.else", headers=headers), adapter=adapter)
    assert adapter.seen == [RawContext("acme", "webhook", "somewhere.else", 3, 5, 1_789_999_999_999, "c-1")]


@pytest.mark.parametrize("stamp", [b"soon", b"", b"-5", b"9" * 40, "١٢".encode()])
def test_a_time_of_receipt_that_is_none_gives_way_to_the_brokers(stamp: bytes) -> None:
    adapter = Acme()
    take(Raw(b"1,1", headers=[("received-at", stamp)]), adapter=adapter)
    assert adapter.seen[0].received_at == NOW - 5


def test_without_any_time_of_receipt_it_is_now() -> None:
    adapter = Acme()
    take(Raw(b"1,1", timestamp=-1), adapter=adapter)
    assert adapter.seen[0].received_at == NOW


def test_without_a_correlation_id_the_records_place_gives_one() -> None:
    first, second = Acme(), Acme()
    take(Raw(b"1,1", 5), adapter=first)
    take(Raw(b"1,1", 5), Raw(b"1,1", 6), adapter=second)
    assert first.seen[0].correlation_id == second.seen[0].correlation_id != second.seen[1].correlation_id


def test_header_names_can_be_others() -> None:
    adapter = Acme()
    names = HeaderNames(feed="f", channel="c", received_at="r", correlation_id="i")
    step([Raw(b"1,1", headers=[("f", b"acme"), ("c", b"edi")])], {"acme": adapter}, NOW, MOST_BYTES, names)
    assert adapter.seen[0].channel == "edi"


def test_activity_counts_the_feed_minute_by_minute() -> None:
    result = take(Raw(b"1,10;2u,10;3,12"), Raw(b"!x"), Raw(b"", 2), Raw(b"1,1", topic="raw.nobody.v1"))
    (activity,) = result.outputs.activity
    assert (activity.feed, activity.events, activity.dead_letters, activity.unmapped) == ("acme", 3, 2, 1)
    assert (activity.first_event_at, activity.last_event_at) == (600_000, 720_000)
    assert (activity.minutes, activity.received_at) == ([MinuteCount(10, 2), MinuteCount(12, 1)], NOW - 5)


def test_activity_without_events_still_tells_that_the_feed_spoke() -> None:
    (activity,) = take(Raw(b"!x")).outputs.activity
    assert (activity.events, activity.first_event_at, activity.minutes) == (0, None, [])


def test_counts_add_up() -> None:
    assert take(Raw(b"1,1;~2,2;3u,3"), Raw(b"")).counts == {
        "records": 2, "events": 2, "unresolved": 1, "refused": 1, "carrier_errors": 0, "acknowledgements": 0,
            "unmapped": 1, "future": 0,
    }


def test_an_empty_chunk_gives_nothing() -> None:
    assert take() == StepResult(IntakeOutputs(), refused=[], counts=dict.fromkeys(
        ("records", "events", "unresolved", "refused", "carrier_errors", "acknowledgements", "unmapped", "future"), 0
    ))
