"""Alerts about customers' endpoints that were disabled after accepting nothing for days, or that said never to come
again. Raised once, and resolved when a person enables or removes the endpoint. Times are UTC ms."""

from __future__ import annotations

from collections.abc import Mapping

from streams.contracts.ids import alert_id
from streams.contracts.model import AlertSignal
from streams.contracts.outbound import OutboundDestination
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity

DAY_MS = 24 * 3_600_000
LONGEST_REASON = 200


def signals(before: Mapping[str, object], after: Mapping[str, object], now_ms: int) -> list[AlertSignal]:
    """The signals that changed destinations cause. ``before``, ``after``: records by key, others among them."""
    found: list[AlertSignal] = []
    for key, one in after.items():
        if not isinstance(one, OutboundDestination):
            continue
        known = before.get(key)
        was = isinstance(known, OutboundDestination) and _is_disabled(known)
        if _is_disabled(one) != was:
            found.append(_signal(one, now_ms, len(found)))
    return found


def _is_disabled(one: OutboundDestination) -> bool:
    return one.disabled_at is not None and not one.removed


def _signal(one: OutboundDestination, now_ms: int, place: int) -> AlertSignal:
    endpoint = one.destination.partition(":")[2]
    name = f"Endpoint {endpoint} of customer {one.owner}"
    if _is_disabled(one):
        state, at = AlertState.RAISED, one.disabled_at or now_ms
        days = (at - (at if one.failing_since is None else one.failing_since)) // DAY_MS
        how = f"accepted nothing for {days} days and is" if days else "is"
        why = f": {one.reason[:LONGEST_REASON]}" if one.reason else ""
        cause = f"{how} disabled{why}"
    else:
        state, at, cause = AlertState.RESOLVED, now_ms, "is removed" if one.removed else "is enabled again"
    return AlertSignal(
        alert_id(AlertKind.ENDPOINT_DISABLED, one.destination), AlertKind.ENDPOINT_DISABLED, state, Severity.WARNING,
        one.destination, f"{name} {cause}", ExceptionType.NONE, Reason.OTHER, at, at, cause=cause, said_at=now_ms,
        place=place,
    )
