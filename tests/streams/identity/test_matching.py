"""Whose a reference is, at that time, with that carrier."""

from __future__ import annotations

import pytest

from streams.identity.matching import UNRESOLVED, MatchingRules, Resolution, resolutions, resolve
from streams.identity.record import ReferenceRecord, ShipmentClaim, with_claim, with_event
from streams.kernel.vocabulary import SaidBy
from tests.support.reference_inputs import line, unresolved, word

SPAN = 100


def said(number: str, at: int = 1_000, said_by: SaidBy = SaidBy.EVENT, **changes: object) -> ShipmentClaim:
    fields = {"carrier": "north", "withdrawn": False, "since": at, "until": at, **changes}
    return ShipmentClaim(
        said_by, "", "", str(fields["carrier"]), number, at, bool(fields["withdrawn"]), int(str(fields["since"])),
        int(str(fields["until"])),
    )


@pytest.mark.parametrize(
    ("words", "carrier", "at", "meant"),
    [
        ([said("N1")], "north", 1_000, ["N1"]),
        ([said("N1")], "north", 1_100, ["N1"]),
        ([said("N1")], "north", 1_101, []),
        ([said("N1")], "north", 899, []),
        ([said("N1", since=1_000, until=2_000)], "north", 1_500, ["N1"]),
        ([said("N1"), said("N2")], "north", 1_000, ["N1", "N2"]),
        ([said("N1"), said("N2", 5_000)], "north", 1_000, ["N1"]),
        ([said("N1"), said("S1", carrier="south")], "north", 1_000, ["N1"]),
        ([said("N1"), said("S1", carrier="south")], "", 1_000, ["N1", "S1"]),
        ([said("N1"), said("S1", carrier="south")], "unknown", 1_000, ["N1", "S1"]),
        ([said("N1")], "edi", 1_000, ["N1"]),
        ([said("N1", withdrawn=True)], "north", 1_000, []),
        ([said("N1"), said("N2", said_by=SaidBy.PERSON)], "north", 1_000, ["N2"]),
        ([said("N1"), said("S1", said_by=SaidBy.PERSON, carrier="south")], "north", 1_000, ["S1"]),
        ([said("N1"), said("N2", 9_000, SaidBy.PERSON)], "north", 1_000, ["N1"]),
        ([said("N1"), said("N2", said_by=SaidBy.PERSON, withdrawn=True)], "north", 1_000, ["N1"]),
    ],
)
def test_a_shipment_can_be_meant_by_carrier_time_and_word(
    words: list[ShipmentClaim], carrier: str, at: int, meant: list[str]
) -> None:
    assert [number for _, number in resolve(words, carrier, at, SPAN).shipments] == meant


def test_one_shipment_is_meant_and_of_several_none() -> None:
    assert Resolution((("north", "N1"),), SaidBy.EVENT).shipment == ("north", "N1")
    assert Resolution((("north", "N1"), ("north", "N2")), SaidBy.EVENT).shipment is None
    assert UNRESOLVED.shipment is None


def test_a_withdrawn_claim_matches_nothing() -> None:
    known: ReferenceRecord | None = ReferenceRecord("bol", "B1")
    for item in (line(), line("D-2", withdrawn=True), word("N1")):
        assert known is not None
        known = with_claim(known, item)
    assert known is not None
    known = with_event(known, unresolved())
    assert known is not None
    found = resolutions(known, MatchingRules())
    assert [ruling.shipment for ruling in (*found.events.values(), *found.lines.values())] == [("north", "N1")] * 2
