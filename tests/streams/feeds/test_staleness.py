"""All feeds together: how often any is to be heard, and from when silences count."""

from __future__ import annotations

from msgspec.structs import replace

from streams.feeds.cadence import Cadence, Pause
from streams.feeds.feed_alerts import ALL_FEEDS
from streams.feeds.staleness import (
    NOTED_MS,
    Silence,
    cadence_of_all,
    find_silence,
    first_seen,
    has_recovered,
    last_received,
    with_check,
    with_receipts,
)

NOON = 1_767_268_800_000
MINUTE = 60_000
OWN = 30 * MINUTE
NEW_YEAR, BOXING = Pause(NOON, NOON + 5, "New Year's Day"), Pause(NOON - 9, NOON - 5, "Boxing Day")


def heard(feed: str, at: int = NOON):
    return with_receipts(first_seen(feed, NOON), [at])


def test_any_feed_is_to_be_heard_as_often_as_the_most_talkative_that_ever_was() -> None:
    watched = {"quick": Cadence(60, 600), "slow": Cadence(7200, 9000), "mute": Cadence(1, 2)}
    states = {"quick": heard("quick"), "slow": heard("slow"), "mute": first_seen("mute", NOON)}
    assert cadence_of_all(states, watched, OWN) == Cadence(60, 1800)
    del states["quick"]
    assert cadence_of_all(states, watched, OWN) is None, "one alone is itself"
    states["other"] = heard("other")
    assert cadence_of_all(states, {**watched, "other": Cadence(9000, 9000)}, OWN) == Cadence(7200, 14_400)


def test_all_rest_where_each_does() -> None:
    watched = {"north": Cadence(60, 600, (BOXING, NEW_YEAR)), "south": Cadence(60, 600, (NEW_YEAR,))}
    found = cadence_of_all({feed: heard(feed) for feed in watched}, watched, OWN)
    assert found is not None
    assert found.pauses == (NEW_YEAR,)


def test_the_watch_notes_now_and_then_that_it_looks() -> None:
    together = with_check(first_seen(ALL_FEEDS, NOON - 1), NOON, OWN)
    assert (together.looked_at, together.watched_since) == (NOON, NOON)
    assert with_check(together, NOON + NOTED_MS - 1, OWN) is together
    noted = with_check(together, NOON + NOTED_MS, OWN)
    assert (noted.looked_at, noted.watched_since) == (NOON + NOTED_MS, NOON)


def test_silences_count_from_now_after_a_watch_that_was_away_or_a_clock_that_jumped() -> None:
    together = with_check(first_seen(ALL_FEEDS, NOON), NOON, OWN)
    for now in (NOON + OWN + 1, NOON - OWN - 1):
        assert with_check(together, now, OWN).watched_since == now
    assert with_check(together, NOON - MINUTE, OWN) is together


def test_what_is_heard_last_is_the_latest_of_all_whatever_is_read_last() -> None:
    together = with_receipts(with_receipts(first_seen(ALL_FEEDS, NOON), [NOON - 9, NOON - 5]), [NOON - 7])
    assert last_received(together) == NOON - 5
    assert last_received(first_seen("north", NOON)) == NOON


def test_a_silence_counts_from_no_sooner_than_it_is_told_to() -> None:
    north, cadence = heard("north"), Cadence(60, 600)
    found = find_silence(north, cadence, 0, NOON + 601_000)
    assert found == Silence(
        NOON + 600_000, "is silent for more than 10 min, since 2026-01-01 12:00:00 UTC; expected every 1 min"
    )
    assert find_silence(north, cadence, NOON + 2000, NOON + 601_000) is None
    assert has_recovered(north, cadence, NOON + 600_000)
    assert not has_recovered(north, cadence, NOON + 600_001)
    assert has_recovered(replace(north, last_received_at=NOON + MINUTE), cadence, NOON + 600_001)
