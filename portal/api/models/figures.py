"""Figures over days, by period and by carrier, and the audit trail."""

from __future__ import annotations

from pydantic import Field

from portal.api.models.fields import EXAMPLE_TIME, Document, Moment, example
from streams.kernel.audit_vocabulary import ActionChannel, ActionOutcome, ActorKind, SubjectKind

_DAY = Field(description="A day of UTC", json_schema_extra={"format": "date", "examples": ["2026-09-21"]})
_PERIOD = {
    "first_day": "2026-09-21", "last_day": "2026-09-21", "delivered": 40, "untouched_percent": 92.5, "posted": 39,
    "delivery_to_posting_p50_s": 2, "alerts_closed": 4, "closed_in_time_percent": 75.0, "manual_fixes": 1,
}
_SCORE = {
    "carrier": "acme", "delivered": 40, "delivered_on_time": 36, "delivered_late": 2, "on_time_percent": 94.7,
    "events": 212, "latency_p50_s": 41.0, "latency_p95_s": 310.0, "received_to_told_p95_s": 1.4,
    "milestones_percent": 91.0, "pickup_percent": 97.5, "departure_percent": 95.0, "out_for_delivery_percent": 87.5,
    "delivery_percent": 100.0, "proof_percent": 75.0, "unmapped": 0, "false_starts": 1, "shipments": 120, "at_risk": 3,
    "with_open_exception": 2, "dead_letters": 0,
}


class PeriodOfBoard(Document):
    """One day, over 90 days one week. A share of nothing is null."""

    model_config = example(**_PERIOD)
    first_day: str = _DAY
    last_day: str = _DAY
    delivered: int
    untouched_percent: float | None = Field(description="Of the deliveries, those nobody did anything about")
    posted: int
    delivery_to_posting_p50_s: int | None = Field(description="Median, seconds")
    alerts_closed: int
    closed_in_time_percent: float | None = Field(description="Closed within the target of their severity")
    manual_fixes: int


class Board(Document):
    """How well deliveries are served, and how much of it runs without people, over whole days of UTC."""

    model_config = example(
        days=30, first_day="2026-08-23", last_day="2026-09-21", untouched_percent=93.1, delivery_to_posting_p50_s=2,
        delivery_to_posting_p95_s=9, closed_in_time_percent=81.0, manual_fixes=7,
        target_hours={"critical": 4.0, "warning": 24.0, "info": 72.0}, open_beyond_target={"critical": 1, "warning": 0,
        "info": 0}, items=[_PERIOD],
    )
    days: int
    first_day: str = _DAY
    last_day: str = _DAY
    untouched_percent: float | None
    delivery_to_posting_p50_s: int | None
    delivery_to_posting_p95_s: int | None
    closed_in_time_percent: float | None
    manual_fixes: int
    target_hours: dict[str, float] = Field(description="Hours within which alerts are to be closed, by severity")
    open_beyond_target: dict[str, int] = Field(description="Alerts that are open for longer now, by severity")
    items: list[PeriodOfBoard] = Field(description="The oldest first")


class Score(Document):
    """One carrier. A share of nothing is null."""

    model_config = example(**_SCORE)
    carrier: str
    delivered: int
    delivered_on_time: int
    delivered_late: int
    on_time_percent: float | None = Field(description="Of the deliveries that were promised")
    events: int
    latency_p50_s: float | None = Field(description="From event to receipt, median, seconds")
    latency_p95_s: float | None = Field(description="95 of 100 take no longer, seconds")
    received_to_told_p95_s: float | None = Field(description="From receipt to the history, seconds")
    milestones_percent: float | None = Field(description="Of the reports that are due of each delivery")
    pickup_percent: float | None
    departure_percent: float | None
    out_for_delivery_percent: float | None
    delivery_percent: float | None
    proof_percent: float | None
    unmapped: int = Field(description="Events whose code no mapping knows")
    false_starts: int
    shipments: int = Field(description="As things stand, as are the fields after it")
    at_risk: int
    with_open_exception: int
    dead_letters: int | None = Field(description="Since the feed began; null where no feed has the carrier's name")


class Scorecard(Document):
    """Carriers compared, the one with the most deliveries first."""

    model_config = example(days=30, first_day="2026-08-23", last_day="2026-09-21", items=[_SCORE])
    days: int
    first_day: str = _DAY
    last_day: str = _DAY
    items: list[Score]


class DetailOfAction(Document):
    """A parameter of an action, or a value it changes. ``before``: null for what changes nothing, or had no value."""

    name: str
    value: str
    before: str | None


class Action(Document):
    """Something that a person or a program did."""

    model_config = example(
        action_id="0123456789abcdef0123456789abcdef", at=EXAMPLE_TIME, who="Ada", actor="person", role="operator",
        channel="tower", action="feed.pause", subject_kind="feed", subject="acme", reason="mapping is mended",
        details=[], outcome="taken",
    )
    action_id: str
    at: Moment
    who: str
    actor: ActorKind
    role: str = Field(description="Of somebody who signed in; else empty")
    channel: ActionChannel
    action: str
    subject_kind: SubjectKind
    subject: str
    reason: str
    details: list[DetailOfAction]
    outcome: ActionOutcome
