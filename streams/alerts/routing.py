"""Who sees to an alert and where it is told: rules on what it is about, the first that fits; and how alerts live."""

from __future__ import annotations

from msgspec import Struct

from streams.contracts.model import AlertSignal
from streams.kernel.vocabulary import AlertKind, ExceptionType, Severity

SEVERITIES = tuple(Severity)
"""From the least to the most severe."""
MINUTE_MS, DAY_MS = 60_000, 86_400_000


class Match(Struct, frozen=True):
    """What a rule is for; an empty field fits all. ``value_at_least``: of all orders in one currency, in ``currency``
    where that is named."""

    kinds: frozenset[AlertKind] = frozenset()
    severities: frozenset[Severity] = frozenset()
    exceptions: frozenset[ExceptionType] = frozenset()
    carriers: frozenset[str] = frozenset()
    feeds: frozenset[str] = frozenset()
    customers: frozenset[str] = frozenset()
    value_at_least: float | None = None
    currency: str | None = None


class Escalation(Struct, frozen=True):
    """What happens to an alert nobody acknowledged for ``after_ms``: it gets one step more severe and goes to ``owner``
    (None: stays with whom it is), told on ``channels`` too."""

    after_ms: int
    owner: str | None = None
    channels: tuple[str, ...] = ()


class Route(Struct, frozen=True):
    """One rule. ``severity``: in place of what the signal says."""

    match: Match = Match()
    owner: str | None = None
    channels: tuple[str, ...] = ()
    severity: Severity | None = None
    escalation: Escalation | None = None


NOWHERE = Route()


class Conduct(Struct, frozen=True):
    """How alerts live. A cause over more than ``flaps`` times within ``flaps_within_ms`` flaps, and stays open until it
    has not turned for ``quiet_ms``. ``gathered``: kinds that stand under the alert of their silent feed, and until
    ``grace_ms`` after it. ``forget_ms``: after which a resolved one is forgotten, longer than signals are kept."""

    routes: tuple[Route, ...] = ()
    gathered: frozenset[AlertKind] = frozenset()
    grace_ms: int = 60 * MINUTE_MS
    flaps: int = 3
    flaps_within_ms: int = 60 * MINUTE_MS
    quiet_ms: int = 30 * MINUTE_MS
    forget_ms: int = 90 * DAY_MS


def route_of(signal: AlertSignal, conduct: Conduct) -> Route:
    """The first rule that fits what was said last."""
    return next((route for route in conduct.routes if _fits(route.match, signal)), NOWHERE)


def is_gathered(signal: AlertSignal, conduct: Conduct) -> bool:
    """Whether the silence of its feed accounts for it."""
    return signal.feed is not None and signal.kind in conduct.gathered


def more_severe(severity: Severity) -> Severity:
    """One step up; the most severe stays."""
    return SEVERITIES[min(SEVERITIES.index(severity) + 1, len(SEVERITIES) - 1)]


def _fits(match: Match, signal: AlertSignal) -> bool:
    asked: tuple[tuple[frozenset[str], frozenset[str | None]], ...] = (
        (frozenset(match.kinds), frozenset((signal.kind,))),
        (frozenset(match.severities), frozenset((signal.severity,))),
        (frozenset(match.exceptions), frozenset((signal.exception,))),
        (match.carriers, frozenset((signal.carrier,))),
        (match.feeds, frozenset((signal.feed,))),
        (match.customers, frozenset(one.customer_id for one in signal.orders)),
    )
    if not all(not wanted or wanted & given for wanted, given in asked):
        return False
    if match.value_at_least is None:
        return True
    return any(
        one.amount >= match.value_at_least and match.currency in (None, one.currency) for one in signal.at_stake
    )
