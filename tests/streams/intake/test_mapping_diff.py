"""One raw record: what was published of it against what the edited mapping makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from streams.contracts.model import CarrierEvent, Reference
from streams.intake.mapping_diff import Known, Verdict, fields_between, in_force, known_of, verdict
from streams.kernel.vocabulary import Correction, ExceptionType, Flag, Milestone, Reason
from tests.support.strategies import carrier_event

MOVING = carrier_event(Milestone.IN_TRANSIT, 5)
DELIVERED = carrier_event(Milestone.DELIVERED, 5)
KEY = "north:N100"


def known(*events: CarrierEvent) -> list[Known]:
    return [known_of(one, KEY if one.tracking_number else "") for one in events]


@pytest.mark.parametrize(("published", "now", "expected"), [
    ([MOVING], [MOVING], Verdict.UNCHANGED),
    ([MOVING], [replace(MOVING, carrier_text="otherwise")], Verdict.WORDS),
    ([MOVING], [replace(MOVING, references=[Reference("po", "4711")])], Verdict.WORDS),
    ([MOVING], [replace(MOVING, flags=[Flag.CONTROL_NUMBER_REPEATED.value])], Verdict.UNCHANGED),
    ([MOVING], [replace(MOVING, received_at=1)], Verdict.UNCHANGED),
    ([MOVING], [DELIVERED], Verdict.CHANGED),
    ([MOVING], [MOVING, DELIVERED], Verdict.CHANGED),
    ([MOVING], [replace(MOVING, tracking_number="")], Verdict.CHANGED),
    ([DELIVERED], [replace(DELIVERED, flags=[Flag.DELIVERY_DOUBTFUL.value])], Verdict.CHANGED),
    ([], [MOVING], Verdict.ADDED),
    ([MOVING], [], Verdict.GONE),
    ([], [], Verdict.UNCHANGED),
])  # fmt: skip
def test_a_raw_record_is_judged_by_what_its_events_mean(
    published: list[CarrierEvent], now: list[CarrierEvent], expected: Verdict
) -> None:
    assert verdict(known(*published), now) is expected


def corrected(event: CarrierEvent, by: CarrierEvent, **changes: Any) -> CarrierEvent:
    return replace(by, corrects=event.event_id, flags=[Flag.REMAPPED.value], **changes)


def test_earlier_corrections_stand_for_what_the_mapping_said() -> None:
    other = corrected(MOVING, DELIVERED, correction=Correction.REPLACES)
    gone = corrected(DELIVERED, DELIVERED, correction=Correction.RETRACTS, event_id="f" * 32)
    replaced = {MOVING.event_id}
    assert verdict(in_force(known(MOVING, other), replaced), [DELIVERED]) is Verdict.UNCHANGED
    assert verdict(in_force(known(MOVING, other), replaced), [MOVING]) is Verdict.CHANGED
    assert in_force(known(DELIVERED, gone), {DELIVERED.event_id}) == []


def test_what_the_identity_stage_made_of_an_event_is_not_the_mappings() -> None:
    unresolved = replace(MOVING, tracking_number="", references=[Reference("bol", "B1")])
    resolved = replace(MOVING, flags=[Flag.RESOLVED_BY_ORDER.value])
    assert verdict(in_force(known(unresolved, resolved), ()), [unresolved]) is Verdict.UNCHANGED


def test_a_retraction_means_the_event_it_takes_back_and_no_more() -> None:
    one = replace(MOVING, correction=Correction.RETRACTS, corrects="a" * 32)
    assert verdict(known(one), [replace(one, milestone=Milestone.DELIVERED)]) is Verdict.UNCHANGED
    assert verdict(known(one), [replace(one, corrects="b" * 32)]) is Verdict.CHANGED
    assert fields_between(MOVING, one) == ["correction"]


def test_the_fields_that_differ_are_named() -> None:
    other = replace(
        DELIVERED, exception=ExceptionType.DAMAGE, reason=Reason.DAMAGED_IN_TRANSIT if hasattr(
            Reason, "DAMAGED_IN_TRANSIT") else Reason.OTHER, carrier_text="x", flags=[Flag.DELIVERY_DOUBTFUL.value],
    )
    assert fields_between(MOVING, other) == ["milestone", "exception", "reason", "flags"]
    assert fields_between(MOVING, MOVING) == []
