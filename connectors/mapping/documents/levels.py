"""The levels below a message: lists of packages and scans, and what carriers put where one is due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connectors.formats import json
from connectors.mapping.documents.paths import Levels, contract_broken, value_getter
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
        return _concatenated([elements_of(part.strip(), levels) for part in path.split(AND)])
    if path.endswith(JSON_TEXT):
        return _in_json_text(path.removesuffix(JSON_TEXT), levels)
    is_list, bare = path.endswith(LIST), path.removesuffix(LIST)
    value_at = value_getter(bare, levels)
    return lambda at, single_as_object: _objects(value_at(at), bare, is_list, single_as_object)


def _concatenated(lists: Sequence[Elements]) -> Elements:
    return lambda at, single_as_object: [one for elements in lists for one in elements(at, single_as_object)]


def _in_json_text(path: str, levels: Sequence[str]) -> Elements:
    value_at = value_getter(path, levels)

    def read(at: Levels, single_as_object: bool) -> list[Any]:
        del single_as_object
        text = value_at(at)
        if text is None or text == "":
            return []
        if not isinstance(text, str):
            raise contract_broken(path, "JSON in a text", text)
        try:
            return [json.read(text.encode())]
        except (Reject, UnicodeEncodeError) as error:
            raise contract_broken(path, "JSON in a text", text) from error

    return read


def _objects(value: object, path: str, is_list: bool, single_as_object: bool) -> list[Any]:
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        return []
    if isinstance(value, dict) and (not is_list or single_as_object):
        return [value]
    if not is_list:
        raise contract_broken(path, "an object", value)
    if not isinstance(value, list):
        raise contract_broken(path, "a list", value)
    for index, element in enumerate(value):
        if element.__class__ is not dict:
            raise contract_broken(f"{path}[{index}]", "an object", element)
    return value
