"""Traps of a mapping, and the summary of what it made of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from streams.contracts.model import Reference
from streams.kernel.carrier_errors import CarrierError, ErrorKind
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Flag, Milestone, RejectReason
from tests.support.mapped_event import PLAIN
from topologies.operations.dry_run import Tried
from topologies.operations.mapping_summary import summary_of
from topologies.operations.mapping_traps import traps_in


def traps(*events: dict[str, Any], zone: str = "UTC") -> list[tuple[str, int]]:
    made = [("a.json", replace(PLAIN, **changes)) for changes in events]
    return [(one.kind, one.times) for one in traps_in(made, zone)]


def test_a_plain_event_is_no_trap() -> None:
    assert traps({}, {"carrier_code": "10", "milestone": Milestone.IN_TRANSIT, "carrier_text": "In transit"}) == []


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"carrier_code": "Left the hub", "milestone": Milestone.IN_TRANSIT}, "words_as_code"),
        ({"carrier_code": "Delivered"}, "words_as_code"),
        ({"zone_assumed": True, "utc_offset_minutes": 0}, "no_zone"),
        ({"carrier_code": ""}, "delivered_by_words"),
        ({"carrier_text": "Returned to sender"}, "delivered_against_words"),
        ({"flags": [Flag.TIMESTAMP_FUTURE.value]}, "time_to_come"),
        ({"references": [Reference("po", "AC4711000812")]}, "number_is_reference"),
    ],
)
def test_each_trap_is_named(changes: dict[str, Any], kind: str) -> None:
    assert traps(changes) == [(kind, 1)]


def test_a_code_beside_words_of_other_meanings_is_a_trap_where_it_is_final() -> None:
    assert ("one_code_of_many_words", 1) in traps({}, {"carrier_text": "Out for delivery"})
    moving = {"milestone": Milestone.IN_TRANSIT}
    assert traps(moving, {**moving, "carrier_text": "Out for delivery"}) == []


def test_what_is_settled_is_no_trap() -> None:
    assert traps({"zone_assumed": True, "utc_offset_minutes": 120}) == []
    assert traps({"zone_assumed": True, "utc_offset_minutes": 0}, zone="Europe/London") == []
    assert traps({"carrier_code": "", "flags": [Flag.DELIVERY_DOUBTFUL.value]}) == []
    assert traps({"references": [Reference("tracking", "AC4711000812")]}) == []


def test_a_summary_counts_mapped_doubtful_unmapped_and_refused() -> None:
    doubtful = replace(PLAIN, flags=[Flag.DELIVERY_DOUBTFUL.value], zone_assumed=True)
    unknown = replace(PLAIN, flags=[Flag.CODE_UNMAPPED.value], carrier_code="QX", carrier_text="Gnomes")
    reject = Reject(RejectReason.MALFORMED, "no JSON")
    error = CarrierError(ErrorKind.NOT_FOUND, "no such number", "AC1")
    found = summary_of([Tried(Path("a"), [PLAIN, doubtful, unknown], [reject], [error]), Tried(Path("b"), [], [], [])])
    assert (found.files, found.events, found.mapped) == (2, 3, {"delivered": 2})
    assert (found.doubtful_events, found.doubtful) == (1, {"zone_assumed": 1, "delivery_doubtful": 1})
    assert (found.unmapped, found.refused, found.carrier_errors) == ({"QX Gnomes": 1}, {"malformed": 1}, 1)
