"""An alert as ``ops.alerts.v1`` shows it, made of its life, its course and what is gathered under it."""

from __future__ import annotations

from collections.abc import Sequence

from streams.alerts.record import Course, Life, encode
from streams.alerts.routing import more_severe
from streams.alerts.timeline import Bearings, next_turn
from streams.contracts.at_stake import at_stake
from streams.contracts.ids import alert_id
from streams.contracts.model import Alert, AlertOrder, AlertSignal, AtStake
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity

MOST_SHIPMENTS, MOST_ORDERS = 20, 20
"""Named of those an alert is about; counted are all."""
FEED_KINDS = frozenset({AlertKind.FEED_STALE, AlertKind.CONTRACT_DRIFT})
"""Kinds about a feed; all others are about a shipment."""


def shown(
    name: str, life: Life, course: Course, bearings: Bearings, gathered: Sequence[AlertSignal] = ()
) -> Alert:
    """The public record of the alert of this id. ``gathered``: what stands under it, in the order of their subjects."""
    said = life.latest
    if said is None:
        return _of_nothing(name, life, course)
    shipments, orders, stakes = _affected(said, gathered)
    route = bearings.route
    severity = route.severity or said.severity
    escalation = route.escalation if course.escalated else None
    under = course.state is AlertState.GATHERED and said.feed is not None
    return Alert(
        alert_id=name, kind=said.kind, state=course.state,
        severity=more_severe(severity) if course.escalated else severity, subject=said.subject, message=said.message,
        exception=said.exception, reason=said.reason, raised_at=course.raised_at, changed_at=changed_at(course),
        carrier=said.carrier, feed=said.feed, cause=life.cause, owner=course.assigned or route.owner,
        channels=list(dict.fromkeys([*route.channels, *(() if escalation is None else escalation.channels)])),
        affected=len(shipments), shipments=shipments[:MOST_SHIPMENTS], orders=orders, at_stake=stakes,
        acknowledged_at=_when(course.acknowledged), acknowledged_by=_who(course.acknowledged),
        snoozed_until=_when(course.snoozed), snoozed_by=_who(course.snoozed), resolved_at=_when(course.resolved),
        resolved_by=_who(course.resolved), times_raised=course.times_raised, flapping=course.flapping,
        escalated=course.escalated, under=alert_id(AlertKind.FEED_STALE, said.feed or "") if under else None,
        note=course.note, history=list(course.history), record=encode(life),
    )  # fmt: skip


def changed_at(course: Course) -> int:
    """When anything of it last changed, UTC ms."""
    return max(course.at, course.history[-1].at if course.history else 0)


def forgotten_at(life: Life, course: Course, bearings: Bearings) -> int | None:
    """When it may be forgotten; None while there is anything to wait for."""
    is_over = course.state is AlertState.RESOLVED and not course.by_hand and next_turn(course, bearings) is None
    if life.latest is not None and not is_over:
        return None
    return changed_at(course) + bearings.conduct.forget_ms


def _of_nothing(name: str, life: Life, course: Course) -> Alert:
    return Alert(
        alert_id=name, kind=AlertKind.UNKNOWN, state=AlertState.RESOLVED, severity=Severity.INFO, subject="",
        message="Acted on before anything raised it", exception=ExceptionType.NONE, reason=Reason.UNKNOWN,
        raised_at=life.deeds[0].at if life.deeds else course.at, changed_at=changed_at(course),
        history=list(course.history), record=encode(life),
    )  # fmt: skip


def _affected(
    said: AlertSignal, gathered: Sequence[AlertSignal]
) -> tuple[list[str], list[AlertOrder], list[AtStake]]:
    if said.kind not in FEED_KINDS:
        return [said.subject], said.orders, said.at_stake
    shipments = sorted({one.subject for one in gathered})
    orders = {(one.order_id, one.delivery_id): one for signal in gathered for one in signal.orders}
    told = [orders[one] for one in sorted(orders)]
    return shipments, told[:MOST_ORDERS], at_stake(told)


def _when(one: tuple[int, str] | None) -> int | None:
    return None if one is None else one[0]


def _who(one: tuple[int, str] | None) -> str | None:
    return None if one is None else one[1]
