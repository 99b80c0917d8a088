"""The read model as ``find`` and ``show`` read it: open, and with how current it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from portal.words.times import ago
from topologies.cli import current
from topologies.cli.tables import iso, note

if TYPE_CHECKING:
    from connectors.read_store.reader import ReadStore


@contextmanager
def opened() -> Iterator[ReadStore]:
    """The read model of this installation. Raises Transient, naming the command that keeps one, where there is none."""
    from connectors.read_store.reader import ReadStore
    from topologies.workers.read_model import folder_of

    with closing(ReadStore(folder_of(current.stack_settings()))) as store:
        yield store


def note_age(store: ReadStore) -> None:
    """Say how current what is shown is."""
    from topologies.workers import read_model

    standing = store.standing()
    left = f"; {standing.behind:,} records are left to read" if standing.behind else ""
    note(f"As of {ago(standing.read_at or None, read_model.now_ms())}{left}.")


def age(store: ReadStore) -> dict[str, Any]:
    """How current it is, for JSON: when Kafka was last read, and how many records are left to read."""
    standing = store.standing()
    return {"as_of": iso(standing.read_at), "behind": standing.behind}
