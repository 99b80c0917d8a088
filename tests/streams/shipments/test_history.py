"""Of two sightings of one event, what is kept."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.kernel.vocabulary import Milestone
from streams.shipments.history import improved
from streams.shipments.record import Entry, entry_of
from tests.support.strategies import AGGREGATOR, POLLED, SOURCE, carrier_event


def sighting(received: int = 0, paths: tuple[str, ...] = (), **changes: Any) -> Entry:
    event = carrier_event(Milestone.DELIVERED, 1, **changes)
    entry = entry_of(event, b"", telling=True, news=True)
    return replace(entry, received_at=received, paths=paths)


SIGHTINGS = st.builds(
    lambda received, paths, source: sighting(received, paths, source=source),
    st.integers(0, 2), st.sampled_from([(), ("a:1",), ("b:2",)]), st.sampled_from([SOURCE, POLLED, AGGREGATOR]),
)


@given(SIGHTINGS, SIGHTINGS, SIGHTINGS)
def test_it_does_not_matter_which_sighting_came_first_or_how_often(one: Entry, two: Entry, three: Entry) -> None:
    assert improved(one, two) == improved(two, one)
    assert improved(improved(one, two), three) == improved(one, improved(two, three))
    assert improved(improved(one, two), two) == improved(one, two)


def test_the_one_received_first_is_kept_with_the_sources_and_ways_of_both() -> None:
    kept = improved(sighting(5, ("a:1",)), sighting(3, ("b:2",), source=POLLED))
    assert kept.received_at == 3
    assert kept.paths == ("a:1", "b:2")
    assert kept.story is not None
    assert len(kept.story.reports) == 2
