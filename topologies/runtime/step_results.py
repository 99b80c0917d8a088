"""Common to all handlers after the step: turns its refusals and changed records into the runner's types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from streams.contracts.model import Record
from streams.kernel.errors import Reject
from topologies.runtime.handler import Change, Refused

T = TypeVar("T")


def refusals(records: Sequence[Record], refused: Iterable[tuple[int, Reject]]) -> list[Refused]:
    """The refused inputs as records. ``records``: the record behind each place of the step's chunk."""
    return [Refused(records[place], reject) for place, reject in refused]


def changes_of(states: Mapping[str, T | None], encode: Callable[[T], bytes]) -> dict[bytes, Change]:
    """The changed records, the same bytes in the state store and on the changelog; None deletes in both."""
    changes: dict[bytes, Change] = {}
    for key, state in states.items():
        value = None if state is None else encode(state)
        changes[key.encode()] = Change(value, value)
    return changes
