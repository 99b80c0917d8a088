"""The planned messages through the real carriers' adapters: each comes out as the plan expects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from config import headers, topics
from config.settings import SETTINGS
from connectors.carriers import discover
from streams.contracts.ids import shipment_key
from streams.intake.step import IntakeResult, step
from streams.kernel.vocabulary import Milestone
from topologies.demo.partners import CARRIERS, PARTNER
from topologies.demo.planned import Plan, Planned
from topologies.demo.stories import tell
from topologies.stages.intake import HEADER_NAMES

NOW_MS = 1_790_000_000_000
MAX_BYTES = SETTINGS["max_record_bytes"].info.default


@dataclass(frozen=True, slots=True)
class Sent:
    """A planned message as Kafka would hand it over."""

    message: Planned
    offset: int
    partition: int = 0
    timestamp: int = NOW_MS
    key: bytes | None = None

    @property
    def topic(self) -> str:
        return topics.raw(self.message.feed).name

    @property
    def value(self) -> bytes:
        return self.message.body

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        return [
            (headers.FEED, self.message.feed.encode()),
            (headers.CONTENT_TYPE, self.message.content_type.encode()),
            (headers.RECEIVED_AT, str(NOW_MS).encode()),
            (headers.CORRELATION_ID, self.message.correlation_id.encode()),
            (headers.CHANNEL, self.message.channel.encode()),
        ]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return tell(7, NOW_MS, on_own_stack=True)


@pytest.fixture(scope="module")
def taken(plan: Plan) -> list[tuple[Planned, IntakeResult]]:
    adapters = {carrier.feed: carrier.adapter for carrier in discover(own=CARRIERS)}
    return [
        (message, step([Sent(message, number)], adapters, NOW_MS, MAX_BYTES, HEADER_NAMES))
        for number, message in enumerate(plan.raw)
    ]


def test_every_message_gives_the_events_or_the_dead_letter_it_should(
    taken: list[tuple[Planned, IntakeResult]],
) -> None:
    wrong = []
    for message, result in taken:
        reasons = {reject.reason for _, reject in result.refused}
        due = {message.expected.dead_letter} - {None}
        by_reference = "bill of lading" in message.what
        found = result.outputs.unresolved if by_reference else result.outputs.events
        other = result.outputs.events if by_reference else result.outputs.unresolved
        acknowledged = len(result.outputs.acknowledgements) > 0 and message.feed == PARTNER
        got = len(found), reasons, acknowledged
        if got != (message.expected.events, due, message.expected.acknowledges) or other:
            details = [reject.detail for _, reject in result.refused]
            wrong.append(f"{message.what}: {len(found)} events, {details}; due {message.expected}")
    assert not wrong, f"{len(wrong)}: " + "\n".join(list(dict.fromkeys(wrong))[:20])


def test_every_event_is_about_a_shipment_of_the_story(
    plan: Plan, taken: list[tuple[Planned, IntakeResult]]
) -> None:
    ours = plan.shipments
    about = {shipment_key(e.carrier, e.tracking_number) for _, result in taken for e in result.outputs.events}
    assert ours <= about
    assert len(about - ours) <= 1, "the scan in 2099 has a number of its own"


def test_no_event_but_the_one_in_2099_lies_in_the_future(taken: list[tuple[Planned, IntakeResult]]) -> None:
    flagged = {
        message.what for message, result in taken for e in result.outputs.events if "timestamp_future" in e.flags
    }
    assert flagged == {"a scan in 2099"}


def test_what_easypost_repeats_of_ups_is_the_same_event(taken: list[tuple[Planned, IntakeResult]]) -> None:
    by_feed: dict[str, set[str]] = {"ups": set(), "easypost": set()}
    for message, result in taken:
        if message.feed in by_feed and message.content_type == "application/json":
            by_feed[message.feed] |= {
                event.event_id for event in result.outputs.events
                if event.carrier == "ups" and event.milestone is not Milestone.UNKNOWN
            }
    assert by_feed["easypost"]
    assert by_feed["easypost"] <= by_feed["ups"]


def test_each_distinct_scan_is_one_event(plan: Plan, taken: list[tuple[Planned, IntakeResult]]) -> None:
    ids: dict[str, set[str]] = {}
    for _, result in taken:
        for event in result.outputs.events:
            ids.setdefault(shipment_key(event.carrier, event.tracking_number), set()).add(event.event_id)
    scans = {shipment_key(way.carrier, way.number): len(way.scans) for way in plan.journeys}
    wrong = {key: (len(ids[key]), due) for key, due in scans.items() if len(ids[key]) != due}
    assert not wrong, f"{len(wrong)} of {len(scans)}: {list(wrong.items())[:5]}"


def test_an_unknown_code_is_unknown_and_keeps_the_carriers_words(
    taken: list[tuple[Planned, IntakeResult]],
) -> None:
    unknown = Counter(
        message.feed for message, result in taken for e in result.outputs.events if e.milestone is Milestone.UNKNOWN
    )
    assert set(unknown) == {"ups", "fedex", "dhl", "rlca", "easypost"}
