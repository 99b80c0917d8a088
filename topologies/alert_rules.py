"""``config/alerts.yaml``: how long to wait before each alert of the clock, read and checked."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct
from msgspec.structs import replace

from streams.deadlines import Patience
from streams.errors import Fatal
from streams.vocabulary import Status

PACKAGED = Path(__file__).parents[1] / "config" / "alerts.yaml"
NEVER = "never"
_UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([1-9]\d*)([smhd])")


class Suspension(Struct, frozen=True, forbid_unknown_fields=True):
    """When nothing is raised: after so long without any event of any shipment, until events come for so long."""

    after_silence: str
    until_heard_for: str


class Norms(Struct, frozen=True, forbid_unknown_fields=True):
    """How learnt norms are used: from so many dwells on, so many times over; no shipment is at risk by its dwell
    sooner than ``at_risk_after``; a shipment's dwells are learnt ``learn_after`` its end."""

    at_least: int
    factor: float
    at_risk_after: str
    learn_after: str


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
    reference_unresolved: str = NEVER


class Rules(Struct, frozen=True):
    """The rules, in ms."""

    patience: Patience
    after_silence_ms: int
    until_heard_for_ms: int
    norms_at_least: int = 0
    edi_unacknowledged_ms: int | None = None
    reference_unresolved_ms: int | None = None


def load(path: Path | None = None) -> Rules:
    """The rules of a file, the packaged one by default. Raises Fatal naming file and field."""
    path = path or PACKAGED
    try:
        file = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), File)
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise Fatal(f"{path}: {error}") from error
    stalled = {status: _wait(path, f"stalled.{status.value}", text) for status, text in file.stalled.items()}
    waits = {
        name: _wait(path, name, getattr(file, name))
        for name in ("late", "order_not_found", "never_shipped", "proof_missing", "delivery_unreported")
    }
    after = _wait(path, "suspended.after_silence", file.suspended.after_silence)
    until = _wait(path, "suspended.until_heard_for", file.suspended.until_heard_for)
    if after is None or until is None:
        raise Fatal(f"{path}: suspended: give durations such as 30m")
    patience = replace(Patience({status: wait for status, wait in stalled.items() if wait is not None}), **waits)
    edi = _wait(path, "edi_unacknowledged", file.edi_unacknowledged)
    unresolved = _wait(path, "reference_unresolved", file.reference_unresolved)
    norms = file.norms
    if norms is None:
        return Rules(patience, after, until, 0, edi, unresolved)
    if norms.at_least < 1 or norms.factor <= 0:
        raise Fatal(f"{path}: norms: at_least is a whole number and factor a number, both above 0")
    patience = replace(
        patience, factor=norms.factor, at_risk=_wait(path, "norms.at_risk_after", norms.at_risk_after),
        learn=_wait(path, "norms.learn_after", norms.learn_after),
    )
    return Rules(patience, after, until, norms.at_least, edi, unresolved)


def _wait(path: Path, name: str, text: str) -> int | None:
    if text == NEVER:
        return None
    found = _DURATION.fullmatch(text)
    if found is None:
        raise Fatal(f"{path}: {name}: {text!r} is no duration; write 90s, 15m, 2h, 3d or {NEVER}")
    return int(found[1]) * _UNITS_MS[found[2]]
