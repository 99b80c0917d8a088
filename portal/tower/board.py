"""How well deliveries are served, and how much of it runs without people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from connectors.read_store.figures import Closed
from connectors.read_store.reader import ReadStore
from portal.pages.templates import PlainErrors
from portal.sign_in.people import Person
from portal.tower import trends
from portal.tower.lists import table
from portal.tower.services import TowerServices
from portal.tower.trends import SPANS, Span, Spark, Sums, by_day, duration, percent, span_of, spark
from streams.contracts.model import MasterRecord
from streams.kernel.vocabulary import Severity
from streams.read_model.project import key_of
from streams.read_model.tallies import Measure, day_of

SHOWN = 50
"""Decisions that the page lists."""
COLUMNS = (
    "first_day", "last_day", "delivered", "untouched_percent", "posted", "delivery_to_posting_p50_s", "alerts_closed",
    "closed_in_time_percent", "manual_fixes",
)
_MEASURES = (Measure.DELIVERED, Measure.UNTOUCHED, Measure.POSTED_AFTER, Measure.CONFIRMED)


class Period(NamedTuple):
    """One point of the lines. ``first`` and ``last``: dates; ``untouched`` and ``in_time``: percent, None of nothing;
    ``posted_after``: ms, the median; None of nothing."""

    first: str
    last: str
    delivered: int
    untouched: float | None
    posted: int
    posted_after: int | None
    closed: int
    in_time: float | None
    fixes: int


class Counts(NamedTuple):
    """The numbers of a span, the alerts closed in it by day, and its periods, the oldest first."""

    sums: Sums
    closed: Sequence[Closed]
    periods: list[Period]


class Number(NamedTuple):
    """One number of the board. ``says``: what it counts; ``further``: more about it; ``link``: the list behind it."""

    name: str
    value: str
    says: str
    further: str
    link: str
    line: Spark


class Board(NamedTuple):
    """The numbers and the periods they are made of, the oldest first; ``decisions``: what people decided, the newest
    first, with the key of the shipment it is about."""

    numbers: list[Number]
    periods: list[Period]
    decisions: list[tuple[MasterRecord, str]]


def counted(store: ReadStore, targets: Mapping[Severity, int], span: Span) -> Counts:
    """The numbers of the span. ``targets``: ms within which alerts of a severity are to be closed."""
    figures = store.figures
    sums = Sums(figures.counted(_MEASURES, span.first, span.last, span.step), span)
    closed = figures.closed(span.begins_at, targets)
    decided = by_day([(day_of(at), 1) for at in figures.decided_at(span.begins_at)], span)
    closed_in: dict[int | None, list[Closed]] = {}
    for one in closed:
        closed_in.setdefault(span.point(one.day), []).append(one)
    return Counts(sums, closed, [
        _period(
            trends.named(span, point), sums, point, decided.get(point, 0), closed_in.get(point, []),
        )
        for point in range(span.points)
    ])


def overdue(store: ReadStore, targets: Mapping[Severity, int], now: int) -> dict[Severity, int]:
    """How many alerts of each severity are open for longer than its target. ``now``: UTC ms."""
    return {severity: store.figures.raised_before(severity, now - target) for severity, target in targets.items()}


def board(services: TowerServices, span: Span) -> Board:
    """All of it."""
    found = counted(services.store, services.targets, span)
    return Board(
        _numbers(services, span, found.sums, found.closed, found.periods), found.periods,
        [(one, key_of(one.carrier, one.tracking_number) if one.tracking_number else "")
         for one in services.store.figures.decisions(span.begins_at)[:SHOWN]],
    )


def rows(periods: Sequence[Period]) -> list[dict[str, object]]:
    """The periods by the names of their columns: seconds, and percent to a tenth."""
    return [
        dict(zip(COLUMNS, one._replace(
            untouched=rounded(one.untouched), in_time=rounded(one.in_time),
            posted_after=None if one.posted_after is None else round(one.posted_after / 1000),
        ), strict=True))
        for one in periods
    ]


def _period(
    days: tuple[str, str], sums: Sums, point: int, decided: int, closed: Sequence[Closed]
) -> Period:
    return Period(
        *days, sums.number(Measure.DELIVERED, point=point),
        sums.percent((Measure.UNTOUCHED,), (Measure.DELIVERED,), point=point),
        sums.number(Measure.POSTED_AFTER, point=point), sums.median(Measure.POSTED_AFTER, point=point),
        sum(one.number for one in closed), in_time(closed), decided + sums.number(Measure.CONFIRMED, point=point),
    )


def in_time(closed: Sequence[Closed]) -> float | None:
    """The percentage of alerts that were closed within the target of their severity; None of none."""
    number = sum(one.number for one in closed)
    return 100 * sum(one.in_time for one in closed) / number if number else None


def _numbers(
    services: TowerServices, span: Span, sums: Sums, closed: Sequence[Closed], periods: Sequence[Period]
) -> list[Number]:
    def line(value: Callable[[Period], float | None], words: Callable[[float], str]) -> Spark:
        return spark([value(one) for one in periods], words)

    untouched = sums.percent((Measure.UNTOUCHED,), (Measure.DELIVERED,))
    half, most = sums.median(Measure.POSTED_AFTER), sums.most(Measure.POSTED_AFTER)
    kept, ended = in_time(closed), sum(one.number for one in closed)
    late = overdue(services.store, services.targets, services.now())
    worst = next((severity for severity, number in late.items() if number), None)
    targets = ", ".join(f"{severity} {duration(target)}" for severity, target in services.targets.items())
    last = sum(one.fixes for one in periods[-1:])
    return [
        Number("Untouched by hand", _said(untouched, percent), "of delivered shipments, nobody did anything about them",
               f"{sums.number(Measure.DELIVERED):,} delivered", "/tower/shipments?status=delivered",
               line(lambda one: one.untouched, percent)),
        Number("Delivery to posting", _said(half, duration), "half of all take no longer",
               f"95 of 100: {_said(most, duration)}; {sums.number(Measure.POSTED_AFTER):,} posted", "/tower/postings",
               line(lambda one: one.posted_after, duration)),
        Number("Exceptions closed in time", _said(kept, percent), f"of {ended:,} closed; within: {targets}",
               f"{sum(late.values()):,} open beyond that now",
               f"/tower?severity={worst}" if worst is not None else "/tower", line(lambda one: one.in_time, percent)),
        Number("Manual fixes", f"{sum(one.fixes for one in periods):,}",
               "references, links and deliveries that people decided",
               f"{last:,} {'in the last week' if span.step > 1 else 'today'}", "#decided",
               line(lambda one: one.fixes, lambda number: f"{number:,.0f}")),
    ]


def _said(value: float | None, words: Callable[[float], str]) -> str:
    return "none" if value is None else words(value)


def router(services: TowerServices) -> APIRouter:
    """``/tower/board``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)

    @api.get("/tower/board")
    def page(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        span = span_of(request, services.now())
        return services.show(
            "board.html", who, "board", board=board(services, span), span=span, spans=SPANS, percent=percent,
            duration=duration, width=trends.WIDTH, height=trends.HEIGHT,
        )

    @api.get("/tower/board.csv")
    def export(request: Request, who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        found = counted(services.store, services.targets, span_of(request, services.now()))
        return table("board", COLUMNS, [list(one.values()) for one in rows(found.periods)])

    return api


def rounded(value: float | None) -> float | None:
    """To a tenth."""
    return None if value is None else round(value, 1)
