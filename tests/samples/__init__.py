"""Real payloads, where they lie: which feed reads a folder of them, and what a person reads in each file.

Only names and outcomes stand here; the payloads are not ours to keep. Every module of this package is a group of
sources: ``FEED_OF`` (folder, or file of one -> feed), ``EXPECTED`` (file -> milestones in the payload's order, reasons
it is refused for, or ``carrier_error`` or ``acknowledgement``; ``*2``: so many times one after the other) and, where
there are any,
``UNRESOLVED`` (file -> scans that name no number of the carrier's) and ``FLAGGED`` (file -> flags of its events).
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.carriers import discover
from streams.contracts.model import CarrierEvent
from streams.intake.step import IntakeResult, step

FOLDER = Path(os.environ.get("SHIPSYNC_SAMPLES") or "/nonexistent")
RECEIVED_AT = 1_790_000_000_000
MOST_BYTES = 4 * 1024 * 1024


def _gathered(name: str) -> dict[str, Any]:
    groups = [
        importlib.import_module(f"{__name__}.{one.name}")
        for one in pkgutil.iter_modules(__path__) if not one.name.startswith("_")
    ]
    return {key: value for group in groups for key, value in getattr(group, name, {}).items()}


FEED_OF: dict[str, str] = _gathered("FEED_OF")
EXPECTED: dict[str, tuple[str, str]] = _gathered("EXPECTED")
UNRESOLVED: dict[str, int] = _gathered("UNRESOLVED")
FLAGGED: dict[str, set[str]] = _gathered("FLAGGED")


@dataclass(frozen=True, slots=True)
class Sent:
    """One file as Kafka would hand it over."""

    topic: str
    value: bytes
    partition: int = 0
    offset: int = 0
    timestamp: int = RECEIVED_AT
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


def sources(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """Each source, by name, with its files."""
    for source in sorted(path for path in folder.iterdir() if path.is_dir()):
        yield source.name, sorted(path for path in source.iterdir() if path.is_file())


def taken_in(folder: Path) -> dict[str, IntakeResult | None]:
    """``source/file`` -> what intake makes of it; None for a source no feed reads."""
    adapters = {carrier.feed: carrier.adapter for carrier in discover()}
    found: dict[str, IntakeResult | None] = {}
    for source, files in sources(folder):
        for path in files:
            feed = FEED_OF.get(f"{source}/{path.name}") or FEED_OF.get(source)
            sent = Sent(f"raw.{feed}.v1", path.read_bytes())
            taken = None if feed is None else step([sent], adapters, RECEIVED_AT, MOST_BYTES)
            found[f"{source}/{path.name}"] = taken
    return found


def events_of(taken: IntakeResult) -> list[CarrierEvent]:
    """All events, in the payload's order."""
    events = [*taken.outputs.events, *(event for _, event in taken.outputs.unresolved)]
    return sorted(events, key=lambda event: event.source.index)


def reasons_of(taken: IntakeResult) -> list[str]:
    """Why something in it is no event, each once."""
    return list(dict.fromkeys([
        *(reject.reason.value for _, reject in taken.refused), *("carrier_error" for _ in taken.outputs.carrier_errors),
        *("acknowledgement" for one in taken.outputs.acknowledgements if one.direction == "received"),
    ]))


def spelled_out(runs: str) -> list[str]:
    """``in_transit*2 delivered`` as the list it stands for."""
    words = [run.partition("*") for run in runs.split()]
    return [name for name, _, times in words for _ in range(int(times or 1))]
