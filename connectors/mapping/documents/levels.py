"""Reads the levels below a message: lists of packages and scans, and the forms in which carriers write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connectors.formats import json
from connectors.mapping.documents.paths import Levels, contract_broken, value_getter
from connectors.mapping.documents.side_by_side import LIST, side_by_side
from streams.kernel.errors import Reject

JSON_TEXT = "{}"
AND = " + "
Elements = Callable[[Levels, bool], list[Any]]


def elements_of(path: str | dict[str, str], levels: Sequence[str]) -> Elements:
    """Compile a path of ``each``, or lists side by side by name, to a function that returns the objects of that level.

    The function takes the levels above and whether the format shows a list of one element as an object. It returns an
    empty list if the value is missing, and raises Reject ``contract_broken`` if the value is of another type, or if
    lists side by side are of unequal length. Raises BadPath.
    """
    if isinstance(path, dict):
        return side_by_side(path, levels)
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
