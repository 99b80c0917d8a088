"""Tests which records the handler works on, and for how long."""

from __future__ import annotations

from pathlib import Path

from tests.support.clock import FakeClock
from topologies.runtime.reading.chunks import TopicPartition
from topologies.runtime.watching.in_hand import InHand, most_seconds

UPS = TopicPartition("raw.ups.v1", 3)


def test_how_long_it_is_in_hand_is_counted_anew_for_each_take(tmp_path: Path) -> None:
    clock = FakeClock(1_000)
    in_hand = InHand(tmp_path, clock)
    assert in_hand.held_for() is None
    for first in (7, 8):
        with in_hand.holding(UPS, first, first + 1):
            clock.advance(12)
            held = in_hand.held_for()
            assert held is not None
            assert (str(held[0]), held[1]) == (f"raw.ups.v1[3] @ {first}", 12)
        assert in_hand.held_for() is None


def test_a_record_may_take_its_time_and_at_most_half_of_what_counts_as_stuck() -> None:
    assert most_seconds(20, 60) == 20
    assert most_seconds(50, 60) == 30
