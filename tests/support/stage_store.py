"""The state of a stage in memory."""

from __future__ import annotations

from collections.abc import Mapping

from topologies.runtime.handler import Handled, StatefulHandler
from topologies.runtime.outbound.outbound_records import AT_ONCE
from topologies.runtime.state import due_index


class Store:
    """State as it is written, locally and by the changelog."""

    def __init__(self) -> None:
        self.held: dict[bytes, bytes] = {}
        self.changelog: dict[bytes, bytes] = {}

    def get_many(self, keys):
        return [self.held.get(key) for key in keys]

    def scan(self, prefix):
        return iter(sorted(pair for pair in self.held.items() if pair[0].startswith(prefix)))

    def apply(self, handled: Handled) -> Handled:
        writes = {key: change.local for key, change in handled.changes.items()} | handled.local
        for held, changed in ((self.held, writes), (
            self.changelog, {key: change.changelog for key, change in handled.changes.items()}
        )):
            for key, value in changed.items():
                if value is None:
                    held.pop(key, None)
                else:
                    held[key] = value
        return handled

    def restored(self, handler: StatefulHandler) -> Store:
        """The state of a restore, but for what is only to be looked at once more after one."""
        other = Store()
        for key, value in self.changelog.items():
            other.write(handler.local_writes(key, value))
        at_once = due_index.entry(AT_ONCE, b"")
        other.held = {key: value for key, value in other.held.items() if not key.startswith(at_once)}
        return other

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Local writes; None deletes."""
        for key, value in changes.items():
            if value is None:
                self.held.pop(key, None)
            else:
                self.held[key] = value
