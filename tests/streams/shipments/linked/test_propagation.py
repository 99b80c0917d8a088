"""The words of a part to its wholes, and their view of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from streams.contracts.link_paths import path_of, steps_of
from streams.kernel.vocabulary import LinkKind, Milestone
from streams.shipments.facts import Child, Entry, Facts, Parent, WithdrawnRoute, decode_entry, entry_of
from streams.shipments.linked.propagation import (
    LONGEST_PATH,
    declaration,
    events_for,
    is_mute,
    is_outdated,
    parents_of,
    seen_by_parent,
    version_of,
    withdrawal,
)
from streams.shipments.merge import without_route
from streams.shipments.record import Shipment, View
from tests.support.strategies import carrier_event

FACTS = Facts("south", "S7", parents=(
    Parent("north:N100", LinkKind.HANDED_OVER, 0), Parent("north:N200", LinkKind.HANDED_OVER, 5, True),
))
[PARENT] = parents_of(FACTS)
REPORTED_UNDER = bytes(range(16))


def seen_as(told: Entry, kind: LinkKind) -> Entry:
    return seen_by_parent(REPORTED_UNDER, told, kind, "south:S7")[1]


def entry(milestone: Milestone, **changes: object) -> Entry:
    return replace(entry_of(carrier_event(milestone, 1), b""), **changes)


@pytest.mark.parametrize(("kind", "told", "seen"), [
    (LinkKind.HANDED_OVER, Milestone.PICKED_UP, Milestone.RECEIVED_FROM_CARRIER),
    (LinkKind.HANDED_OVER, Milestone.PRE_ADVISED, Milestone.INFO),
    (LinkKind.HANDED_OVER, Milestone.DELIVERED, Milestone.DELIVERED),
    (LinkKind.ALIAS, Milestone.PICKED_UP, Milestone.PICKED_UP),
    (LinkKind.RELABELLED, Milestone.PRE_ADVISED, Milestone.PRE_ADVISED),
    (LinkKind.RETURN_LEG, Milestone.PRE_ADVISED, Milestone.INFO),
    (LinkKind.RETURN_LEG, Milestone.LOADED, Milestone.RETURNING),
    (LinkKind.RETURN_LEG, Milestone.OUT_FOR_DELIVERY, Milestone.IN_TRANSIT),
    (LinkKind.RETURN_LEG, Milestone.POD_RECEIVED, Milestone.INFO),
    (LinkKind.RETURN_LEG, Milestone.DELIVERED, Milestone.RETURNED),
    (LinkKind.RETURN_LEG, Milestone.LOST, Milestone.LOST),
    (LinkKind.RETURN_LEG, Milestone.RETURNED, Milestone.RETURNED),
    (LinkKind.RETURN_LEG, Milestone.RETURNING, Milestone.RETURNING),
    (LinkKind.RETURN_LEG, Milestone.CUSTOMS_HELD, Milestone.IN_TRANSIT),
])
def test_a_part_is_seen_as_what_it_is_to_the_whole(kind: LinkKind, told: Milestone, seen: Milestone) -> None:
    assert seen_as(entry(told), kind).milestone is seen
    forecast = seen_as(entry(told, actual=False), kind)
    assert forecast.milestone is told


def test_a_piece_is_known_by_its_number_unless_it_has_a_name_already() -> None:
    assert seen_as(entry(Milestone.DELIVERED), LinkKind.PIECE).piece == "south:S7"
    assert seen_as(entry(Milestone.DELIVERED, piece="2"), LinkKind.PIECE).piece == "2"
    assert seen_as(entry(Milestone.DELIVERED), LinkKind.ALIAS).piece == ""


def test_an_event_seen_as_it_was_told_keeps_its_id() -> None:
    event_id, seen = seen_by_parent(REPORTED_UNDER, entry(Milestone.DELIVERED), LinkKind.HANDED_OVER, "south:S7")
    assert (event_id, seen.origin, seen.routes) == (REPORTED_UNDER, None, ("south:S7",))


@pytest.mark.parametrize("ways", [
    [[LinkKind.HANDED_OVER], [LinkKind.ALIAS, LinkKind.HANDED_OVER], [LinkKind.HANDED_OVER, LinkKind.HANDED_OVER]],
    [[LinkKind.RETURN_LEG], [LinkKind.RETURN_LEG, LinkKind.HANDED_OVER], [LinkKind.RETURN_LEG, LinkKind.RETURN_LEG]],
])
def test_sights_that_say_the_same_are_one_event_whatever_the_way(ways: list[list[LinkKind]]) -> None:
    found = set()
    for way in ways:
        event_id, seen = REPORTED_UNDER, entry(Milestone.PICKED_UP)
        for kind in way:
            event_id, seen = seen_by_parent(event_id, seen, kind, "south:S7")
        assert seen.origin == REPORTED_UNDER
        found.add(event_id)
    assert len(found) == 1
    assert REPORTED_UNDER not in found


@pytest.mark.parametrize("told", Milestone)
def test_no_kinds_of_links_make_a_changed_event_what_it_was_told_as_again(told: Milestone) -> None:
    """Else one sight would have two ids, by the way it came."""
    reached = {told}
    for _ in range(LONGEST_PATH):
        seen = {seen_as(entry(one), kind).milestone for one in reached for kind in LinkKind}
        reached |= seen
    for changed in reached - {told}:
        assert all(seen_as(entry(changed), kind).milestone is not told for kind in LinkKind)


def test_an_event_goes_on_by_each_way_it_came_but_never_back() -> None:
    routes = (path_of("east:E1"), path_of("north:N100", "east:E1"))
    told = list(events_for(FACTS, PARENT, "ab", entry(Milestone.DELIVERED, routes=routes)))
    assert [steps_of(one.path) for one in told] == [["east:E1", "south:S7"]]
    assert decode_entry(told[0].entry).routes == ()
    [own] = events_for(FACTS, PARENT, "ab", entry(Milestone.DELIVERED))
    assert (own.carrier, own.tracking_number, own.path) == ("north", "N100", "south:S7")


def test_an_event_goes_on_through_so_many_numbers_and_no_more() -> None:
    path = path_of(*(f"east:E{number}" for number in range(LONGEST_PATH)))
    assert list(events_for(FACTS, PARENT, "ab", entry(Milestone.DELIVERED, routes=(path,)))) == []


def test_what_is_taken_back_names_the_way_it_came() -> None:
    assert withdrawal(FACTS, PARENT).path == "south:S7"
    assert steps_of(withdrawal(FACTS, PARENT, "east:E1", [7]).path) == ["east:E1", "south:S7"]
    assert withdrawal(FACTS, PARENT, "east:E1", [7]).ages == [7, version_of(PARENT)]


def test_a_newer_word_of_a_link_is_newer_and_of_equal_time_the_withdrawal() -> None:
    words = [
        Parent("north:N100", LinkKind.RETURN_LEG, 1), Parent("north:N100", LinkKind.ALIAS, 1, True),
        Parent("north:N100", LinkKind.ALIAS, 2), Parent("north:N100", LinkKind.PIECE, 2),
    ]
    assert sorted(words, key=version_of) == words
    assert len(set(map(version_of, words))) == len(words)


def test_what_was_told_before_it_was_taken_back_is_a_repeat() -> None:
    end = withdrawal(FACTS, replace(PARENT, at=2, withdrawn=True))
    route = WithdrawnRoute(end.path, end.ages[0])
    apart = without_route(Facts("north", "N100"), route)
    assert apart is not None
    shipment = Shipment(FACTS, View())
    older, newer = declaration(shipment, PARENT), declaration(shipment, replace(PARENT, at=3))
    assert is_outdated(end, apart)
    assert is_outdated(older, apart)
    assert not is_outdated(newer, apart)
    further = entry(Milestone.DELIVERED, routes=("east:E1",))
    assert [is_outdated(one, apart) for one in events_for(FACTS, PARENT, "ab", further)] == [True]
    before = without_route(Facts("north", "N100"), WithdrawnRoute(older.path, older.ages[0]))
    assert before is not None
    assert without_route(before, route) == apart


def test_of_two_names_of_one_shipment_that_nobody_claims_the_first_raises_its_alerts() -> None:
    first, second = (
        Shipment(Facts("north", own, parents=(Parent(f"north:{other}", LinkKind.ALIAS, 0),)), View())
        for own, other in (("N100", "N200"), ("N200", "N100"))
    )
    assert [is_mute(first), is_mute(second)] == [False, True]
    first.facts.children = (Child("north:N200", LinkKind.ALIAS, claimed=True),)
    assert is_mute(first), "its other name is claimed"
    second.view.standing = (0,)
    assert not is_mute(second)
