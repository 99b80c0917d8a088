"""Decides which reports are of one occurrence: the same milestone by webhook, poll, EDI and an aggregator, each in its
own words and with its own rounding, is told once; two scans a minute apart of one source stay two.

The rule: every report is an interval of the times it can mean. Reports of one milestone are one occurrence where they
come from different sources and their intervals have a time in common; how often it happened is the least number of
occurrences that accounts for all reports, at most one a source in each. That number depends on the set of reports alone
and never falls when another one comes, so the n-th occurrence can be told the moment the number reaches n, under an id
made of n: in any order of arrival the same ids go out, each once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.contracts.ids import digest
from streams.kernel.memo import remembered
from streams.kernel.vocabulary import Precision

ROUNDING_MS = 45_000
"""Clocks are cut or rounded to the minute: two instants at most 90 s apart may be one."""
ASSUMED_ZONE_MS = 12 * 3_600_000
"""A local time whose zone had to be assumed may mean any time half a day around."""
DAY_MS = 24 * 3_600_000


class Report(NamedTuple):
    """Holds one source's statement that something happened between two times (UTC ms, both included)."""

    source: int
    earliest: int
    latest: int


@remembered(10_000)
def source_number(feed: str, channel: str) -> int:
    """A source as a number of 30 bits: a feed may speak by several channels, which repeat each other."""
    return int(digest("source", feed, channel)[:8], 16) >> 2


@remembered(10_000)
def encode_report(feed: str, channel: str, precision: Precision, zone_assumed: bool) -> int:
    """A report as a shipment's record keeps it: the source and how its time was told, in 32 bits."""
    return source_number(feed, channel) << 2 | (2 if zone_assumed else 0) | (precision is Precision.DATE_ONLY)


def source_of(report: int) -> int:
    """The source of a report as it is kept."""
    return report >> 2


def read_report(report: int, occurred_at: int) -> Report:
    """A report as it is kept, with the time of its event."""
    precision = Precision.DATE_ONLY if report & 1 else Precision.INSTANT
    return report_of(report >> 2, occurred_at, precision, bool(report & 2))


def report_of(source: int, occurred_at: int, precision: Precision, zone_assumed: bool) -> Report:
    """Builds a source's report: the span of time in which the event took place. ``occurred_at``: UTC ms; of a date
    alone its first instant."""
    before = after = ROUNDING_MS
    if precision is Precision.DATE_ONLY:
        before, after = 0, DAY_MS - 1
    if zone_assumed:
        before, after = before + ASSUMED_ZONE_MS, after + ASSUMED_ZONE_MS
    return Report(source, occurred_at - before, occurred_at + after)


def occurrences(reports: Sequence[Report]) -> list[int]:
    """Assigns each report, in their order, to an occurrence: 0, 1, 2 ... The number of them is the least possible.

    Reports are taken by their latest time; each joins the earliest occurrence in its interval its source has not told
    of yet, else it is one of its own, placed as late as it can be.
    """
    found = [0] * len(reports)
    times: list[int] = []
    sources: list[set[int]] = []
    for place in sorted(range(len(reports)), key=lambda at: (reports[at][::-1], at)):
        source, earliest, latest = reports[place]
        for number, time in enumerate(times):
            if time >= earliest and source not in sources[number]:
                sources[number].add(source)
                found[place] = number
                break
        else:
            found[place] = len(times)
            times.append(latest)
            sources.append({source})
    return found
