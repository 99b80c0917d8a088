"""Carriers compared: how many of their deliveries were in time, and how well and how fast they report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from connectors.read_store.counts import CarrierNow
from connectors.read_store.reader import ReadStore
from portal.pages.templates import PlainErrors
from portal.sign_in.people import Person
from portal.tower import trends
from portal.tower.lists import table
from portal.tower.services import TowerServices
from portal.tower.trends import SPANS, Span, Spark, Sums, duration, percent, span_of
from streams.contracts.model import FeedState
from streams.read_model.tallies import MILESTONES_EXPECTED, Measure

MILESTONES: Mapping[Measure, str] = dict(
    zip(MILESTONES_EXPECTED, ("pickup", "departure", "out for delivery", "delivery", "proof"), strict=True)
)
"""Reports that are due of each delivered shipment, in words."""
COLUMNS = (
    "carrier", "first_day", "last_day", "delivered", "delivered_on_time", "delivered_late", "on_time_percent", "events",
    "latency_p50_s", "latency_p95_s", "received_to_told_p95_s", "milestones_percent",
    *(f"{name.replace(' ', '_')}_percent" for name in MILESTONES.values()), "unmapped", "false_starts", "shipments",
    "at_risk", "with_open_exception", "dead_letters",
)
_MEASURES = (
    Measure.EVENTS, Measure.UNMAPPED, Measure.FALSE_START, Measure.RECEIVED_AFTER, Measure.TOLD_AFTER,
    Measure.DELIVERED, Measure.ON_TIME, Measure.LATE, *MILESTONES,
)
_PROMISED = (Measure.ON_TIME, Measure.LATE)


class Score(NamedTuple):
    """One carrier over a span of days. ``on_time``: percent of the deliveries that were promised. ``median``, ``most``:
    ms from an event to its receipt, of half and of 95 in 100; ``told_most``: from there to the history, of 95 in 100.
    ``milestones``: percent of the deliveries that have each report; ``reported``: of all that are due. None: of
    nothing. ``feed``: the feed that has the carrier's name; None where there is none."""

    carrier: str
    delivered: int
    in_time: int
    delivered_late: int
    on_time: float | None
    on_time_line: Spark
    events: int
    median: int | None
    most: int | None
    median_line: Spark
    told_most: int | None
    milestones: dict[str, float | None]
    reported: float | None
    unmapped: int
    false_starts: int
    now: CarrierNow
    feed: FeedState | None


def scores(store: ReadStore, span: Span) -> list[Score]:
    """Every carrier, the one with the most deliveries first."""
    sums = Sums(store.figures.counted(_MEASURES, span.first, span.last, span.step), span)
    standing = store.carriers()
    feeds = store.feeds()
    found = []
    for carrier in sums.carriers | standing.keys():
        number = partial(sums.number, carrier=carrier)
        on_time = partial(sums.percent, _PROMISED[:1], _PROMISED, carrier)
        found.append(Score(
            carrier, number(Measure.DELIVERED), number(Measure.ON_TIME), number(Measure.LATE), on_time(),
            sums.line(on_time, percent), number(Measure.EVENTS), sums.median(Measure.RECEIVED_AFTER, carrier),
            sums.most(Measure.RECEIVED_AFTER, carrier),
            sums.line(partial(sums.median, Measure.RECEIVED_AFTER, carrier), duration),
            sums.most(Measure.TOLD_AFTER, carrier),
            {name: sums.percent((one,), (Measure.DELIVERED,), carrier) for one, name in MILESTONES.items()},
            sums.percent(MILESTONES, (Measure.DELIVERED,) * len(MILESTONES), carrier), number(Measure.UNMAPPED),
            number(Measure.FALSE_START), standing.get(carrier, CarrierNow()),
            feeds[carrier].state if carrier in feeds else None,
        ))
    return sorted(found, key=lambda one: (-one.delivered, -one.now.shipments, one.carrier))


def rows(found: Sequence[Score], span: Span) -> list[dict[str, object]]:
    """The scores by the names of their columns: seconds and percent, to a tenth."""
    return [
        dict(zip(COLUMNS, (
            one.carrier, trends.date(span.first), trends.date(span.last), one.delivered, one.in_time,
            one.delivered_late, _digit(one.on_time), one.events, _seconds(one.median), _seconds(one.most),
            _seconds(one.told_most), _digit(one.reported), *map(_digit, one.milestones.values()), one.unmapped,
            one.false_starts, *one.now, one.feed.dead_letters if one.feed else None,
        ), strict=True))
        for one in found
    ]


def router(services: TowerServices) -> APIRouter:
    """``/tower/carriers``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)

    @api.get("/tower/carriers")
    def carriers(request: Request, who: Person = Depends(services.signed_in)) -> Response:
        span = span_of(request, services.now())
        return services.show(
            "carriers.html", who, "carriers", scores=scores(services.store, span), span=span, spans=SPANS,
            duration=duration, percent=percent, width=trends.WIDTH, height=trends.HEIGHT,
        )

    @api.get("/tower/carriers.csv")
    def export(request: Request, who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        span = span_of(request, services.now())
        return table("carriers", COLUMNS, [
            list(one.values()) for one in rows(scores(services.store, span), span)
        ])

    return api


def _digit(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _seconds(length: int | None) -> float | None:
    return None if length is None else round(length / 1000, 1)
