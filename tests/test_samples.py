"""Real payloads of our carriers, where they lie on this machine: each becomes the events, or is refused for the
reason, that a person reading it expects (tests/samples/).
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from streams.contracts.ids import event_id
from streams.contracts.model import CarrierEvent, OrderReference, Source
from streams.intake.step import IntakeResult
from streams.kernel.vocabulary import Precision
from streams.shipments.step import Received, step
from tests.samples import EXPECTED, FEED_OF, FLAGGED, FOLDER, UNRESOLVED, events_of, reasons_of, spelled_out, taken_in

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="SHIPSYNC_SAMPLES names no folder of real payloads")


@pytest.fixture(scope="module")
def taken() -> dict[str, IntakeResult]:
    return {name: one for name, one in taken_in(FOLDER).items() if one is not None}


def test_every_source_is_read_by_a_feed() -> None:
    assert [name for name, one in taken_in(FOLDER).items() if one is None] == []
    assert {name for name in FEED_OF if "/" not in name} == {path.name for path in FOLDER.iterdir() if path.is_dir()}


def test_every_file_has_an_expected_outcome(taken: dict[str, IntakeResult]) -> None:
    assert set(taken) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_payload_becomes_what_one_reads_in_it(name: str, taken: dict[str, IntakeResult]) -> None:
    milestones = [event.milestone.value for event in events_of(taken[name])]
    assert (milestones, reasons_of(taken[name])) == (spelled_out(EXPECTED[name][0]), EXPECTED[name][1].split())


@pytest.mark.parametrize("name", EXPECTED)
def test_a_refusal_says_why(name: str, taken: dict[str, IntakeResult]) -> None:
    said = [reject.detail for _, reject in taken[name].refused] + [
        error.detail for _, error in taken[name].outputs.carrier_errors
    ]
    assert all(len(detail) > 10 for detail in said)


def test_scans_without_the_carriers_number_are_unresolved(taken: dict[str, IntakeResult]) -> None:
    found = {name: len(result.outputs.unresolved) for name, result in taken.items() if result.outputs.unresolved}
    assert found == UNRESOLVED


def test_nothing_but_faulty_envelopes_is_flagged(taken: dict[str, IntakeResult]) -> None:
    flags = {
        name: {flag for event in events_of(result) for flag in event.flags} for name, result in taken.items()
    }
    assert {name: found for name, found in flags.items() if found} == FLAGGED


MINUTE, HOUR = 60_000, 3_600_000
AGGREGATOR = Source("west.all", "webhook", "raw.west.all.v1", 0, 0, 0, "c")
EDI = Source("west.edi", "edi", "raw.west.edi.v1", 0, 0, 0, "c")


def told_again(event: CarrierEvent, source: Source, at: int, **changes: Any) -> CarrierEvent:
    """The event in another source's words, without a place, received later."""
    again = replace(
        event, source=source, occurred_at=at, location=None, carrier_code="X", carrier_text="other words",
        received_at=event.received_at + MINUTE, **changes,
    )
    return replace(again, event_id=event_id(
        event.carrier, event.tracking_number, event.milestone, "X", at, None, event.piece
    ))


def by_an_aggregator(event: CarrierEvent) -> CarrierEvent:
    return told_again(event, AGGREGATOR, (event.occurred_at + MINUTE // 2) // MINUTE * MINUTE)


def by_edi(event: CarrierEvent) -> CarrierEvent:
    """Cut to the minute, in local time of a zone that is assumed and is not the place's."""
    at = event.occurred_at // MINUTE * MINUTE + (event.utc_offset_minutes or 0) * MINUTE + 5 * HOUR
    precision = event.precision if event.precision is Precision.DATE_ONLY else Precision.LOCAL_NO_ZONE
    return told_again(event, EDI, at, precision=precision, zone_assumed=True)


def updates(events: list[CarrierEvent]) -> list[str]:
    """The ids of what one customer hears of them all."""
    orders = [
        OrderReference(carrier, number, "O", "D", "C", None, 1)
        for carrier, number in sorted({(event.carrier, event.tracking_number) for event in events})
    ]
    out = step([*orders, *(Received(event, b"") for event in events)], {})
    return sorted(update.update_id for update in out.outputs.customer_updates)


def test_what_an_aggregator_and_edi_tell_again_is_told_to_no_customer_twice(taken: dict[str, IntakeResult]) -> None:
    heard = 0
    for name, result in taken.items():
        once = updates(result.outputs.events)
        again = [by_an_aggregator(event) for event in result.outputs.events]
        edi = [by_edi(event) for event in result.outputs.events]
        assert updates([*result.outputs.events, *again, *edi]) == once, name
        assert updates([*edi, *again, *result.outputs.events]) == once, name
        heard += len(once)
    assert heard > 200
