"""Of one record what was said of several shipments comes apart, and together again."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from streams.kernel.vocabulary import LinkKind, Milestone, Status
from streams.shipments.chunk import shipments_under
from streams.shipments.facts import Child, Entry, Facts, decode_entry
from streams.shipments.project import all_facts, project
from streams.shipments.record import encode
from streams.shipments.reuse.split import is_beginning, may_split
from streams.shipments.step import step
from tests.support import laws
from tests.support.number_reuse import FIRST, KEEPING, KEY, SECOND, Said, at, claim, found, tell

PIECES = [at(-1, Milestone.PICKED_UP, piece="2"), at(0, Milestone.DELIVERED, piece="1")]


def facts(*said: Said) -> Facts:
    """All of it, as if it were of one shipment."""
    return step(said, {KEY: None}).states[KEY].facts


def entry(event: Said) -> Entry:
    return decode_entry(tell(event).states[KEY].facts.history[0])


def generations(*said: Said) -> list[tuple[Status, list[str]]]:
    return [
        (one.view.status, [link.order_id for link in one.orders])
        for one in project(all_facts(step(said, {KEY: None}).states[KEY]), KEEPING)
    ]


def test_what_was_said_up_to_the_end_and_some_time_is_of_the_first_the_rest_of_the_next() -> None:
    assert generations(*SECOND, claim(98, "O-2"), *FIRST, at(44, Milestone.INFO)) == [
        (Status.DELIVERED, ["O-1"]), (Status.OUT_FOR_DELIVERY, ["O-2"]),
    ]


def test_an_order_goes_with_its_first_word_however_often_it_is_saved() -> None:
    assert generations(*FIRST, claim(120, "O-1"), *SECOND) == [
        (Status.DELIVERED, ["O-1"]), (Status.OUT_FOR_DELIVERY, []),
    ]


def test_without_a_beginning_late_orders_begin_another_only_beside_an_earlier_one() -> None:
    late = claim(100, "O-2"), claim(110, "O-3")
    assert generations(*FIRST, *late) == [(Status.DELIVERED, ["O-1"]), (Status.UNKNOWN, ["O-2", "O-3"])]
    assert generations(*FIRST[1:], *late) == [(Status.DELIVERED, ["O-2", "O-3"])]
    assert generations(*FIRST[1:], *late, SECOND[1]) == [(Status.DELIVERED, []), (Status.PICKED_UP, ["O-2", "O-3"])]
    assert generations(*FIRST, claim(100, "O-2", withdrawn=True)) == [(Status.DELIVERED, ["O-1"])]


def test_the_last_piece_on_its_way_back_ends_it_too() -> None:
    back = at(1, Milestone.RETURNING, piece="2")
    said = [claim(-1, "O-1"), claim(99, "O-2"), *PIECES]
    assert encode(tell(*said, back).states[KEY]) == encode(tell(*said[2:], back, *said[:2]).states[KEY])
    assert tell(*said, back).states[KEY].view.generation == 2


def test_an_event_in_between_that_ends_it_anew_puts_the_next_off() -> None:
    assert [one for one, _ in generations(*FIRST, at(60, Milestone.RETURNED), at(100, Milestone.PICKED_UP))] == [
        Status.RETURNED
    ]


def test_three_generations_are_kept_in_one_record_and_are_the_same_three_again() -> None:
    said = [*FIRST, *SECOND, at(200, Milestone.DELIVERED), at(300, Milestone.PICKED_UP), claim(300, "O-3")]
    apart = project(facts(*said), KEEPING)
    assert [one.view.generation for one in apart] == [1, 2, 3]
    kept = tell(*said).states[KEY]
    assert list(kept.ended) == [one.facts for one in apart[:-1]]
    assert all_facts(kept) == facts(*said)
    assert [encode(replace(one, ended=())) for one in shipments_under(kept, KEEPING)] == [encode(one) for one in apart]


def test_a_number_with_children_is_of_one_shipment() -> None:
    tied = replace(facts(*FIRST, *SECOND), children=(Child("north:P1", LinkKind.PIECE),))
    assert len(project(tied, KEEPING)) == 1


@pytest.mark.parametrize(("said", "event", "may"), [
    (FIRST, SECOND[1], True), (FIRST, at(44, Milestone.PICKED_UP), False), (FIRST, SECOND[2], True),
    (SECOND, FIRST[2], True),
    ([claim(-1, "O-1"), claim(99, "O-2")], FIRST[2], True), ([claim(-1, "O-1")], FIRST[2], False),
    ([claim(-1, "O-1"), claim(99, "O-2"), *PIECES], at(1, Milestone.RETURNING, piece="2"), True),
])  # fmt: skip
def test_no_event_divides_what_lies_close_together(said: list[Said], event: Said, *, may: bool) -> None:
    before = tell(*said).states[KEY]
    assert may_split(before.facts, before.view, entry(event), KEEPING.reuse_after) is may


def test_a_beginning_is_said_by_the_carrier_with_its_number() -> None:
    said = SECOND[1], FIRST[2], found(97, Milestone.PICKED_UP)[0]
    assert [is_beginning(entry(one)) for one in said] == [True, False, False]


def test_what_is_found_not_to_be_of_the_number_neither_divides_it_nor_undoes_a_division() -> None:
    one, other = {"carrier_shipment_id": "S-1"}, {"carrier_shipment_id": "S-2"}
    first = [claim(-1, "O-1"), at(-1, Milestone.PICKED_UP, **one), at(0, Milestone.DELIVERED, **one)]
    second = [claim(1, "O-2"), at(2, Milestone.PICKED_UP, **other), at(3, Milestone.IN_TRANSIT, **other)]
    both = [(Status.DELIVERED, ["O-1"]), (Status.IN_TRANSIT, ["O-2"])]
    assert generations(*first, *second) == both
    for mistaken in (found(-2, Milestone.PICKED_UP), found(2.5, Milestone.DELIVERED), found(9, Milestone.INFO, **one)):
        assert generations(*first, *second, *mistaken) == both
    assert generations(*first, *found(9, Milestone.PICKED_UP, **other)) == both[:1]


def test_what_was_told_of_the_first_stands_once_the_number_is_the_seconds() -> None:
    one, other = {"carrier_shipment_id": "S-1"}, {"carrier_shipment_id": "S-2"}
    outcome = laws.tell([[said] for said in (
        claim(-1, "O-1"), at(-1, Milestone.PICKED_UP, **one), at(0, Milestone.DELIVERED, **one),
        claim(1, "O-2"), at(2, Milestone.PICKED_UP, **other),
    )])
    assert [(update.order_id, update.milestone) for update in outcome.updates if update.order_id == "O-1"] == [
        ("O-1", Milestone.PICKED_UP), ("O-1", Milestone.DELIVERED),
    ]
    assert [shipment.view.status for shipment in outcome.archived] == [Status.DELIVERED]
    laws.check_told_of_what_is_known(outcome)
