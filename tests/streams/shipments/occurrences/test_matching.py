"""How many things happened, as far as several sources tell: checked against trying every way to group the reports."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.kernel.vocabulary import Precision
from streams.shipments.occurrences.matching import (
    DAY_MS,
    ROUNDING_MS,
    Report,
    encode_report,
    occurrences,
    read_report,
    report_of,
    source_number,
    source_of,
)

NOON = 1_790_000_000_000
MINUTE, HOUR = 60_000, 3_600_000
REPORTS = st.lists(
    st.builds(
        lambda source, start, width: Report(source, start, start + width),
        st.integers(0, 2), st.integers(0, 12), st.sampled_from([1, 2, 2, 6, 9]),
    ),
    max_size=7,
)


def number_of(reports: list[Report]) -> int:
    return len(set(occurrences(reports)))


def least(reports: list[Report]) -> int:
    """The least number of groups, by trying all: one report a source, a time in common."""
    best = len(reports)

    def place(index: int, groups: list[tuple[int, int, frozenset[int]]]) -> None:
        nonlocal best
        if len(groups) >= best:
            return
        if index == len(reports):
            best = len(groups)
            return
        source, start, end = reports[index]
        for number, (low, high, sources) in enumerate(groups):
            if source not in sources and max(low, start) <= min(high, end):
                joined = (max(low, start), min(high, end), sources | {source})
                place(index + 1, [*groups[:number], joined, *groups[number + 1 :]])
        place(index + 1, [*groups, (start, end, frozenset({source}))])

    place(0, [])
    return best


@given(REPORTS)
def test_the_number_of_occurrences_is_the_least_that_accounts_for_all(reports: list[Report]) -> None:
    assert number_of(reports) == least(reports)


@given(REPORTS, st.randoms(use_true_random=False))
def test_the_number_depends_on_the_set_alone_and_never_falls(reports: list[Report], random: object) -> None:
    shuffled = reports.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert number_of(shuffled) == number_of(reports)
    numbers = [number_of(shuffled[:count]) for count in range(len(shuffled) + 1)]
    assert all(0 <= after - before <= 1 for before, after in pairwise(numbers))


@given(REPORTS)
def test_no_source_tells_twice_of_one_occurrence_and_all_reports_of_one_can_be_true(reports: list[Report]) -> None:
    found = occurrences(reports)
    for number in set(found):
        mine = [one for one, which in zip(reports, found, strict=True) if which == number]
        assert len({one.source for one in mine}) == len(mine)
        assert max(one.earliest for one in mine) <= min(one.latest for one in mine)


INSTANT, DAY, LOCAL = (Precision.INSTANT, False), (Precision.DATE_ONLY, False), (Precision.LOCAL_NO_ZONE, True)


@pytest.mark.parametrize(
    ("told", "other_source", "told_again", "later_ms", "number"),
    [
        pytest.param(INSTANT, 2, INSTANT, 2 * ROUNDING_MS, 1, id="rounded to the minute"),
        pytest.param(INSTANT, 2, INSTANT, 2 * ROUNDING_MS + 1, 2, id="too far apart"),
        pytest.param(INSTANT, 1, INSTANT, MINUTE, 2, id="two scans of one source"),
        pytest.param(DAY, 2, INSTANT, 23 * HOUR, 1, id="a date and a time on it"),
        pytest.param(DAY, 2, INSTANT, DAY_MS + HOUR, 2, id="a date and the day after"),
        pytest.param(LOCAL, 2, INSTANT, 9 * HOUR, 1, id="a zone that was assumed"),
        pytest.param(LOCAL, 2, INSTANT, -14 * HOUR, 2, id="no zone explains it"),
    ],
)
def test_the_rule_by_example(
    told: tuple[Precision, bool], other_source: int, told_again: tuple[Precision, bool], later_ms: int, number: int
) -> None:
    one, other = report_of(1, NOON, *told), report_of(other_source, NOON + later_ms, *told_again)
    assert number_of([one, other]) == number


@given(st.text(), st.text(), st.sampled_from(Precision), st.booleans())
def test_a_report_is_read_as_it_was_encode_report(feed: str, channel: str, precision: Precision, assumed: bool) -> None:
    source = source_number(feed, channel)
    report = encode_report(feed, channel, precision, assumed)
    assert report < 1 << 32
    assert source_of(report) == source
    assert read_report(report, NOON) == report_of(source, NOON, precision, assumed)
