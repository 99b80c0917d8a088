"""Made-up signals and actions, and lives generated of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from streams.alerts.routing import AlertPolicy, Escalation, Match, Route
from streams.contracts.ids import alert_id
from streams.contracts.model import AlertAction, AlertOrder, AlertSignal, AtStake
from streams.kernel.vocabulary import ActionKind, AlertKind, AlertState, ExceptionType, Reason, Severity

T0 = 1_767_225_600_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
STALLED, STALE = AlertKind.SHIPMENT_STALLED, AlertKind.FEED_STALE
UP, OVER = AlertState.RAISED, AlertState.RESOLVED
POLICY = AlertPolicy(
    routes=(
        Route(Match(severities=frozenset({Severity.CRITICAL})), "night desk", ("pager",)),
        Route(
            Match(kinds=frozenset({STALLED})), "desk", ("mail",),
            escalation=Escalation(30 * MINUTE, "head of desk", ("pager",)),
        ),
    ),
    gathered=frozenset({STALLED, AlertKind.DELIVERY_LATE}), grace_ms=HOUR, flaps=2, flaps_within_ms=2 * HOUR,
    quiet_ms=HOUR,
)


def signal(state: AlertState, minute: float, subject: str = "north:N1", **changes: Any) -> AlertSignal:
    """A shipment of one order of 100 EUR stands still, or moves again, known at that minute."""
    at = T0 + round(minute * MINUTE)
    number = subject.partition(":")[2]
    fields: dict[str, Any] = {
        "alert_id": alert_id(changes.get("kind", STALLED), subject), "kind": STALLED, "state": state,
        "severity": Severity.WARNING, "subject": subject, "message": f"{subject}: {state.value}",
        "exception": ExceptionType.DELAY, "reason": Reason.OTHER, "raised_at": at, "changed_at": at,
        "carrier": "north", "feed": "north.track", "cause": f"still since {at}",
        "orders": [AlertOrder(f"O-{number}", f"D-{number}", "C-1", 100.0, "EUR")],
        "at_stake": [AtStake("EUR", 100.0)], "said_at": at, **changes,
    }
    return AlertSignal(**fields)


def silence(state: AlertState, minute: float, feed: str = "north.track") -> AlertSignal:
    """A feed falls silent, or speaks again."""
    return signal(state, minute, feed, kind=STALE, feed=feed, carrier=None, orders=[], at_stake=[])


def action(kind: ActionKind, minute: float, subject: str = "north:N1", **changes: Any) -> AlertAction:
    """Somebody does it at that minute."""
    fields: dict[str, Any] = {
        "alert_id": alert_id(changes.pop("about", STALLED), subject), "action": kind, "by": "ada",
        "at": T0 + round(minute * MINUTE), **changes,
    }
    return AlertAction(**fields)


_MINUTES = st.integers(0, 400)
_SUBJECTS = st.sampled_from(["north:N1", "north:N2"])


@st.composite
def signals(draw: st.DrawFn) -> AlertSignal:
    """Any signal of two shipments of one feed, or of the feed itself."""
    state, minute = draw(st.sampled_from([UP, OVER])), draw(_MINUTES)
    if draw(st.booleans()) and draw(st.booleans()):
        return silence(state, minute)
    since = T0 + draw(st.integers(0, minute)) * MINUTE
    return signal(
        state, minute, draw(_SUBJECTS), severity=draw(st.sampled_from(Severity)), raised_at=since,
        changed_at=T0 + draw(_MINUTES) * MINUTE, place=draw(st.integers(0, 9)),
    )


@st.composite
def actions(draw: st.DrawFn) -> AlertAction:
    """Any action on one of them."""
    minute, kind = draw(_MINUTES), draw(st.sampled_from(ActionKind))
    about = {"about": STALE, "subject": "north.track"} if draw(st.booleans()) and draw(st.booleans()) else {
        "subject": draw(_SUBJECTS)
    }
    return action(
        kind, minute, by=draw(st.sampled_from(["ada", "bo"])), owner="cy",
        until=T0 + draw(st.integers(0, 500)) * MINUTE, **about,
    )


histories = st.lists(signals() | actions(), max_size=25)
