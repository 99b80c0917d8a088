"""``config/alerts.yaml``: how long to wait before each alert of the clock, read and checked."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct

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


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """The file, field by field."""

    stalled: dict[Status, str]
    late: str
    order_not_found: str
    never_shipped: str
    proof_missing: str
    delivery_unreported: str
    suspended: Suspension
    reference_unresolved: str = NEVER


class Rules(Struct, frozen=True):
    """The rules, in ms."""

    patience: Patience
    after_silence_ms: int
    until_heard_for_ms: int
    reference_unresolved_ms: int | None


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
    return Rules(
        Patience({status: wait for status, wait in stalled.items() if wait is not None}, **waits), after, until,
        _wait(path, "reference_unresolved", file.reference_unresolved),
    )


def _wait(path: Path, name: str, text: str) -> int | None:
    if text == NEVER:
        return None
    found = _DURATION.fullmatch(text)
    if found is None:
        raise Fatal(f"{path}: {name}: {text!r} is no duration; write 90s, 15m, 2h, 3d or {NEVER}")
    return int(found[1]) * _UNITS_MS[found[2]]
