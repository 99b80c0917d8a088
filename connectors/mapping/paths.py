"""Paths into a payload, compiled once: ``scan.status.code`` reads ``code`` in ``status`` of the level ``scan``.

A level is the message itself or an element of a list being walked; a getter takes the tuple of the levels
it stands in. Text is stripped; numbers become text; null, empty text and what is not there are None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from streams.errors import Reject
from streams.vocabulary import RejectReason

Levels = tuple[Any, ...]
Text = Callable[[Levels], str | None]
Value = Callable[[Levels], Any]


class BadPath(ValueError):
    """The path names no level there is."""


def broken(path: str, due: str, found: object) -> Reject:
    """The payload is not built as the adapter relies on."""
    kind = {"dict": "an object", "list": "a list", "NoneType": "nothing"}.get(type(found).__name__)
    return Reject(RejectReason.CONTRACT_BROKEN, f"{path}: {due} is due, {kind or repr(found)[:60]} is there", path)


def split(path: str, levels: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """Index of the level and the keys below it. Raises BadPath."""
    level, *keys = path.split(".")
    if level not in levels:
        raise BadPath(f"{path!r} starts with {level!r}; it must start with one of {', '.join(levels)}")
    if not all(keys):
        raise BadPath(f"{path!r} has an empty part")
    return levels.index(level), tuple(keys)


def as_text(value: Any, path: str) -> str | None:
    """A leaf as text. Raises Reject ``contract_broken`` for an object or a list."""
    if value is None:
        return None
    if value.__class__ is str:
        return value.strip() or None
    if value.__class__ is bool:
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not value:
        return None
    raise broken(path, "a text", value)


def text_getter(path: str, levels: Sequence[str]) -> Text:
    """The text at ``path``. The getter raises Reject where an object or a list stands in the way."""
    level, keys = split(path, levels)
    if len(keys) == 1:
        return _one_key(path, level, keys[0])
    if len(keys) == 2:
        return _two_keys(path, level, keys[0], keys[1])
    value = value_getter(path, levels)
    return lambda at: as_text(value(at), path)


def _one_key(path: str, level: int, key: str) -> Text:
    def get(at: Levels) -> str | None:
        value = at[level].get(key)
        if value.__class__ is str:
            return value.strip() or None
        return None if value is None else as_text(value, path)

    return get


def _two_keys(path: str, level: int, outer: str, inner: str) -> Text:
    def get(at: Levels) -> str | None:
        value = at[level].get(outer)
        if value.__class__ is not dict:
            if not value:
                return None
            raise broken(path, "an object", value)
        value = value.get(inner)
        if value.__class__ is str:
            return value.strip() or None
        return None if value is None else as_text(value, path)

    return get


def value_getter(path: str, levels: Sequence[str]) -> Value:
    """Whatever stands at ``path``, None where nothing does."""
    level, keys = split(path, levels)

    def get(at: Levels) -> Any:
        value = at[level]
        for key in keys:
            if value.__class__ is not dict:
                if not value:
                    return None
                raise broken(path, "an object", value)
            value = value.get(key)
        return value

    return get


def first_of(getters: Sequence[Text]) -> Text:
    """The first text there is."""
    if len(getters) == 1:
        return getters[0]

    def get(at: Levels) -> str | None:
        for getter in getters:
            found = getter(at)
            if found is not None:
                return found
        return None

    return get


def texts_below(value: Any, keys: Sequence[str]) -> Iterator[str]:
    """Every text reached by ``keys``, through lists; never raises. For what is shown to a person."""
    if isinstance(value, list):
        for item in value:
            yield from texts_below(item, keys)
    elif keys and isinstance(value, dict):
        yield from texts_below(value.get(keys[0]), keys[1:])
    elif not keys and value is not None and not isinstance(value, dict):
        text = " ".join(str(value).split())
        if text:
            yield text


def holders_below(value: Any, keys: Sequence[str]) -> Iterator[Any]:
    """Every object or text reached by ``keys``, through lists; never raises."""
    if isinstance(value, list):
        for item in value:
            yield from holders_below(item, keys)
    elif not keys:
        yield value
    elif isinstance(value, dict):
        yield from holders_below(value.get(keys[0]), keys[1:])
