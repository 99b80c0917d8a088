"""The value of ``ops.alerts``, made of an alert's record, its progress and what is gathered under it."""

from __future__ import annotations

from collections.abc import Sequence

from streams.alerts.record import AlertRecord, Progress, encode
from streams.alerts.routing import more_severe
from streams.alerts.timeline import AlertContext, next_change
from streams.contracts.at_stake import at_stake
from streams.contracts.ids import alert_id
from streams.contracts.model import Alert, AlertOrder, AlertSignal, AtStake
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity

MOST_SHIPMENTS, MOST_ORDERS = 20, 20
"""Shipments and orders an alert names; it counts all."""
FEED_KINDS = frozenset({
    AlertKind.FEED_STALE, AlertKind.CONTRACT_DRIFT, AlertKind.FILE_REFUSED, AlertKind.ENDPOINT_DISABLED,
    AlertKind.ERP_ORDERS_SILENT,
})
"""Kinds about a feed, an endpoint or an ERP; all others are about a shipment."""


def alert_of(
    name: str, record: AlertRecord, progress: Progress, context: AlertContext, gathered: Sequence[AlertSignal] = ()
) -> Alert:
    """The public alert. ``name``: its id; ``gathered``: last signals of the alerts gathered under it, by subject."""
    latest = record.latest
    if latest is None:
        return _of_nothing(name, record, progress)
    shipments, orders, stakes = _affected(latest, gathered)
    route = context.route
    severity = route.severity or latest.severity
    escalation = route.escalation if progress.escalated else None
    under = progress.state is AlertState.GATHERED and latest.feed is not None
    return Alert(
        alert_id=name, kind=latest.kind, state=progress.state,
        severity=more_severe(severity) if progress.escalated else severity, subject=latest.subject,
        message=latest.message,
        exception=latest.exception, reason=latest.reason, raised_at=progress.raised_at, changed_at=changed_at(progress),
        carrier=latest.carrier, feed=latest.feed, cause=record.cause,
        owner=progress.assigned or route.owner or latest.owner or None,
        channels=list(dict.fromkeys([*route.channels, *(() if escalation is None else escalation.channels)])),
        affected=len(shipments), shipments=shipments[:MOST_SHIPMENTS], orders=orders, at_stake=stakes,
        acknowledged_at=_when(progress.acknowledged), acknowledged_by=_who(progress.acknowledged),
        snoozed_until=_when(progress.snoozed), snoozed_by=_who(progress.snoozed), resolved_at=_when(progress.resolved),
        resolved_by=_who(progress.resolved), times_raised=progress.times_raised, flapping=progress.flapping,
        escalated=progress.escalated, under=alert_id(AlertKind.FEED_STALE, latest.feed or "") if under else None,
        note=progress.note, history=list(progress.history), record=encode(record),
    )  # fmt: skip


def changed_at(progress: Progress) -> int:
    """Returns when the alert last changed, UTC ms."""
    return max(progress.at, progress.history[-1].at if progress.history else 0)


def forgotten_at(record: AlertRecord, progress: Progress, context: AlertContext) -> int | None:
    """Returns when the alert is forgotten, UTC ms; None while it is open or the clock may change it."""
    is_resolved = progress.state is AlertState.RESOLVED and not progress.resolved_manually
    if record.latest is not None and not (is_resolved and next_change(progress, context) is None):
        return None
    return changed_at(progress) + context.policy.forget_ms


def _of_nothing(name: str, record: AlertRecord, progress: Progress) -> Alert:
    return Alert(
        alert_id=name, kind=AlertKind.UNKNOWN, state=AlertState.RESOLVED, severity=Severity.INFO, subject="",
        message="Acted on before anything raised it", exception=ExceptionType.NONE, reason=Reason.UNKNOWN,
        raised_at=record.actions[0].at if record.actions else progress.at, changed_at=changed_at(progress),
        history=list(progress.history), record=encode(record),
    )  # fmt: skip


def _affected(
    latest: AlertSignal, gathered: Sequence[AlertSignal]
) -> tuple[list[str], list[AlertOrder], list[AtStake]]:
    if latest.kind not in FEED_KINDS:
        return [latest.subject], latest.orders, latest.at_stake
    shipments = sorted({one.subject for one in gathered})
    orders = {(one.order_id, one.delivery_id): one for signal in gathered for one in signal.orders}
    told = [orders[one] for one in sorted(orders)]
    return shipments, told[:MOST_ORDERS], at_stake(told)


def _when(one: tuple[int, str] | None) -> int | None:
    return None if one is None else one[0]


def _who(one: tuple[int, str] | None) -> str | None:
    return None if one is None else one[1]
