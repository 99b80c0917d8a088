"""A partition's state held in a dict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from topologies.runtime.handler import Change, Handled


def as_written(change: Change) -> bytes | None:
    """The record as the stage wrote it."""
    return change.local


class Memory:
    """State as a View. ``kept``: what of a change is kept, and how."""

    def __init__(self, kept: Callable[[Change], bytes | None] = as_written) -> None:
        self.held: dict[bytes, bytes] = {}
        self._kept = kept

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self.held.get(key) for key in keys]

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        return iter(sorted(pair for pair in self.held.items() if pair[0].startswith(prefix)))

    def apply(self, handled: Handled) -> None:
        for key, change in handled.changes.items():
            kept = self._kept(change)
            if kept is None:
                self.held.pop(key, None)
            else:
                self.held[key] = kept
        for key, value in handled.local.items():
            if value is None:
                self.held.pop(key, None)
            else:
                self.held[key] = value
