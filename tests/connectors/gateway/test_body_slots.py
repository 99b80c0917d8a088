"""Room for bodies: who is not proven gives way, who is proven never does, and nobody holds more than the limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from connectors.gateway.body_slots import BodySlots, Slot, SlotLimits, check
from connectors.gateway.problems import Problem

LIMITS = SlotLimits(in_all=6, of_one_feed=4, of_one_peer=2, size=400)


@dataclass
class Room:
    """Slots that stay taken until the test ends."""

    slots: BodySlots
    stack: ExitStack
    gone: list[Slot] = field(default_factory=list)

    def take(self, feed: str, peer: str, *, proven: bool = False, size: int = 0) -> Slot:
        taken = self.slots.taken(feed, peer, proven=proven, of_one_peer=self.slots.limits.of_one_peer)
        slot = self.stack.enter_context(taken)
        slot.give_way = lambda: self.gone.append(slot)
        if size:
            self.slots.grow(slot, size)
        return slot


@pytest.fixture
def room() -> Iterator[Room]:
    with ExitStack() as stack:
        yield Room(BodySlots(LIMITS), stack)


def test_a_peers_oldest_body_gives_way_to_its_next(room: Room) -> None:
    first, _, _ = (room.take("acme", "a") for _ in range(3))
    assert room.gone == [first]
    with pytest.raises(Problem, match="displaced"):
        check(first)


def test_in_a_full_feed_the_peer_that_holds_most_gives_way(room: Room) -> None:
    single = room.take("acme", "a")
    first, _ = (room.take("acme", "b") for _ in range(2))
    room.take("acme", "c")
    room.take("acme", "d")
    assert room.gone == [first]
    assert not single.displaced


def test_a_full_feed_takes_nothing_of_another_feeds_room(room: Room) -> None:
    for peer in "abcdefgh":
        room.take("acme", peer)
    assert len(room.gone) == 4
    room.take("other", "z")
    assert len(room.gone) == 4


def test_a_proven_body_gives_way_to_nobody(room: Room) -> None:
    held = [room.take("acme", "a", proven=True) for _ in range(4)]
    with pytest.raises(Problem, match="overloaded") as raised:
        room.take("acme", "b")
    assert raised.value.headers == {"Retry-After": "1"}
    assert not any(slot.displaced for slot in held)


def test_a_body_that_is_proven_meanwhile_stays(room: Room) -> None:
    first = room.take("acme", "a")
    room.slots.prove(first)
    for _ in range(3):
        room.take("acme", "a")
    assert not first.displaced


def test_the_bytes_of_the_unproven_are_a_quarter_of_all_and_the_greediest_gives_way(room: Room) -> None:
    small = room.take("acme", "a", size=10)
    large = room.take("acme", "b", size=85)
    room.take("other", "c", size=20)
    assert (large.displaced, small.displaced) == (True, False)


def test_a_body_larger_than_the_unproven_may_hold_gives_way_itself(room: Room) -> None:
    with pytest.raises(Problem, match="displaced"):
        room.take("acme", "a", size=101)


def test_the_bytes_of_all_are_bounded_too(room: Room) -> None:
    unproven = room.take("acme", "a", size=90)
    room.take("acme", "b", proven=True, size=350)
    assert unproven.displaced
    with pytest.raises(Problem, match="overloaded"):
        room.take("acme", "b", proven=True, size=51)


def test_what_is_left_makes_room(room: Room) -> None:
    with room.slots.taken("acme", "a", proven=True, of_one_peer=1) as slot:
        room.slots.grow(slot, 400)
    room.take("acme", "b", proven=True, size=400)
