"""Contract drift: fields, types and codes a feed has never sent before, and the reasons that break its contract.

Intake reports the shape of a few payloads of each chunk, and only what this worker has not reported yet. A repeated
chunk may report it again; after a failed chunk it is not reported until the worker restarts. The feeds stage keeps the
shapes for good and raises the alert (``feeds/contract_drift.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from streams.contracts.feeds import MOST_SHAPES
from streams.contracts.model import Novelty, Record
from streams.kernel.vocabulary import RejectReason

BREAKS_CONTRACT = frozenset({
    RejectReason.CONTRACT_BROKEN, RejectReason.INVALID_TIME, RejectReason.NO_REFERENCE, RejectReason.UNEXPECTED_SHAPE,
})
"""Reject reasons that mean the payload differs from what the carrier documented."""
SAMPLED = 4
"""Payloads of a chunk whose shape is examined."""
MOST_REPORTED = 20
LONGEST_PART = 200
"""Characters of a field that is reported: its name may be as long as the payload."""
_MOST_KEYS, _DEEPEST, _MOST_PARTS = 64, 12, 400
_KINDS = {str: "text", bool: "boolean", int: "number", float: "number"}


def shape(message: Any) -> set[str]:
    """Every field of a decoded message with the kind of its value: ``package.activity[].date: text``.

    Empty values have no kind and are left out; keys that look like numbers, or very many keys, become ``{}``.
    """
    found: set[str] = set()
    for part in _parts(message, "", 0):
        found.add(part)
        if len(found) >= _MOST_PARTS:
            break
    return found


def _parts(value: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        as_map = len(value) > _MOST_KEYS
        for key, inner in value.items() if depth < _DEEPEST else ():
            name = "{}" if as_map or sum(map(str.isdigit, key)) > 3 else key[:80]
            yield from _parts(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list):
        for inner in value[:SAMPLED]:
            yield from _parts(inner, f"{path}[]", depth)
    elif value is not None and value != "":
        yield f"{path}: {_KINDS.get(type(value), 'text')}"


class ReportedShapes:
    """The fields and codes one intake worker has reported of each feed. Bounded; lost with the worker."""

    def __init__(self) -> None:
        self._by_feed: dict[str, set[str]] = {}

    def unreported(self, feed: str, parts: Iterable[str], record: Record) -> list[Novelty]:
        """The ``parts`` found in this record that were not reported yet; from now on they are."""
        reported = self._by_feed.setdefault(feed, set())
        fresh = sorted({part[:LONGEST_PART] for part in parts} - reported)[:MOST_REPORTED]
        if len(reported) > MOST_SHAPES:
            reported.clear()
        reported.update(fresh)
        return [Novelty(what, record.topic, record.partition, record.offset) for what in fresh]


def sampled(records: Sequence[Record]) -> Sequence[Record]:
    """A few records, spread evenly over the chunk."""
    return records[:: max(1, len(records) // SAMPLED)]
