"""Finds the levels, leaves and scans of a decoded sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.drafting.words import is_time, words_of

_SCAN_NAMES = {"event", "scan", "activity", "occurrence", "checkpoint", "history", "detail", "status", "milestone"}
MESSAGE = "message"
SCAN = "scan"


@dataclass(frozen=True, slots=True)
class Level:
    """A level below the message: its name, and its path from the level above."""

    name: str
    path: str
    is_list: bool


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field of the sample. ``path`` starts with its level; ``values``: all its texts, in order."""

    path: str
    values: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        """The words of the path below its level."""
        return words_of(self.path.partition(".")[2])

    @property
    def last(self) -> list[str]:
        """The words of the last key."""
        return words_of(self.path.rpartition(".")[2])


@dataclass(slots=True)
class SampleStructure:
    """The levels of a sample, outermost first, its leaves, and its scans as path -> text."""

    levels: list[Level]
    leaves: list[Leaf]
    scans: list[dict[str, str]]


@dataclass(slots=True)
class _Found:
    keys: tuple[str, ...]
    scans: list[dict[str, Any]] = field(default_factory=list)


def analyse(message: dict[str, Any], lists_of_one_are_objects: bool) -> SampleStructure:
    """Find the list that most likely holds the scans (objects with a time), and the levels above it."""
    best: _Found | None = None
    for found in _lists(message, (), lists_of_one_are_objects):
        timed = sum(any(is_time(text) for _, text in _texts(scan, ())) for scan in found.scans)
        if timed * 2 > len(found.scans) and (best is None or _rank(found) > _rank(best)):
            best = found
    keys = best.keys if best is not None else ()
    levels = _levels(keys, message, lists_of_one_are_objects)
    innermost = levels[-1].name if levels else MESSAGE
    return SampleStructure(
        levels, list(_leaves(message, levels)),
        [
            {".".join((innermost, *keys)): text for keys, text in _texts(scan, ())}
            for scan in (best.scans if best is not None else [message])
        ],
    )


def _rank(found: _Found) -> tuple[bool, int, int]:
    named = bool(set(words_of(found.keys[-1])) & (_SCAN_NAMES | {f"{word}s" for word in _SCAN_NAMES}))
    return named, len(found.scans), len(found.keys)


def _lists(value: Any, keys: tuple[str, ...], single: bool) -> Iterator[_Found]:
    """Yield every list of objects; lists at the same path are joined."""
    together: dict[tuple[str, ...], _Found] = {}
    for path, scans in _every_list(value, keys, single):
        together.setdefault(path, _Found(path)).scans.extend(scans)
    yield from together.values()


def _every_list(
    value: Any, keys: tuple[str, ...], single: bool
) -> Iterator[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    if isinstance(value, list):
        objects = [one for one in value if isinstance(one, dict)]
        if objects:
            yield keys, objects
        for one in objects:
            for key, inner in one.items():
                yield from _every_list(inner, (*keys, key), single)
    elif isinstance(value, dict):
        if single and keys and set(words_of(keys[-1])) & _SCAN_NAMES:
            yield keys, [value]
        for key, inner in value.items():
            yield from _every_list(inner, (*keys, key), single)


def _levels(keys: tuple[str, ...], message: dict[str, Any], single: bool) -> list[Level]:
    levels: list[Level] = []
    above, since = MESSAGE, []
    holder: Any = message
    for place, key in enumerate(keys):
        since.append(key)
        holder = _first_with(holder, key)
        is_list = isinstance(holder, list) or (single and place + 1 == len(keys))
        if not is_list:
            continue
        name = SCAN if place + 1 == len(keys) else _name(key, {level.name for level in levels})
        levels.append(Level(name, f"{above}.{'.'.join(since)}", True))
        above, since = name, []
    return levels


def _first_with(holder: Any, key: str) -> Any:
    """Return the value at ``key`` of an object, or of the first object of a list that has the key."""
    if isinstance(holder, list):
        return next((one[key] for one in holder if isinstance(one, dict) and key in one), None)
    return holder.get(key) if isinstance(holder, dict) else None


def _name(key: str, taken: set[str]) -> str:
    words = re.sub(r"\W", "_", key.rpartition(":")[2].lower())
    name = words.removesuffix("s") if len(words) > 3 else words
    if name in ("list", MESSAGE, SCAN):
        name = "parcel"
    return f"{name}_{len(taken)}" if name in taken else name


def _leaves(message: dict[str, Any], levels: list[Level]) -> Iterator[Leaf]:
    holders: list[Any] = [message]
    below = [level.path.split(".")[1:] for level in levels]
    for place, name in enumerate([MESSAGE, *(level.name for level in levels)]):
        skipped = tuple(below[place]) if place < len(below) else ()
        values: dict[str, list[str]] = {}
        for holder in holders:
            for keys, text in _texts(holder, (), skipped):
                values.setdefault(".".join((name, *keys)), []).append(text)
        yield from (Leaf(path, tuple(texts)) for path, texts in values.items())
        if skipped:
            holders = [one for holder in holders for one in _at(holder, skipped)]


def _at(holder: Any, keys: tuple[str, ...]) -> list[Any]:
    for key in keys:
        holder = holder.get(key) if isinstance(holder, dict) else None
    if isinstance(holder, list):
        return [one for one in holder if isinstance(one, dict)]
    return [holder] if isinstance(holder, dict) else []


def _texts(
    value: Any, keys: tuple[str, ...], skipped: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (keys, text) of an object and its nested objects, without lists, which are levels of their own."""
    for key, inner in value.items():
        here = (*keys, key)
        if here == skipped:
            continue
        if isinstance(inner, dict):
            yield from _texts(inner, here, skipped)
        elif inner is not None and not isinstance(inner, list | bool) and str(inner).strip():
            yield here, str(inner).strip()
