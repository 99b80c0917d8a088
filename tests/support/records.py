"""Kafka records made up for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FakeRecord:
    """A record as the transport hands it over."""

    topic: str
    partition: int
    offset: int
    timestamp: int = 1_700_000_000_000
    key: bytes | None = b"key"
    value: bytes | None = b"value"
    headers: Sequence[tuple[str, bytes]] = field(default=())


def records(topic: str, partition: int, first: int, last: int) -> list[FakeRecord]:
    """Records ``first`` to ``last``, both included; the value is the offset in digits."""
    return [
        FakeRecord(topic, partition, offset, value=b"%d" % offset) for offset in range(first, last + 1)
    ]
