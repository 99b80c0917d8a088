"""Hours heard, what is learnt of them, and when a silence is too long."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.feeds.cadence import (
    ENOUGH_WEEKS,
    HOUR_MS,
    HOURS,
    NOTHING_LEARNT,
    WEEKS,
    Cadence,
    Pause,
    WeeklyPattern,
    explanation,
    span,
    stale_at,
    weekly_pattern,
    with_hour,
)

WEEK_ZERO = 2_900 * HOURS * HOUR_MS
DECLARED = Cadence(expect_every_s=900, stale_after_s=7200)


def heard(hours: list[int]) -> tuple[bytes, int]:
    """Receipts by the hour, counted from a week's beginning."""
    bits, week = b"", 0
    for hour in hours:
        bits, week = with_hour(bits, week, WEEK_ZERO + hour * HOUR_MS + 1)
    return bits, week


def each_week(hours: range | list[int], weeks: int = WEEKS) -> list[int]:
    return [week * HOURS + hour for week in range(weeks) for hour in hours]


DAYS_ALONE = [day * 24 + hour for day in range(7) for hour in range(8, 20)]


def test_no_pattern_is_learnt_from_fewer_than_four_whole_weeks() -> None:
    assert weekly_pattern(*heard(each_week(DAYS_ALONE, ENOUGH_WEEKS + 1))) == NOTHING_LEARNT
    assert weekly_pattern(*heard(each_week(DAYS_ALONE, ENOUGH_WEEKS + 2))).weeks == ENOUGH_WEEKS
    assert weekly_pattern(b"", 0) == NOTHING_LEARNT


def test_nights_are_quiet_where_a_feed_speaks_by_day() -> None:
    learnt = weekly_pattern(*heard(each_week(DAYS_ALONE)))
    assert learnt.quiet == frozenset(range(HOURS)) - set(DAYS_ALONE)
    assert learnt.usual_s == 0


def test_an_hour_heard_now_and_then_is_quiet_still_and_one_heard_of_late_no_more() -> None:
    once = [*each_week(DAYS_ALONE), 2 * HOURS + 3]
    assert 3 in weekly_pattern(*heard(once)).quiet
    of_late = [*each_week(DAYS_ALONE), 5 * HOURS + 3, 6 * HOURS + 3]
    assert 3 not in weekly_pattern(*heard(of_late)).quiet


MOVING = [week * HOURS + (day * 24 + (day * 5 + week * 7) % 24) for week in range(WEEKS) for day in range(7)]


def test_a_feed_that_keeps_no_hours_has_no_quiet_ones_and_its_usual_gap_is_learnt() -> None:
    learnt = weekly_pattern(*heard(MOVING))
    assert not learnt.quiet
    assert 24 * 3600 < learnt.usual_s <= 48 * 3600


def test_the_longest_gap_is_taken_for_an_outage() -> None:
    hours = [hour for hour in each_week(range(HOURS)) if not 400 <= hour < 460]
    assert weekly_pattern(*heard(hours)) == WeeklyPattern(frozenset(), 0, WEEKS - 2)


def test_a_gap_that_comes_again_and_again_is_usual() -> None:
    hours = [hour for hour in each_week(range(HOURS)) if (hour // 5) % 13]
    learnt = weekly_pattern(*heard(hours))
    assert not learnt.quiet
    assert learnt.usual_s == 6 * 3600


def test_a_holiday_teaches_no_gap() -> None:
    first, second = (
        Pause(WEEK_ZERO + week * HOURS * HOUR_MS, WEEK_ZERO + (week * HOURS + 72) * HOUR_MS, "rest") for week in (3, 4)
    )
    hours = [hour for hour in MOVING if not (hour // HOURS in (3, 4) and hour % HOURS < 72)]
    assert weekly_pattern(*heard(hours)).usual_s > 72 * 3600
    assert weekly_pattern(*heard(hours), (first, second)).usual_s <= 48 * 3600


@settings(deadline=None)
@given(st.lists(st.integers(0, 12 * HOURS), max_size=60), st.data())
def test_the_hours_heard_depend_on_no_order_and_no_repetition(hours: list[int], data: st.DataObject) -> None:
    told = data.draw(st.permutations(hours + data.draw(st.lists(st.sampled_from(hours)) if hours else st.just([]))))
    bits, week = heard(told)
    assert (bits, week) == heard(sorted(hours))
    if hours:
        newest = max(hours) // HOURS
        kept = {hour for hour in hours if hour // HOURS > newest - WEEKS}
        assert sum(one.bit_count() for one in bits) == len(kept)


def test_while_nothing_is_learnt_what_is_declared_holds() -> None:
    found = stale_at(WEEK_ZERO, DECLARED, NOTHING_LEARNT, WEEK_ZERO + 5 * HOUR_MS)
    assert found is not None
    assert (found.at, found.wait_s) == (WEEK_ZERO + 2 * HOUR_MS, 7200)
    assert stale_at(WEEK_ZERO, DECLARED, NOTHING_LEARNT, WEEK_ZERO + HOUR_MS) is None


def test_quiet_hours_and_pauses_do_not_count() -> None:
    rest = Pause(WEEK_ZERO + 5 * HOUR_MS + 1800_000, WEEK_ZERO + 7 * HOUR_MS, "rest")
    cadence = Cadence(900, 7200, (rest,))
    learnt = WeeklyPattern(frozenset(range(1, 5)), 0, 6)
    found = stale_at(WEEK_ZERO + 1800_000, cadence, learnt, WEEK_ZERO + 50 * HOUR_MS)
    assert found is not None
    assert found.at == WEEK_ZERO + 8 * HOUR_MS
    assert found.paused == ("rest",)


def test_a_learnt_pattern_never_shortens_the_declared_silence() -> None:
    found = stale_at(WEEK_ZERO, DECLARED, WeeklyPattern(frozenset(), 5 * 3600, 6), WEEK_ZERO + 9 * HOUR_MS)
    shorter = stale_at(WEEK_ZERO, DECLARED, WeeklyPattern(frozenset(), 3600, 6), WEEK_ZERO + 9 * HOUR_MS)
    assert found is not None
    assert shorter is not None
    assert (found.at - WEEK_ZERO, shorter.at - WEEK_ZERO) == (5 * HOUR_MS, 2 * HOUR_MS)
    assert explanation(DECLARED, WeeklyPattern(frozenset(), 5 * 3600, 6), found) == (
        "expected every 15 min; silent for up to 5 h now and then in the last 6 weeks"
    )


@settings(deadline=None)
@given(st.integers(0, 400), st.frozensets(st.integers(0, HOURS - 1), max_size=HOURS - 1), st.integers(0, 40))
def test_between_a_silence_and_its_end_lie_as_many_hours_that_count_as_are_declared(
    begins: int, quiet: frozenset[int], minutes: int
) -> None:
    since = WEEK_ZERO + begins * HOUR_MS + minutes * 60_000
    found = stale_at(since, DECLARED, WeeklyPattern(quiet, 0, 6), since + 5 * HOURS * HOUR_MS)
    assert found is not None
    counted = sum(
        60_000 for at in range(since, found.at, 60_000) if at // HOUR_MS % HOURS not in quiet
    )
    assert counted == 7_200_000


@pytest.mark.parametrize(("seconds", "said"), [(7200, "2 h"), (5400, "90 min"), (450, "450 s")])
def test_a_span_is_said_in_the_largest_unit_that_fits(seconds: int, said: str) -> None:
    assert span(seconds) == said
