"""Numbers over time: the spans that boards show, and a small line for each number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from fastapi import Request

from connectors.read_store.figures import Counted
from portal.words.times import DAY, HOUR, MINUTE, SECOND, moment
from streams.read_model.tallies import Measure, day_of, quantile

WIDTH, HEIGHT = 120, 28
_EDGE = 3
SPANS = (7, 30, 90)
"""Days that a board can show."""
USUAL = 30
_WEEKLY_FROM = 90
_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))


class Span(NamedTuple):
    """Whole days of UTC, today among them. ``first`` and ``last``: days since 1970; ``step``: days of one point."""

    days: int
    first: int
    last: int
    step: int

    @property
    def points(self) -> int:
        """How many points a line has."""
        return -(-self.days // self.step)

    @property
    def begins_at(self) -> int:
        """Its first instant, UTC ms."""
        return self.first * DAY

    def point(self, day: int) -> int | None:
        """The point a day belongs to; the last point is always whole. None for a day outside."""
        if not self.first <= day <= self.last:
            return None
        return self.points - 1 - (self.last - day) // self.step


class Spark(NamedTuple):
    """A line over the span. ``lines``: points of polylines, broken where there is no value; ``dots``: single values;
    ``says``: the same in words."""

    lines: list[str]
    dots: list[tuple[float, float]]
    says: str


class Sums:
    """Numbers added up by carrier, measure, point and bucket."""

    def __init__(self, counted: Iterable[Counted], span: Span) -> None:
        """``counted``: numbers of the span, by its step."""
        self._span = span
        self._by: dict[tuple[str, str], dict[tuple[int, int], int]] = {}
        last = span.points - 1
        for carrier, measure, back, bucket, number in counted:
            self._by.setdefault((carrier, measure), {})[last - back, bucket] = number

    @property
    def carriers(self) -> set[str]:
        """The carriers with any number."""
        return {carrier for carrier, _ in self._by}

    def number(self, measure: Measure, carrier: str | None = None, point: int | None = None) -> int:
        """How many; None: of all carriers, in the whole span."""
        return sum(self.buckets(measure, carrier, point).values())

    def buckets(self, measure: Measure, carrier: str | None = None, point: int | None = None) -> dict[int, int]:
        """How many in each bucket of durations."""
        found: dict[int, int] = {}
        for one in self.carriers if carrier is None else (carrier,):
            for (at, bucket), number in self._by.get((one, measure), {}).items():
                if point is None or at == point:
                    found[bucket] = found.get(bucket, 0) + number
        return found

    def percent(
        self, part: Iterable[Measure], whole: Iterable[Measure], carrier: str | None = None, point: int | None = None
    ) -> float | None:
        """So many of a hundred; None of nothing."""
        total = sum(self.number(one, carrier, point) for one in whole)
        return 100 * sum(self.number(one, carrier, point) for one in part) / total if total else None

    def median(self, measure: Measure, carrier: str | None = None, point: int | None = None) -> int | None:
        """The duration in ms that half of all do not exceed."""
        return quantile(self.buckets(measure, carrier, point), 0.5)

    def most(self, measure: Measure, carrier: str | None = None) -> int | None:
        """The duration in ms that 95 of 100 do not exceed."""
        return quantile(self.buckets(measure, carrier), 0.95)

    def line(self, value: Callable[[int], float | None], words: Callable[[float], str]) -> Spark:
        """The line of a value at each point."""
        return spark([value(point) for point in range(self._span.points)], words)


def span_of(request: Request, now: int) -> Span:
    """The span an address asks for with ``days``; thirty days where it does not say. ``now``: UTC ms."""
    asked = request.query_params.get("days", "")
    return span_ending(next((one for one in SPANS if asked == str(one)), USUAL), now)


def span_ending(days: int, now: int) -> Span:
    """The span of so many days, today the last. ``now``: UTC ms."""
    last = day_of(now)
    return Span(days, last - days + 1, last, 7 if days >= _WEEKLY_FROM else 1)


def spark(values: Sequence[float | None], words: Callable[[float], str]) -> Spark:
    """The line through these values; ``words``: one value as text."""
    known = [one for one in values if one is not None]
    if not known:
        return Spark([], [], "no value yet")
    low, high = min(known), max(known)
    step = (WIDTH - 2 * _EDGE) / max(len(values) - 1, 1)

    def place(at: int, value: float) -> tuple[float, float]:
        share = (value - low) / (high - low) if high > low else 0.5
        return round(_EDGE + at * step, 1), round(HEIGHT - _EDGE - share * (HEIGHT - 2 * _EDGE), 1)

    runs: list[list[tuple[float, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(place(at, value))
    lines = [" ".join(f"{x},{y}" for x, y in run) for run in runs if len(run) > 1]
    says = f"from {words(known[0])} to {words(known[-1])}, between {words(low)} and {words(high)}"
    return Spark(lines, [run[0] for run in runs if len(run) == 1], says)


def percent(value: float) -> str:
    """``93.4 %``."""
    return f"{value:.1f} %"


def duration(length: float) -> str:
    """Milliseconds in their largest unit, two digits: ``1.5 min``, ``40 s``."""
    for unit, name in _UNITS:
        if length >= unit:
            return f"{length / unit:.0f} {name}" if length >= 10 * unit else f"{length / unit:.1f} {name}"
    return "under 1 s"


def named(span: Span, point: int) -> tuple[str, str]:
    """The first and the last day of a point within the span, as dates."""
    last = span.last - (span.points - 1 - point) * span.step
    return date(max(last - span.step + 1, span.first)), date(last)


def date(day: int) -> str:
    """``2026-09-21`` of days since 1970."""
    found = moment(day * DAY)
    return "" if found is None else f"{found:%Y-%m-%d}"


def by_day(numbers: Iterable[tuple[int, int]], span: Span) -> Mapping[int, int]:
    """Numbers of days added up by point."""
    found: dict[int, int] = {}
    for day, number in numbers:
        point = span.point(day)
        if point is not None:
            found[point] = found.get(point, 0) + number
    return found
