"""Joins lists that run side by side: numbers in one, statuses in another, the first of each belonging together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from connectors.mapping.documents.paths import BadPath, Levels, as_text, contract_broken, value_getter
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

LIST = "[]"
_POINTED = re.compile(r"(?P<list>.+)\[(?:(?P<key>[^\[\]=]+)=)?(?P<name>[^\[\]=.]+)\.(?P<field>[^\[\]=]+)\]")
"""A list of which a field of another list's element chooses: ``places[event.place]``, ``places[id=event.place]``."""
Joined = dict[str, Any]
_Point = Callable[[Levels, bool, list[Joined]], None]


def side_by_side(lists: Mapping[str, str], levels: Sequence[str]) -> Callable[[Levels, bool], list[Any]]:
    """Compile lists that are one level together: each of its objects holds an element of each list, by its name.

    A path ending in ``[]`` is a list joined by position. One that ends in ``[name.field]`` is a list of which ``field``
    of the element ``name`` tells the position, from 0; with ``[key=name.field]``, the ``key`` of its element.

    The function takes the levels above, and whether the format shows a list of one element bare. A list that is missing
    joins nothing. The function raises Reject ``contract_broken`` where lists are of unequal length, where one is no
    list, and where there is nothing at a position; the reject names both fields and lengths. Raises BadPath.
    """
    found = {name: _POINTED.fullmatch(path) for name, path in lists.items()}
    by_position = [
        (name, lists[name].removesuffix(LIST), _list_at(lists[name].removesuffix(LIST), levels))
        for name, pointed in found.items() if pointed is None
    ]
    for name, pointed in found.items():
        if pointed is None and not lists[name].endswith(LIST):
            raise BadPath(f"{lists[name]!r} ends neither in [] nor in a field that points, [name.field]")
        if pointed is not None and pointed["name"] not in [one for one, _, _ in by_position]:
            raise BadPath(f"{lists[name]!r} is pointed to by {pointed['name']!r}, which is no list joined by position")
    points = [_point(name, pointed, levels) for name, pointed in found.items() if pointed is not None]

    def read(at: Levels, single_as_object: bool) -> list[Any]:
        columns = [(name, path, values_at(at, single_as_object)) for name, path, values_at in by_position]
        there = [(name, path, values) for name, path, values in columns if values is not None]
        for (_, first, ones), (_, second, others) in pairwise(there):
            if len(ones) != len(others):
                raise Reject(
                    RejectReason.CONTRACT_BROKEN,
                    f"{first} has {len(ones)} elements and {second} {len(others)}: "
                    "which of them belong together cannot be told", second,
                )
        joined: list[Joined] = [{} for _ in there[0][2]] if there else []
        for name, _, values in there:
            for one, value in zip(joined, values, strict=True):
                one[name] = value
        for point in points:
            point(at, single_as_object, joined)
        return joined

    return read


def points(path: str | Mapping[str, str]) -> bool:
    """Return True if a level has a list that is chosen from, so that an element of it may stand in many objects."""
    return not isinstance(path, str) and any(map(_POINTED.fullmatch, path.values()))


def _list_at(path: str, levels: Sequence[str]) -> Callable[[Levels, bool], list[Any] | None]:
    value_at = value_getter(path, levels)

    def read(at: Levels, single_as_object: bool) -> list[Any] | None:
        value = value_at(at)
        if value is None or isinstance(value, list):
            return value
        if not single_as_object:
            raise contract_broken(path, "a list", value)
        return [value] if value != "" else None

    return read


def _point(name: str, pointed: re.Match[str], levels: Sequence[str]) -> _Point:
    path, key, of, field = pointed["list"], pointed["key"], pointed["name"], pointed["field"]
    values_at = _list_at(path, levels)
    pointer_of = value_getter(f"{of}.{field}", [of])

    def join(at: Levels, single_as_object: bool, joined: list[Joined]) -> None:
        values = values_at(at, single_as_object) or []
        known = {} if key is None else {
            str(one.get(key)).strip(): one for one in reversed(values) if isinstance(one, dict)
        }
        for one in joined:
            pointer = as_text(pointer_of((one.get(of),)), f"{of}.{field}") if isinstance(one.get(of), dict) else None
            if pointer is None:
                continue
            if key is not None:
                one[name] = known.get(pointer)
            elif pointer.isdecimal() and int(pointer) < len(values):
                one[name] = values[int(pointer)]
            else:
                raise Reject(
                    RejectReason.CONTRACT_BROKEN,
                    f"{of}.{field} is {pointer[:20]}, and {path} has {len(values)} elements, counted from 0", path,
                )

    return join
