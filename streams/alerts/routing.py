"""Decides who is responsible for an alert and on which channels it is announced: the first matching rule; and the
policy."""

from __future__ import annotations

from msgspec import Struct

from streams.contracts.model import AlertSignal
from streams.kernel.vocabulary import AlertKind, ExceptionType, Severity

SEVERITIES = tuple(Severity)
"""Lists the severities from the least to the most severe."""
MINUTE_MS, DAY_MS = 60_000, 86_400_000


class Match(Struct, frozen=True):
    """Selects the alerts a rule applies to; an empty field matches all. ``value_at_least``: of all orders in one
    currency; in ``currency`` where that is named (ISO 4217)."""

    kinds: frozenset[AlertKind] = frozenset()
    severities: frozenset[Severity] = frozenset()
    exceptions: frozenset[ExceptionType] = frozenset()
    carriers: frozenset[str] = frozenset()
    feeds: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    value_at_least: float | None = None
    currency: str | None = None


class Escalation(Struct, frozen=True):
    """Escalates an alert that nobody acknowledged for ``after_ms``: it becomes one step more severe, goes to ``owner``
    (None: its owner stays), and is announced on ``channels`` too."""

    after_ms: int
    owner: str | None = None
    channels: tuple[str, ...] = ()


class Route(Struct, frozen=True):
    """One rule. ``severity``: replaces the signal's severity."""

    match: Match = Match()
    owner: str | None = None
    channels: tuple[str, ...] = ()
    severity: Severity | None = None
    escalation: Escalation | None = None


NOWHERE = Route()


class AlertPolicy(Struct, frozen=True):
    """How alerts behave. A cause that ends more than ``flaps`` times within ``flaps_within_ms`` is flapping; its alert
    stays open until the cause has not changed for ``quiet_ms``. ``gathered``: kinds that are shown under the alert of
    their silent feed, until ``grace_ms`` after it. ``forget_ms``: age at which a resolved alert is forgotten; longer
    than signals are retained."""

    routes: tuple[Route, ...] = ()
    gathered: frozenset[AlertKind] = frozenset()
    grace_ms: int = 60 * MINUTE_MS
    flaps: int = 3
    flaps_within_ms: int = 60 * MINUTE_MS
    quiet_ms: int = 30 * MINUTE_MS
    forget_ms: int = 90 * DAY_MS


def route_of(signal: AlertSignal, policy: AlertPolicy) -> Route:
    """The first rule that matches the last signal."""
    return next((route for route in policy.routes if not misses(route.match, signal)), NOWHERE)


def is_gathered(signal: AlertSignal, policy: AlertPolicy) -> bool:
    """Whether the silence of its feed may account for it."""
    return signal.feed is not None and signal.kind in policy.gathered


def more_severe(severity: Severity) -> Severity:
    """The next severity; the most severe stays."""
    return SEVERITIES[min(SEVERITIES.index(severity) + 1, len(SEVERITIES) - 1)]


def misses(match: Match, signal: AlertSignal) -> list[str]:
    """The fields of a rule, as the file names them, that the signal does not fit; empty where the rule applies."""
    asked: tuple[tuple[str, frozenset[str], frozenset[str | None]], ...] = (
        ("kind", frozenset(match.kinds), frozenset((signal.kind,))),
        ("severity", frozenset(match.severities), frozenset((signal.severity,))),
        ("exception", frozenset(match.exceptions), frozenset((signal.exception,))),
        ("carrier", match.carriers, frozenset((signal.carrier,))),
        ("feed", match.feeds, frozenset((signal.feed,))),
        ("customer", match.customers, frozenset(one.customer_id for one in signal.orders)),
    )
    missed = [name for name, wanted, given in asked if wanted and not wanted & given]
    if match.value_at_least is not None and not any(
        one.amount >= match.value_at_least and match.currency in (None, one.currency) for one in signal.at_stake
    ):
        missed.append("value_at_least")
    return missed
