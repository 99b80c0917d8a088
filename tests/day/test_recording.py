"""The recorded day is what it is said to be."""

from collections import Counter
from random import Random

from streams.kernel.vocabulary import Correction
from streams.shipments.step import Received, step
from tests.day.recording import BAD_SHARE, CARRIERS, REPEATED_SHARE, Day, key_of, record

NOW = 1_790_000_000_000


def test_a_seed_gives_the_same_day_and_another_seed_another() -> None:
    assert record(500, 3, NOW) == record(500, 3, NOW)
    assert record(500, 3, NOW) != record(500, 4, NOW)


def test_it_has_as_many_records_as_asked_for_repeats_and_bad_ones_among_them() -> None:
    day = record(5_000, 1, NOW)
    assert len(day.events) + len(day.bad) == 5_000
    assert len(day.bad) == int(5_000 * BAD_SHARE)
    assert len(day.events) - day.distinct >= int(5_000 * REPEATED_SHARE)
    assert {event.carrier for event in day.events} == set(CARRIERS)


def test_it_has_several_sources_corrections_and_cancelled_orders() -> None:
    day = record(5_000, 1, NOW)
    sources = Counter(event.source.feed.partition(".")[0] == event.carrier for event in day.events)
    assert min(sources.values()) > 100
    assert {event.correction for event in day.events} == set(Correction)
    assert day.cancelled
    assert len(day.references) > len({(one.order_id, one.delivery_id) for one in day.references})


def test_its_shipments_lie_within_the_day() -> None:
    day = record(5_000, 1, NOW)
    assert all(event.occurred_at >= NOW - 86_400_000 for event in day.events)


def told(day: Day, seed: int) -> dict[str, int]:
    said = [*(Received(event, b"") for event in day.events), *day.references]
    Random(seed).shuffle(said)
    return step(said, {key_of(one).decode(): None for one in (*day.events, *day.references)}).counts


def test_none_of_its_good_records_is_refused_and_every_distinct_event_is_accepted() -> None:
    day = record(5_000, 1, NOW)
    counts = told(day, 2)
    assert "refused" not in counts
    assert counts["accepted"] == day.distinct
    assert counts["accepted"] + counts["duplicates"] == len(day.events)
    assert counts["merged"] > 100
