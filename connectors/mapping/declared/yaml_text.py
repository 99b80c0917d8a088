"""Loads YAML into checked Structs; every error names file and line.

Every scalar is read as text, so that codes like ``08``, ``NO`` or ``1E3`` stay unchanged; msgspec converts text to
numbers and booleans where the Struct requires them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml
from msgspec import Struct

from connectors.formats.prepared_types import prepared

T = TypeVar("T", bound=Struct)
_WHERE = re.compile(r" - at `\$?(.*)`$")
_PART = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]")
_MERGE = "<<"
_NULLS = frozenset({"", "~", "null"})
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C, which PyYAML's wheels have: the packaged carriers are read ten times as fast."""


class CarrierFileError(Exception):
    """A carrier's file is invalid; the text names file, line, field and fix."""

    def __init__(self, path: Path, line: int, field: str, problem: str) -> None:
        super().__init__(f"{path}:{line}: {field or 'the file'}: {problem}")
        self.path, self.line, self.field, self.problem = path, line, field, problem


class Lines:
    """The line of each field of a file, by its path from the root."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[tuple[str, ...], int] = {}

    def note(self, where: tuple[str, ...], line: int) -> None:
        """Record a field's line."""
        self._lines[where] = line

    def error(self, where: tuple[str, ...], problem: str) -> CarrierFileError:
        """Return an error of the field, with its line or that of the nearest recorded parent."""
        known = where
        while known and known not in self._lines:
            known = known[:-1]
        return CarrierFileError(self.path, self._lines.get(known, 1), ".".join(where), problem)

    def below(self, where: tuple[str, ...]) -> list[tuple[tuple[str, ...], int]]:
        """Return every recorded field below ``where``, with its line."""
        return [(field, line) for field, line in self._lines.items() if field[: len(where)] == where != field]

    def match(self, pattern: tuple[str, ...]) -> tuple[str, ...]:
        """Return the first recorded field that matches, else ``pattern``; ``...`` matches any one part."""
        for where in self._lines:
            if len(where) == len(pattern) and all(
                want in ("...", part) for part, want in zip(where, pattern, strict=True)
            ):
                return where
        return pattern


def load(path: Path, kind: type[T]) -> tuple[T, Lines]:
    """Load the file as a ``kind``, with the lines of its fields. Raises CarrierFileError."""
    lines = Lines(path)
    try:
        node = yaml.compose(path.read_text("utf-8"), Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CarrierFileError(path, line, "", f"no YAML: {error.problem}") from error
    if node is None:
        raise CarrierFileError(path, 1, "", "it is empty")
    plain = _plain(node, (), lines)
    try:
        return msgspec.convert(plain, prepared(kind), strict=False), lines
    except msgspec.ValidationError as error:
        raise _field_error(error, lines, plain) from error


def _plain(node: yaml.Node, where: tuple[str, ...], lines: Lines) -> Any:
    lines.note(where, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        inherited: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key == _MERGE:
                inherited |= _plain(value_node, where, lines)
                continue
            lines.note((*where, key), key_node.start_mark.line + 1)
            if key in found:
                raise lines.error((*where, key), "stands there twice; keep one")
            found[key] = _plain(value_node, (*where, key), lines)
            lines.note((*where, key), key_node.start_mark.line + 1)
        return {**inherited, **found}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*where, str(index)), lines) for index, item in enumerate(node.value)]
    bare = isinstance(node, yaml.ScalarNode) and not node.style
    return None if bare and node.value in _NULLS else node.value


def _field_error(error: msgspec.ValidationError, lines: Lines, plain: Any) -> CarrierFileError:
    text = str(error)
    found = _WHERE.search(text)
    parts = tuple(name or index for name, index in _PART.findall(found[1])) if found else ()
    problem = text[: found.start()] if found else text
    where = lines.match(parts)
    unknown = re.search(r"unknown field `(.*)`", problem)
    if unknown:
        where, problem = (*where, unknown[1]), "there is no such field; take it out or mend its name"
    elif "Invalid enum value" in problem:
        problem += "; see streams/kernel/vocabulary.py for the values there are"
        where = _path_of_value(plain, problem, where) or where
    elif "missing required field" in problem:
        problem += "; add it"
    return lines.error(where, problem)


def _path_of_value(plain: Any, problem: str, near: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the path of the invalid enum value near ``near``; None if not found. msgspec does not name the keys of a
    dict, and names only the dict for an invalid key."""
    value = re.search(r"Invalid enum value '(.*?)'", problem)
    if value is None:
        return None
    stack: list[tuple[tuple[str, ...], Any]] = [((), plain)]
    while stack:
        where, here = stack.pop()
        if here == value[1] and where[: len(near) - 1] == near[: len(near) - 1]:
            return where
        if isinstance(here, dict):
            if value[1] in here and where[: len(near)] == near:
                return (*where, value[1])
            stack += [((*where, key), item) for key, item in here.items()]
        elif isinstance(here, list):
            stack += [((*where, str(index)), item) for index, item in enumerate(here)]
    return None
