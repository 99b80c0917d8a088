"""``/v1/board`` and ``/v1/scorecard``: figures over days, as the tower's boards show them."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.models.figures import Board, PeriodOfBoard, Score, Scorecard
from portal.api.queries import Figures, Form
from portal.api.services import PortalServices
from portal.tower import board, scorecard
from portal.tower.lists import table
from portal.tower.services import targets_of
from portal.tower.trends import date, span_ending
from portal.words.times import HOUR
from streams.read_model.tallies import Measure

SCOPE = "figures:read"


def router(services: PortalServices) -> APIRouter:
    """The endpoints."""
    api, store = APIRouter(tags=["figures"], dependencies=[Depends(Access(services, {SCOPE}))]), services.store
    targets = targets_of(services.settings.portal)

    @api.get(
        "/v1/board", operation_id="get_board", summary="Service levels and automation", response_model=Board,
        responses=described(csv=True), openapi_extra=secured(),
    )
    def of_board(request: Request, wanted: Figures) -> Response:
        """The numbers of the whole span, and of each day, over 90 days of each week."""
        now = round(services.now() * 1000)
        span = span_ending(wanted.days, now)
        found = board.counted(store, targets, span)
        rows = board.rows(found.periods)
        if wanted.format is Form.CSV:
            return table("board", board.COLUMNS, [list(one.values()) for one in rows])
        sums = found.sums
        return answer(request, Board(
            days=span.days, first_day=date(span.first), last_day=date(span.last),
            untouched_percent=board.rounded(sums.percent((Measure.UNTOUCHED,), (Measure.DELIVERED,))),
            delivery_to_posting_p50_s=_seconds(sums.median(Measure.POSTED_AFTER)),
            delivery_to_posting_p95_s=_seconds(sums.most(Measure.POSTED_AFTER)),
            closed_in_time_percent=board.rounded(board.in_time(found.closed)),
            manual_fixes=sum(one.fixes for one in found.periods),
            target_hours={severity.value: target / HOUR for severity, target in targets.items()},
            open_beyond_target={
                severity.value: number for severity, number in board.overdue(store, targets, now).items()
            },
            items=[PeriodOfBoard.model_validate(one) for one in rows],
        ))

    @api.get(
        "/v1/scorecard", operation_id="get_scorecard", summary="Carriers compared", response_model=Scorecard,
        responses=described(csv=True), openapi_extra=secured(),
    )
    def of_scorecard(request: Request, wanted: Figures) -> Response:
        """Every carrier, the one with the most deliveries first."""
        span = span_ending(wanted.days, round(services.now() * 1000))
        rows = scorecard.rows(scorecard.scores(store, span), span)
        if wanted.format is Form.CSV:
            return table("scorecard", scorecard.COLUMNS, [list(one.values()) for one in rows])
        return answer(request, Scorecard(
            days=span.days, first_day=date(span.first), last_day=date(span.last),
            items=[Score.model_validate(one) for one in rows],
        ))

    return api


def _seconds(length: int | None) -> int | None:
    return None if length is None else round(length / 1000)
