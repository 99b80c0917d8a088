"""Contract drift: fields, types and codes a feed has never sent before, and how many of its payloads break its
contract.

Intake tells what a few payloads of each chunk are built like, and only what it has not told before (a chunk that is
repeated after a crash may be told again, one let go of not at all until the worker starts anew); the feeds stage
remembers it for good and says what is new. A feed's first records are only learnt from.
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
"""Reasons that say the payload is not built as the carrier said it would be."""
SAMPLED = 4
"""Payloads of a chunk whose shape is looked at."""
MOST_TOLD = 20
_MOST_KEYS, _DEEPEST, _MOST_PARTS = 64, 12, 400
_KINDS = {str: "text", bool: "boolean", int: "number", float: "number"}


def shape(message: Any) -> set[str]:
    """Every field of a decoded message with the kind of its value: ``package.activity[].date: text``.

    Empty values tell no kind and are left out; an object with keys like numbers is one with any keys.
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


class Told:
    """What one intake worker has told of each feed, so that it tells it once. Bounded; lost with the worker."""

    def __init__(self) -> None:
        self._by_feed: dict[str, set[str]] = {}

    def news(self, feed: str, parts: Iterable[str], record: Record) -> list[Novelty]:
        """What of ``parts`` was not told yet, as found in this record; it counts as told from now on."""
        told = self._by_feed.setdefault(feed, set())
        news = sorted(set(parts) - told)[:MOST_TOLD]
        if len(told) > MOST_SHAPES:
            told.clear()
        told.update(news)
        return [Novelty(what, record.topic, record.partition, record.offset) for what in news]


def sampled(records: Sequence[Record]) -> Sequence[Record]:
    """A few records spread over the chunk."""
    return records[:: max(1, len(records) // SAMPLED)]


