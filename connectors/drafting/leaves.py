"""Finds the levels, leaves and scans of a decoded sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.drafting.side_by_side import SAYABLE, laid_together, lists_in, name_of
from connectors.drafting.words import is_time, words_of

_SCAN_NAMES = {"event", "scan", "activity", "occurrence", "checkpoint", "history", "detail", "status", "milestone"}
_VALUE_KEYS = frozenset({"content", "value", "#text", "$"})
MOST_LOOKED_AT = 500
"""Objects of a list that are looked at for a time; all of them are read for their codes."""
MESSAGE = "message"
SCAN = "scan"


@dataclass(frozen=True, slots=True)
class Level:
    """A level below the message: its name, and its path from the level above."""

    name: str
    path: str
    is_list: bool

    @property
    def lists(self) -> dict[str, str]:
        """The paths of lists side by side that are this level together, by the names of their elements; else none."""
        above, _, key = self.path.rpartition(".")
        return {name: f"{above}.{one}" for name, one in lists_in(key).items()}

    @property
    def first_path(self) -> str:
        """The path of the level; of lists side by side, of the first."""
        return next(iter(self.lists.values()), self.path)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field of the samples. ``path`` starts with its level; ``values``: all its texts, in order; ``of``: how many
    objects of the level there are; ``is_flag``: true or false in JSON."""

    path: str
    values: tuple[str, ...]
    of: int = 1
    is_flag: bool = False

    @property
    def words(self) -> list[str]:
        """The words of the path below its level."""
        return words_of(self.path.partition(".")[2])

    @property
    def last(self) -> list[str]:
        """The words of the last key; of the one before where that only says that a value stands there."""
        above, _, key = self.path.rpartition(".")
        return words_of(above.rpartition(".")[2] if key in _VALUE_KEYS and "." in above else key)

    @property
    def share(self) -> float:
        """The share of its level's objects that have the field."""
        return len(self.values) / max(self.of, 1)


@dataclass(slots=True)
class SampleStructure:
    """The structure of samples of one shape.

    ``levels``: outermost first; ``scans``: path -> text; ``beside``: paths of other lists whose objects have a time;
    ``messages``: the numbers of the samples' messages that have this shape.
    """

    levels: list[Level]
    leaves: list[Leaf]
    scans: list[dict[str, str]]
    beside: list[str] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)

    @property
    def is_timed(self) -> bool:
        """Whether a scan has a time; else it is no tracking message that could be read."""
        return any(is_time(text) for scan in self.scans for text in scan.values()) or (
            self.is_side_by_side and any(is_time(text) for leaf in self.leaves for text in leaf.values)
        )

    @property
    def is_side_by_side(self) -> bool:
        """Whether a level is laid together of lists side by side; the time may then stand above the scans."""
        return any(level.lists for level in self.levels)


@dataclass(slots=True)
class _Found:
    keys: tuple[str, ...]
    scans: list[dict[str, Any]] = field(default_factory=list)
    timed: int = 0


class _Shape(NamedTuple):
    """Locates the scans of a message: the keys that lead there, and at which of them there is a list."""

    keys: tuple[str, ...] = ()
    lists: tuple[bool, ...] = ()
    has_scans: bool = True


def analyse(messages: Sequence[dict[str, Any]], lists_of_one_are_objects: bool) -> list[SampleStructure]:
    """Find the shapes of these messages: where their scans (objects with a time) are, and the levels above them.

    A message whose list of scans is empty or missing has the shape of those that hold its path.
    """
    messages = laid_together(messages, lists_of_one_are_objects)
    lists = [_timed_lists(message, lists_of_one_are_objects) for message in messages]
    of = [
        _shape(message, max(found, key=_rank).keys if found else (), lists_of_one_are_objects)
        for found, message in zip(lists, messages, strict=True)
    ]
    shapes = [one for one in dict.fromkeys(of) if one.keys]
    alike = {frozenset(message) for one, message in zip(of, messages, strict=True) if one == _Shape()}
    if lists_of_one_are_objects:
        of = [
            next((each for each in shapes if _objects_at([message], each.keys)), one) if not one.keys else one
            for one, message in zip(of, messages, strict=True)
        ]
    of = [
        one if one.has_scans else next((each for each in shapes if each.keys[0] in message), None)
        or (_Shape() if frozenset(message) in alike else one)
        for one, message in zip(of, messages, strict=True)
    ]
    found = []
    for shape in dict.fromkeys(of):
        mine = [number for number, one in enumerate(of) if one == shape]
        beside = dict.fromkeys(one.keys for number in mine for one in lists[number]
                               if one.keys != shape.keys[: len(one.keys)])
        found.append(_structure(
            shape.keys, messages, mine, [".".join(one) for one in beside], lists_of_one_are_objects
        ))
    return sorted(found, key=lambda one: (not one.is_timed, -len(one.scans)))


def _shape(message: dict[str, Any], keys: tuple[str, ...], single: bool) -> _Shape:
    if not keys:
        return _Shape(has_scans=_is_timed(message))
    if single:
        return _Shape(keys)
    holders: list[Any] = [message]
    lists = []
    for key in keys:
        values = [one[key] for one in holders if isinstance(one, dict) and key in one]
        lists.append(any(isinstance(value, list) for value in values))
        holders = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return _Shape(keys, tuple(lists))


def _is_timed(message: dict[str, Any]) -> bool:
    return any(is_time(text) for _, text, _ in _texts(message, ()))


def _structure(
    keys: tuple[str, ...], messages: Sequence[dict[str, Any]], mine: list[int], beside: list[str], single: bool
) -> SampleStructure:
    own = [messages[number] for number in mine]
    levels = _levels(keys, own, single)
    innermost = levels[-1].name if levels else MESSAGE
    scans = _objects_at(own, keys)
    return SampleStructure(
        levels, list(_leaves(own, levels)),
        [{".".join((innermost, *below)): text for below, text, _ in _texts(scan, ())} for scan in scans],
        beside, mine,
    )


def _timed_lists(message: dict[str, Any], single: bool) -> list[_Found]:
    """Return the lists at least half of whose objects have a time, by the first of them; of those named like scans,
    one (the others may be steps to come)."""
    lists = []
    for found in _lists(message, (), single):
        timed = [*map(_is_timed, found.scans[:MOST_LOOKED_AT])]
        found.timed = sum(timed)
        if 2 * found.timed >= len(timed) or (any(timed) and _is_named(found)):
            lists.append(found)
    if not lists and any(is_time(text) for _, text, _ in _texts(message, ())):
        return [found for found in _lists(message, (), single) if lists_in(found.keys[-1])]
    return lists


def _rank(found: _Found) -> tuple[bool, int, int]:
    return _is_named(found), found.timed, len(found.keys)


def _is_named(found: _Found) -> bool:
    return bool(set(words_of(found.keys[-1])) & (_SCAN_NAMES | {f"{word}s" for word in _SCAN_NAMES}))


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
            yield from _below(one, keys, single)
    elif isinstance(value, dict):
        if single and keys and set(words_of(keys[-1])) & _SCAN_NAMES:
            yield keys, [value]
        yield from _below(value, keys, single)


def _below(
    value: dict[str, Any], keys: tuple[str, ...], single: bool
) -> Iterator[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    for key, inner in value.items():
        if SAYABLE.fullmatch(key):
            yield from _every_list(inner, (*keys, key), single)


def _levels(keys: tuple[str, ...], messages: Sequence[dict[str, Any]], single: bool) -> list[Level]:
    levels: list[Level] = []
    above, since = MESSAGE, []
    holders: list[Any] = list(messages)
    for place, key in enumerate(keys):
        since.append(key)
        values = [holder[key] for holder in holders if isinstance(holder, dict) and key in holder]
        is_list = any(isinstance(value, list) for value in values) or (single and place + 1 == len(keys))
        holders = [one for value in values for one in (value if isinstance(value, list) else [value])]
        if not is_list:
            continue
        name = SCAN if place + 1 == len(keys) else _name(key, {level.name for level in levels})
        levels.append(Level(name, f"{above}.{'.'.join(since)}", True))
        above, since = name, []
    return levels


def _objects_at(holders: Sequence[Any], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the objects at the end of the keys, through every list on the way."""
    found = list(holders)
    for key in keys:
        values = [one[key] for one in found if isinstance(one, dict) and key in one]
        found = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return [one for one in found if isinstance(one, dict)]


def _name(key: str, taken: set[str]) -> str:
    name = name_of(key)
    if name in ("list", MESSAGE, SCAN):
        name = "parcel"
    return f"{name}_{len(taken)}" if name in taken else name


def _leaves(messages: Sequence[dict[str, Any]], levels: list[Level]) -> Iterator[Leaf]:
    holders: list[dict[str, Any]] = list(messages)
    below = [tuple(level.path.split(".")[1:]) for level in levels]
    for place, name in enumerate([MESSAGE, *(level.name for level in levels)]):
        skipped = below[place] if place < len(below) else ()
        values: dict[tuple[str, bool], list[str]] = {}
        for holder in holders:
            for keys, text, is_flag in _texts(holder, (), skipped):
                values.setdefault((".".join((name, *keys)), is_flag), []).append(text)
        yield from (
            Leaf(path, tuple(texts), len(holders), is_flag) for (path, is_flag), texts in values.items()
        )
        if skipped:
            holders = _objects_at(holders, skipped)


def _texts(
    value: Any, keys: tuple[str, ...], skipped: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Yield (keys, text, whether it is true or false) of an object and its nested objects.

    Lists are left out, as they are levels of their own, and so are keys that a path cannot say.
    """
    for key, inner in value.items():
        here = (*keys, key)
        if here == skipped or not SAYABLE.fullmatch(key):
            continue
        if isinstance(inner, dict):
            yield from _texts(inner, here, skipped)
        elif isinstance(inner, bool):
            yield here, str(inner).lower(), True
        elif inner is not None and not isinstance(inner, list) and str(inner).strip():
            yield here, str(inner).strip(), False
