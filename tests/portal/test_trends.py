"""Numbers over time: which day belongs to which point, and the line through them."""

from __future__ import annotations

import pytest

from portal.tower.trends import HEIGHT, WIDTH, Span, Sums, by_day, duration, percent, spark
from streams.read_model.tallies import Measure

WEEK, QUARTER = Span(7, 94, 100, 1), Span(90, 11, 100, 7)


def test_the_last_point_is_whole_and_days_outside_have_none() -> None:
    assert [WEEK.point(day) for day in (93, 94, 100, 101)] == [None, 0, 6, None]
    assert WEEK.points == 7
    assert QUARTER.points == 13
    assert [QUARTER.point(day) for day in (10, 11, 93, 94, 100)] == [None, 0, 11, 12, 12]
    assert by_day([(94, 2), (94, 1), (100, 5), (3, 9)], WEEK) == {0: 3, 6: 5}


def test_sums_are_told_apart_by_carrier_and_point() -> None:
    sums = Sums([
        ("ups", Measure.ON_TIME, 6, 0, 3), ("ups", Measure.LATE, 6, 0, 1), ("dhl", Measure.ON_TIME, 5, 0, 1),
    ], WEEK)
    assert sums.percent((Measure.ON_TIME,), (Measure.ON_TIME, Measure.LATE), "ups") == 75
    assert sums.percent((Measure.ON_TIME,), (Measure.ON_TIME, Measure.LATE)) == 80
    assert sums.percent((Measure.ON_TIME,), (Measure.ON_TIME,), "ups", 3) is None
    assert sums.number(Measure.ON_TIME, "dhl") == sums.number(Measure.ON_TIME, "dhl", 1) == 1


def test_a_line_breaks_where_nothing_is_known_and_says_so_in_words() -> None:
    found = spark([50.0, 100.0, None, 75.0], percent)
    assert len(found.lines) == len(found.dots) == 1
    assert found.says == "from 50.0 % to 75.0 %, between 50.0 % and 100.0 %"
    places = [tuple(map(float, one.split(","))) for one in found.lines[0].split()]
    assert places[0][1] > places[1][1], "more stands higher"
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in [*places, *found.dots])
    assert spark([None, None], percent) == ([], [], "no value yet")
    assert spark([3.0, 3.0], percent).lines != []


@pytest.mark.parametrize(("length", "words"), [
    (400, "under 1 s"), (40_000, "40 s"), (90_000, "1.5 min"), (3_600_000 * 30, "1.2 d"),
])
def test_a_duration_has_two_digits(length: int, words: str) -> None:
    assert duration(length) == words
