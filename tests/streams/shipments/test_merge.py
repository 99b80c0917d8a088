"""Of two sightings of one event, what is kept."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.kernel.vocabulary import Milestone
from streams.shipments.facts import Entry, entry_of
from streams.shipments.merge import better_of
from tests.support.strategies import AGGREGATOR, POLLED, SOURCE, carrier_event


def sighting(received: int = 0, routes: tuple[str, ...] = (), **changes: Any) -> Entry:
    event = carrier_event(Milestone.DELIVERED, 1, received_at=received, **changes)
    return replace(entry_of(event, b""), routes=routes)


SIGHTINGS = st.builds(
    lambda received, routes, source, estimate: sighting(
        received, routes, source=source, estimated_delivery_at=estimate[0], estimated_delivery_from=estimate[1]
    ),
    st.integers(0, 2), st.sampled_from([(), ("a:1",), ("b:2",)]), st.sampled_from([SOURCE, POLLED, AGGREGATOR]),
    st.sampled_from([(None, None), (7, None), (7, 5), (9, None)]),
)


@given(SIGHTINGS, SIGHTINGS, SIGHTINGS)
def test_it_does_not_matter_which_sighting_came_first_or_how_often(one: Entry, two: Entry, three: Entry) -> None:
    assert better_of(one, two) == better_of(two, one)
    assert better_of(better_of(one, two), three) == better_of(one, better_of(two, three))
    assert better_of(better_of(one, two), two) == better_of(one, two)


def test_the_one_received_first_is_kept_with_the_sources_and_routes_of_both() -> None:
    kept = better_of(sighting(5, ("a:1",)), sighting(3, ("b:2",), source=POLLED))
    assert kept.received_at == 3
    assert kept.routes == ("a:1", "b:2")
    assert kept.story is not None
    assert len(kept.story.reports) == 2
