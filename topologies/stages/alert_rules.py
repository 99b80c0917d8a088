"""``config/alerts.yaml``: how long to wait before each alert, how alerts behave, and who receives them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from connectors.mapping.declared import yaml_text
from connectors.mapping.declared.yaml_text import CarrierFileError, Lines
from streams.alerts.routing import DAY_MS, AlertPolicy, Escalation, Match, Route
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import AlertKind, ExceptionType, Severity, Status
from streams.paging.channels import PagingPolicy
from streams.shipments.timers.deadlines import Patience
from topologies.stages.alert_channels import Channelling, check_routes, policy_of

PACKAGED = Path(__file__).parents[2] / "config" / "alerts.yaml"
NEVER = "never"
SIGNALS_KEPT_MS = 30 * DAY_MS
"""How long signals are retained; no alert may be forgotten before."""
_UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([1-9]\d*)([smhd])")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)(?: ([A-Z]{3}))?")
_WAITS = ("late", "order_not_found", "never_shipped", "proof_missing", "delivery_unreported")


class Suspension(Struct, frozen=True, forbid_unknown_fields=True):
    """When no alert is raised: after so long without any event of any shipment, until events arrive for so long."""

    after_silence: str
    until_heard_for: str


class Norms(Struct, frozen=True, forbid_unknown_fields=True):
    """How learnt norms are used. ``at_least``: dwells a norm needs; ``factor``: multiple of the usual dwell that counts
    as too long; ``at_risk_after``: the shortest dwell that puts a shipment at risk; ``learn_after``: how long after a
    shipment's end its dwells are counted."""

    at_least: int
    factor: float
    at_risk_after: str
    learn_after: str


class Gathering(Struct, frozen=True, forbid_unknown_fields=True):
    """Configures which alerts are shown under the alert of their silent feed, and how long after it."""

    kinds: list[AlertKind] = []
    grace: str = "1h"


class Flapping(Struct, frozen=True, forbid_unknown_fields=True):
    """When a cause that comes and goes counts as flapping."""

    raised_more_than: int = 3
    within: str = "1h"
    quiet_for: str = "30m"


class Matching(Struct, frozen=True, forbid_unknown_fields=True):
    """The alerts a route applies to: one value or a list of values for each field named."""

    kind: AlertKind | list[AlertKind] = []
    severity: Severity | list[Severity] = []
    exception: ExceptionType | list[ExceptionType] = []
    carrier: str | list[str] = []
    feed: str | list[str] = []
    customer: str | list[str] = []
    value_at_least: str | None = None


class Escalating(Struct, frozen=True, forbid_unknown_fields=True):
    """The escalation of an alert that nobody acknowledges."""

    after: str
    owner: str | None = None
    channels: list[str] = []


class Routing(Struct, frozen=True, forbid_unknown_fields=True):
    """One route."""

    match: Matching = Matching()
    owner: str | None = None
    channels: list[str] = []
    severity: Severity | None = None
    escalate: Escalating | None = None


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """The file, field by field."""

    stalled: dict[Status, str]
    late: str
    order_not_found: str
    never_shipped: str
    proof_missing: str
    delivery_unreported: str
    suspended: Suspension
    norms: Norms | None = None
    edi_unacknowledged: str = NEVER
    gathered: Gathering = Gathering()
    flapping: Flapping = Flapping()
    forgotten: str = "90d"
    routes: list[Routing] = []
    reference_unresolved: str = NEVER
    channels: dict[str, Channelling] | None = None


class Rules(Struct, frozen=True):
    """The file's rules, with durations in ms; None: never."""

    patience: Patience
    after_silence_ms: int
    until_heard_for_ms: int
    policy: AlertPolicy
    norms_at_least: int = 0
    edi_unacknowledged_ms: int | None = None
    reference_unresolved_ms: int | None = None
    paging: PagingPolicy = PagingPolicy()


def load(path: Path | None = None) -> Rules:
    """The rules of a file, the packaged one by default. Raises Fatal, which names file, line, field and fix."""
    path = path or PACKAGED
    try:
        file, lines = yaml_text.load(path, File)
        stalled = {status: _wait(lines, text, "stalled", status.value) for status, text in file.stalled.items()}
        if file.channels is not None:
            check_routes(file.routes, file.channels, lines)
        waits = {name: _wait(lines, getattr(file, name), name) for name in _WAITS}
        patience = replace(Patience({status: wait for status, wait in stalled.items() if wait is not None}), **waits)
        return Rules(
            _with_norms(patience, file.norms, lines),
            _span(lines, file.suspended.after_silence, "suspended", "after_silence"),
            _span(lines, file.suspended.until_heard_for, "suspended", "until_heard_for"),
            _policy(file, lines),
            0 if file.norms is None else file.norms.at_least,
            _wait(lines, file.edi_unacknowledged, "edi_unacknowledged"),
            _wait(lines, file.reference_unresolved, "reference_unresolved"),
            policy_of(file.channels or {}, lines, _wait),
        )
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f"{path}: {error}") from error
    except CarrierFileError as error:
        raise Fatal(str(error)) from error


def _with_norms(patience: Patience, norms: Norms | None, lines: Lines) -> Patience:
    if norms is None:
        return patience
    for name in ("at_least", "factor"):
        if not getattr(norms, name) > 0:
            raise lines.error(("norms", name), "give a number above 0")
    return replace(
        patience, factor=norms.factor, at_risk=_wait(lines, norms.at_risk_after, "norms", "at_risk_after"),
        learn=_wait(lines, norms.learn_after, "norms", "learn_after"),
    )


def _policy(file: File, lines: Lines) -> AlertPolicy:
    if file.flapping.raised_more_than < 1:
        raise lines.error(("flapping", "raised_more_than"), "give 1 or more")
    forget = _span(lines, file.forgotten, "forgotten")
    if forget <= SIGNALS_KEPT_MS:
        raise lines.error(("forgotten",), f"signals are kept for {SIGNALS_KEPT_MS // DAY_MS}d; give more than that")
    return AlertPolicy(
        routes=tuple(_route(one, lines, ("routes", str(place))) for place, one in enumerate(file.routes)),
        gathered=_gathered(file, lines),
        grace_ms=_span(lines, file.gathered.grace, "gathered", "grace"), flaps=file.flapping.raised_more_than,
        flaps_within_ms=_span(lines, file.flapping.within, "flapping", "within"),
        quiet_ms=_span(lines, file.flapping.quiet_for, "flapping", "quiet_for"), forget_ms=forget,
    )


def _gathered(file: File, lines: Lines) -> frozenset[AlertKind]:
    if AlertKind.FEED_STALE in file.gathered.kinds:
        raise lines.error(("gathered", "kinds"), "feed_stale cannot be shown under itself; remove it")
    return frozenset(file.gathered.kinds)


def _route(one: Routing, lines: Lines, where: tuple[str, ...]) -> Route:
    match, escalate = one.match, one.escalate
    amount, currency = _amount(lines, match.value_at_least, *where, "match", "value_at_least")
    return Route(
        Match(
            _set(match.kind), _set(match.severity), _set(match.exception), _set(match.carrier), _set(match.feed),
            _set(match.customer), amount, currency,
        ),
        one.owner, tuple(one.channels), one.severity,
        None if escalate is None else Escalation(
            _span(lines, escalate.after, *where, "escalate", "after"), escalate.owner, tuple(escalate.channels)
        ),
    )


def _set(value: Any) -> frozenset[Any]:
    return frozenset(value if isinstance(value, list) else [value])


def _amount(lines: Lines, text: str | None, *where: str) -> tuple[float | None, str | None]:
    if text is None:
        return None, None
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise lines.error(where, f"{text!r} is no amount; write 5000, or 5000 EUR")
    return float(found[1]), found[2]


def _span(lines: Lines, text: str, *where: str) -> int:
    wait = _wait(lines, text, *where)
    if wait is None:
        raise lines.error(where, "give a duration such as 30m")
    return wait


def _wait(lines: Lines, text: str, *where: str) -> int | None:
    if text == NEVER:
        return None
    found = _DURATION.fullmatch(text)
    if found is None:
        raise lines.error(where, f"{text!r} is no duration; write 90s, 15m, 2h, 3d or {NEVER}")
    return int(found[1]) * _UNITS_MS[found[2]]
