"""Common to all handlers before the step: decodes the values of a chunk and fetches the stored records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from streams.contracts.model import Record
from streams.kernel.errors import Fatal, Reject
from topologies.runtime.handler import Refused, View

T = TypeVar("T")


def decoded(
    records: Sequence[Record], decode: Callable[[bytes | None], T]
) -> tuple[list[T], list[Record], list[Refused]]:
    """The values of ``records``, the record behind each value, and the records that cannot be decoded."""
    values: list[T] = []
    kept: list[Record] = []
    refused: list[Refused] = []
    for record in records:
        try:
            values.append(decode(record.value))
        except Reject as reject:
            refused.append(Refused(record, reject))
        else:
            kept.append(record)
    return values, kept, refused


def stored(
    keys: Iterable[str], state: View | None, decode: Callable[[bytes], T]
) -> dict[str, T | None]:
    """Key -> stored record, for each distinct key; None where there is none. Raises Fatal for a stage without state."""
    if state is None:
        raise Fatal("this stage needs its state and was started without one")
    distinct = list(dict.fromkeys(keys))
    found = state.get_many([key.encode() for key in distinct])
    return {
        key: None if record is None else decode(record) for key, record in zip(distinct, found, strict=True)
    }
