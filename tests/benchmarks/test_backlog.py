"""The figures of a backlog are told with what is asked of them."""

from __future__ import annotations

import pytest

from benchmarks.backlog import Look, Measured, lines


@pytest.mark.parametrize(("last", "peak", "verdicts"), [
    (120.0, 124.0, ["met", "met"]), (120.0, 130.0, ["met", "**not met**"]), (140.0, 141.0, ["**not met**"] * 2),
])
def test_a_backlog_is_flat_where_the_last_tenth_costs_hardly_more_than_the_first(
    last: float, peak: float, verdicts: list[str]
) -> None:
    waiting = [Look(100, 100.0, 1.0), Look(1_000, last, 9.0)]
    told = lines(Measured(waiting, [Look(100, 110.0, 9.0)], peak, (2_000.0, 700.0), (0.06, 0.12)))
    assert [line.split("|")[-2].strip() for line in told if "at most" in line] == verdicts
    assert "| 100 | 100 | 1 | 110 |" in told
    assert f"| 1,000 | {last:.0f} | 9 | - |" in told
