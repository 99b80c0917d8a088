"""Pages of lists, and their cursors: where the next page begins, as a text that nobody has to understand."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from msgspec import DecodeError, json, msgpack

from connectors.formats.prepared_types import prepared

T = TypeVar("T")
Position = tuple[int | float | str, ...]
"""The values a list is sorted by, of the last row shown."""


class Page(NamedTuple, Generic[T]):
    """Rows of a list. ``next``: the cursor of the page after this one; None on the last."""

    rows: list[T]
    next: str | None


class WrongCursor(ValueError):
    """A text that is no cursor of this list."""


def cursor_of(position: Position) -> str:
    """The cursor of the rows after this one."""
    return urlsafe_b64encode(json.encode(position)).decode().rstrip("=")


def position_of(cursor: str, kinds: tuple[type, ...]) -> Position:
    """The position of a cursor; ``kinds``: the types of its values. Raises WrongCursor."""
    try:
        read = json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=prepared(list[int | float | str]))
    except (ValueError, DecodeError) as error:
        raise WrongCursor("no cursor of this list: leave it out to begin anew") from error
    if len(read) != len(kinds) or not all(
        isinstance(one, (int, float) if kind is float else kind) for one, kind in zip(read, kinds, strict=True)
    ):
        raise WrongCursor("no cursor of this list: leave it out to begin anew")
    return tuple(read)


def equal(wanted: NamedTuple, columns: Sequence[str]) -> tuple[list[str], list[Any]]:
    """Conditions and values for the fields that are given."""
    given = [(one, getattr(wanted, one)) for one in columns if getattr(wanted, one) is not None]
    return [f"{one} = ?" for one, _ in given], [value for _, value in given]


def where_all(conditions: Sequence[str]) -> str:
    """The part of a query that asks for all of these; empty where there are none."""
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def page_of(rows: list[Any], limit: int, kind: type[T]) -> Page[T]:
    """The first ``limit`` rows of those read, one more where there are others: what a list is sorted by, then a value
    as MessagePack."""
    position: Position = tuple(rows[limit - 1][:-1]) if len(rows) > limit else ()
    return Page([decoded(row[-1], kind) for row in rows[:limit]], cursor_of(position) if position else None)


def decoded(doc: bytes, kind: type[T]) -> T:
    """A value that the read model holds as MessagePack."""
    return msgpack.decode(doc, type=prepared(kind))
