"""The figures of a backlog are told with what is asked of them."""

from __future__ import annotations

import pytest

from benchmarks.backlog import Look, Measured, lines


@pytest.mark.parametrize(("last", "going", "verdicts"), [
    (120.0, 124.0, ["met", "met"]), (120.0, 140.0, ["met", "**not met**"]), (140.0, 90.0, ["**not met**", "met"]),
])
def test_a_backlog_is_flat_where_its_end_costs_hardly_more_than_its_first_tenth(
    last: float, going: float, verdicts: list[str]
) -> None:
    waiting = [Look(100, 100.0, 1.0), Look(1_000, last, 9.0)]
    told = lines(Measured(waiting, [Look(900, 110.0, 9.0), Look(100, going, 9.0)], 150.0, (2e3, 7e2), (0.06, 0.12)))
    assert [line.split("|")[-2].strip() for line in told if "at most" in line] == verdicts
    assert f"| 100 | 100 | 1 | {going:.0f} |" in told
    assert f"| 1,000 | {last:.0f} | 9 | - |" in told
