"""Finds lists of a sample that run side by side, and lays them together as the list of scans that they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.drafting.words import is_time, words_of

BETWEEN = " ∥ "
"""Stands between the names of lists in the key of what they make together."""
SAYABLE = re.compile(r"(?!.* \+ )[^.\[\]{}\x00-\x1f\x7f-\x9f]+")
"""A key that a path of a ``carrier.yaml`` can say."""
_OTHER_THINGS = {
    "reference", "references", "refs", "tag", "tags", "note", "notes", "error", "errors", "warning", "warnings", "link",
    "links", "service", "services", "document", "documents", "image", "images", "attachment", "attachments",
}
"""Names of lists that may be as long as another by accident."""
Keys = tuple[str, ...]


def laid_together(messages: Sequence[dict[str, Any]], lists_of_one_are_objects: bool) -> list[dict[str, Any]]:
    """Return the messages, with one list in place of those that run side by side in every message.

    Its key names them all, and each of its objects holds an element of each, by the name of ``name_of``. Lists run side
    by side if they stand in one object, are always of one length, and at most one of them holds scans with a time.
    """
    found: dict[Keys, list[Mapping[str, Any]]] = {}
    for message in messages:
        for keys, holder in _objects(message, ()):
            found.setdefault(keys, []).append(holder)
    together = {keys: group for keys, holders in found.items() if (group := _group(holders, lists_of_one_are_objects))}
    if not together:
        return list(messages)
    return [_replaced(message, (), together) for message in messages]


def lists_in(key: str) -> dict[str, str]:
    """Return the lists that a key names, by the names of their elements; none where it is a key of the carrier."""
    lists = key.split(BETWEEN)
    return {name_of(one): one for one in lists} if len(lists) > 1 else {}


def name_of(key: str) -> str:
    """Return a name for an element of a list: that of the list, in the singular."""
    words = re.sub(r"\W", "_", key.rpartition(":")[2].lower())
    if len(words) > 4 and words.endswith("ses"):
        return words.removesuffix("es")
    return words.removesuffix("s") if len(words) > 3 and not words.endswith(("ss", "us")) else words


def _objects(value: Any, keys: Keys) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """Yield every object with the keys that lead to it, through lists."""
    if isinstance(value, list):
        for one in value:
            yield from _objects(one, keys)
    elif isinstance(value, dict):
        yield keys, value
        for key, inner in value.items():
            yield from _objects(inner, (*keys, key))


def _group(holders: Sequence[Mapping[str, Any]], single: bool) -> list[str]:
    """Return the keys of the lists that run side by side in all these objects; none if there are not at least two."""
    lists: dict[str, list[list[Any]]] = {}
    for key in dict.fromkeys(key for holder in holders for key, value in holder.items() if isinstance(value, list)):
        if not SAYABLE.fullmatch(key) or BETWEEN in key or _OTHER_THINGS & set(words_of(key)):
            continue
        values = [holder.get(key, []) for holder in holders]
        values = [value if isinstance(value, list) or not single else [value] for value in values]
        if all(isinstance(value, list) for value in values):
            lists[key] = values
    alike: dict[tuple[int, ...], list[str]] = {}
    for key, values in lists.items():
        if all(_is_plain(value) for value in values):
            alike.setdefault(tuple(map(len, values)), []).append(key)
    groups = [(lengths, keys) for lengths, keys in alike.items() if len(keys) > 1 and any(lengths)]
    for lengths, keys in groups:
        timed = [key for key in keys if _holds_times(lists[key])]
        of_objects = [key for key in keys if any(isinstance(one, dict) for value in lists[key] for one in value)]
        if len(timed) < 2 and (max(lengths) > 1 or not of_objects) and len({name_of(key) for key in keys}) == len(keys):
            return keys
    return []


def _is_plain(elements: Sequence[Any]) -> bool:
    """Return True if the elements are all objects, or all texts, numbers and nulls."""
    kinds = {isinstance(one, dict) for one in elements if one is not None}
    return len(kinds) < 2 and not any(isinstance(one, list) for one in elements)


def _holds_times(lists: Sequence[Sequence[Any]]) -> bool:
    return any(_has_time(one) for elements in lists for one in elements if isinstance(one, dict))


def _has_time(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_time, value.values()))
    return isinstance(value, str) and is_time(value)


def _replaced(value: Any, keys: Keys, together: Mapping[Keys, Sequence[str]]) -> Any:
    if isinstance(value, list):
        return [_replaced(one, keys, together) for one in value]
    if not isinstance(value, dict):
        return value
    group = together.get(keys, ())
    made = {key: _replaced(inner, (*keys, key), together) for key, inner in value.items() if key not in group}
    if group and any(key in value for key in group):
        columns = {name_of(key): _as_list(value[key]) for key in group if key in value}
        made[BETWEEN.join(group)] = [
            dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
        ]
    return made


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
