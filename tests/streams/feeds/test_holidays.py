"""The days rules fall on."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.feeds.holidays import days_of, easter


@pytest.mark.parametrize(
    ("rule", "year", "days"),
    [
        ("12-25", 2026, ["2026-12-25"]), ("2026-12-24", 2026, ["2026-12-24"]), ("2026-12-24", 2027, []),
        ("third monday of 01", 2026, ["2026-01-19"]), ("last monday of 05", 2026, ["2026-05-25"]),
        ("last monday of 12", 2026, ["2026-12-28"]), ("fourth thursday of 11", 2026, ["2026-11-26"]),
        ("monday before 05-25", 2026, ["2026-05-18"]), ("saturday after 06-19", 2026, ["2026-06-20"]),
        ("easter -2", 2026, ["2026-04-03"]), ("easter", 2027, ["2027-03-28"]), ("02-29", 2026, []),
        ("02-29", 2028, ["2028-02-29"]), ("01-01 or monday if weekend", 2022, ["2022-01-01", "2022-01-03"]),
        ("12-25 or monday if saturday or tuesday if sunday", 2022, ["2022-12-25", "2022-12-27"]),
        ("12-25 or monday if saturday or tuesday if sunday", 2026, ["2026-12-25"]),
    ],
)
def test_a_rule_falls_on(rule: str, year: int, days: list[str]) -> None:
    assert [str(day) for day in days_of(rule, year)] == days


@pytest.mark.parametrize("rule", ["christmas", "13-01", "fifth monday of 01", "01-01 or monday", "monday near 05-25"])
def test_what_is_no_rule_is_refused(rule: str) -> None:
    with pytest.raises(ValueError):
        days_of(rule, 2026)


@pytest.mark.parametrize(
    ("year", "day"), [(1954, "1954-04-18"), (1981, "1981-04-19"), (2000, "2000-04-23"), (2038, "2038-04-25")]
)
def test_easter_is_where_the_tables_have_it(year: int, day: str) -> None:
    assert str(easter(year)) == day


@settings(deadline=None)
@given(st.integers(1900, 2200), st.integers(1, 12))
def test_an_ordinal_weekday_lies_in_its_month_and_a_week_behind_the_one_before(year: int, month: int) -> None:
    days = [days_of(f"{which} friday of {month:02}", year)[0] for which in ("first", "second", "third", "fourth")]
    assert all(day.weekday() == 4 and day.month == month for day in days)
    assert days[0].day <= 7
    assert [later - sooner for sooner, later in pairwise(days)] == [timedelta(weeks=1)] * 3
    last = days_of(f"last friday of {month:02}", year)[0]
    assert (last.month, (last + timedelta(weeks=1)).month == month) == (month, False)
    assert isinstance(last, date)
