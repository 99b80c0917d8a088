"""Cursors of paged lists: where the next page begins, as a text that nobody has to understand."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Generic, NamedTuple, TypeVar

from msgspec import DecodeError, json

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
        read = json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=list[int | float | str])
    except (ValueError, DecodeError) as error:
        raise WrongCursor("no cursor of this list: leave it out to begin anew") from error
    if len(read) != len(kinds) or not all(
        isinstance(one, (int, float) if kind is float else kind) for one, kind in zip(read, kinds, strict=True)
    ):
        raise WrongCursor("no cursor of this list: leave it out to begin anew")
    return tuple(read)
