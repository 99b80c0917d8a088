"""Events with a number and references tell which reference is whose, and do not repeat themselves."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from streams.identity import LONGEST_NUMBER
from streams.model import CarrierEvent, Reference, ReferenceClaim
from streams.pairing import RETOLD_AFTER_MS, Pairs
from streams.vocabulary import Milestone, SaidBy
from tests.streams.strategies import DAY_ONE, SOURCE, carrier_event

BOL = [Reference("bol", "b 1"), Reference("customer", "C1")]


def event(offset: int = 0, **changes: Any) -> CarrierEvent:
    fields = {"source": replace(SOURCE, offset=offset), "references": BOL, **changes}
    return carrier_event(Milestone.IN_TRANSIT, 0, **fields)


def test_an_event_with_a_number_says_whose_its_references_are() -> None:
    assert Pairs().news([event()]) == [
        ReferenceClaim("bol", "B1", "north", "N100", SaidBy.EVENT, DAY_ONE, DAY_ONE)
    ]


def test_an_event_without_references_says_nothing() -> None:
    assert Pairs().news([event(references=[])]) == []


def test_a_pair_is_told_once_in_a_while() -> None:
    pairs = Pairs()
    assert len(pairs.news([event(0), event(1), event(2)])) == 1
    later = DAY_ONE + RETOLD_AFTER_MS
    assert [claim.valid_at for claim in pairs.news([event(3), event(4, occurred_at=later)])] == [later]


def test_another_shipment_with_the_same_reference_is_told() -> None:
    pairs = Pairs()
    pairs.news([event(0)])
    [claim] = pairs.news([event(1, tracking_number="N200")])
    assert claim.tracking_number == "N200"


def test_what_is_read_again_is_told_again() -> None:
    """The chunk that told it may have come to nothing."""
    pairs = Pairs()
    pairs.news([event(5)])
    assert len(pairs.news([event(5)])) == 1
    assert len(pairs.news([event(6)])) == 0


def test_another_partition_tells_for_itself() -> None:
    pairs = Pairs()
    pairs.news([event(0)])
    assert len(pairs.news([event(source=replace(SOURCE, partition=1, offset=9))])) == 1


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    pairs = Pairs(most=4)
    for offset, number in enumerate(("N1", "N2", "N3")):
        assert len(pairs.news([event(offset, tracking_number=number)])) == 1
    assert len(pairs.news([event(9, tracking_number="N1")])) == 1


def test_a_reference_too_long_for_a_key_is_told_by_nobody() -> None:
    assert Pairs().news([event(references=[Reference("bol", "7" * (LONGEST_NUMBER + 1))])]) == []
