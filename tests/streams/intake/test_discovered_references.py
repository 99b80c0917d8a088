"""Events tell which numbers belong together and which reference is whose, and do not repeat themselves."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from streams.contracts.ids import LONGEST_NUMBER
from streams.contracts.model import CarrierEvent, Reference, ReferenceClaim, ShipmentLink
from streams.intake.discovered_references import REPEATED_AFTER_MS, DiscoveredReferences
from streams.kernel.vocabulary import LinkKind, Milestone, SaidBy
from tests.support.strategies import DAY_ONE, SOURCE, carrier_event

BOL = [Reference("bol", "b 1"), Reference("customer", "C1")]


def event(offset: int = 0, **changes: Any) -> CarrierEvent:
    fields = {"source": replace(SOURCE, offset=offset), "references": BOL, **changes}
    return carrier_event(Milestone.IN_TRANSIT, 0, **fields)


def piece(name: str, offset: int = 0) -> CarrierEvent:
    return event(offset, references=[Reference("piece", name)])


def test_an_event_with_a_number_says_whose_its_references_are() -> None:
    assert DiscoveredReferences().discover([event()]).claims == [
        ReferenceClaim("bol", "B1", "north", "N100", SaidBy.EVENT, DAY_ONE, DAY_ONE)
    ]


def test_an_event_says_which_numbers_belong_together() -> None:
    found = DiscoveredReferences().discover([piece("P1")])
    assert found.links == [ShipmentLink("north", "P1", "north", "N100", LinkKind.PIECE)]


def test_an_event_without_references_says_nothing() -> None:
    assert DiscoveredReferences().discover([event(references=[])]) == ([], [])


def test_a_claim_is_told_once_in_a_while() -> None:
    numbers = DiscoveredReferences()
    assert len(numbers.discover([event(0), event(1), event(2)]).claims) == 1
    later = DAY_ONE + REPEATED_AFTER_MS
    assert [claim.valid_at for claim in numbers.discover([event(3), event(4, occurred_at=later)]).claims] == [later]


def test_a_link_is_told_once_not_with_each_event() -> None:
    numbers = DiscoveredReferences()
    assert len(numbers.discover([piece("P1", 5), piece("P1", 5), piece("P1", 6)]).links) == 1
    assert numbers.discover([piece("P1", 7)]).links == []
    assert len(numbers.discover([piece("P2", 8)]).links) == 1


def test_several_events_of_one_record_tell_it_once() -> None:
    more = [*BOL, Reference("po", "4711")]
    told = DiscoveredReferences().discover([event(5), event(5), event(5, references=more)])
    assert [claim.type for claim in told.claims] == ["bol", "po"]


def test_another_shipment_with_the_same_reference_is_told() -> None:
    numbers = DiscoveredReferences()
    numbers.discover([event(0)])
    [claim] = numbers.discover([event(1, tracking_number="N200")]).claims
    assert claim.tracking_number == "N200"


def test_what_is_read_again_is_told_again() -> None:
    """The chunk that told it may have come to nothing."""
    numbers = DiscoveredReferences()
    numbers.discover([event(5), piece("P1", 5)])
    assert [len(told) for told in numbers.discover([event(5), piece("P1", 5)])] == [1, 1]
    assert [len(told) for told in numbers.discover([event(6), piece("P1", 6)])] == [0, 0]


def test_another_partition_tells_for_itself() -> None:
    numbers = DiscoveredReferences()
    numbers.discover([event(0)])
    assert len(numbers.discover([event(source=replace(SOURCE, partition=1, offset=9))]).claims) == 1


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    numbers = DiscoveredReferences(most=4)
    for offset, number in enumerate(("N1", "N2", "N3")):
        assert len(numbers.discover([event(offset, tracking_number=number)]).claims) == 1
    assert len(numbers.discover([event(9, tracking_number="N1")]).claims) == 1


def test_a_reference_too_long_for_a_key_is_told_by_nobody() -> None:
    long = event(references=[Reference("bol", "7" * (LONGEST_NUMBER + 1))])
    assert DiscoveredReferences().discover([long]).claims == []
