"""The levels below a message: lists of packages and scans, and what carriers put where one is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connectors.formats import json
from connectors.mapping.documents.paths import Levels, broken, value_getter
from streams.kernel.errors import Reject

LIST = "[]"
JSON_TEXT = "{}"
AND = " + "
Elements = Callable[[Levels, bool], list[Any]]


def elements_of(path: str, levels: Sequence[str]) -> Elements:
    """Reads a level: the objects at ``path``, given whether the format shows no list of one. It raises Reject
    ``contract_broken`` where something else stands there. Raises BadPath.
    """
    if AND in path:
        return _one_after_the_other([elements_of(part.strip(), levels) for part in path.split(AND)])
    if path.endswith(JSON_TEXT):
        return _in_a_text(path.removesuffix(JSON_TEXT), levels)
    is_list, bare = path.endswith(LIST), path.removesuffix(LIST)
    value_at = value_getter(bare, levels)
    return lambda at, one_is_a_list: _objects(value_at(at), bare, is_list, one_is_a_list)


def _one_after_the_other(lists: Sequence[Elements]) -> Elements:
    return lambda at, one_is_a_list: [one for elements in lists for one in elements(at, one_is_a_list)]


def _in_a_text(path: str, levels: Sequence[str]) -> Elements:
    value_at = value_getter(path, levels)

    def read(at: Levels, one_is_a_list: bool) -> list[Any]:
        del one_is_a_list
        text = value_at(at)
        if text is None or text == "":
            return []
        if not isinstance(text, str):
            raise broken(path, "JSON in a text", text)
        try:
            return [json.read(text.encode())]
        except (Reject, UnicodeEncodeError) as error:
            raise broken(path, "JSON in a text", text) from error

    return read


def _objects(value: object, path: str, is_list: bool, one_is_a_list: bool) -> list[Any]:
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return []
    if isinstance(value, dict) and (not is_list or one_is_a_list):
        return [value]
    if not is_list:
        raise broken(path, "an object", value)
    if not isinstance(value, list):
        raise broken(path, "a list", value)
    for index, element in enumerate(value):
        if element.__class__ is not dict:
            raise broken(f"{path}[{index}]", "an object", element)
    return value
