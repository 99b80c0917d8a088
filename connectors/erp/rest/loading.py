"""Reads a declaration; every error names file, line and field, and says how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from connectors.erp.rest.declaration import Declaration

PACKAGED = Path(__file__).parent / "systems"
MOST_BYTES = 1_000_000
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DeclarationError(Exception):
    """A declaration is invalid; the text names file, line, field and fix."""

    def __init__(self, path: Path, line: int, field: str, problem: str) -> None:
        super().__init__(f"{path}:{line}: {field or 'the file'}: {problem}")
        self.path, self.line, self.field, self.problem = path, line, field, problem


class Source:
    """The text of a declaration, to find the line of a field in."""

    def __init__(self, path: Path) -> None:
        """Raises DeclarationError where it cannot be read."""
        self.path = path
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DeclarationError(path, 1, "", f"cannot be read: {error}") from None
        if len(text) > MOST_BYTES:
            raise DeclarationError(path, 1, "", f"has more than {MOST_BYTES} characters")
        try:
            self._node = yaml.compose(text, Loader=_LOADER)
            self.plain = yaml.load(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise DeclarationError(path, line, "", f"no YAML: {error.problem}") from None
        except yaml.YAMLError as error:
            raise DeclarationError(path, 1, "", f"no YAML: {error}") from None
        if not isinstance(self.plain, dict):
            raise DeclarationError(path, 1, "", "a mapping of fields is due, beginning with `erp: NAME`")
        self._refuse_twice(self._node, [])

    def error(self, where: Sequence[str | int], problem: str) -> DeclarationError:
        """The error of a field, with its line or that of the nearest field around it."""
        return DeclarationError(self.path, self._line(where), ".".join(map(str, where)), problem)

    def _line(self, where: Sequence[str | int]) -> int:
        node, line = self._node, 1
        for part in where:
            found = _inside(node, part)
            if found is None:
                break
            line, node = found
        return line

    def _refuse_twice(self, node: yaml.Node | None, where: list[str | int]) -> None:
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen and key.value != "<<":
                    raise DeclarationError(
                        self.path, key.start_mark.line + 1, ".".join(map(str, [*where, key.value])),
                        "stands there twice; keep one",
                    )
                seen.add(key.value)
                self._refuse_twice(value, [*where, key.value])
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self._refuse_twice(value, [*where, index])


def _inside(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line + 1, value) for key, value in node.value if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


def read(path: Path) -> tuple[Declaration, Source]:
    """The declaration, its texts not compiled yet, and its text. Raises DeclarationError."""
    source = Source(path)
    try:
        return Declaration.model_validate(source.plain), source
    except ValidationError as error:
        raise _told(error, source) from None


def packaged() -> dict[str, Path]:
    """The declarations that come with ShipSync, by name."""
    return {path.stem: path for path in sorted(PACKAGED.glob("*.yaml"))}


def _told(error: ValidationError, source: Source) -> DeclarationError:
    first = error.errors(include_url=False, include_input=False)[0]
    where = [part for part in first["loc"] if part not in ("bearer", "basic", "header", "oauth2", "oauth1")
             or part in source.plain]
    problem = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        problem = "there is no such field; take it out or mend its name"
    elif first["type"] == "missing":
        problem = "is missing; add it"
    return source.error(where, problem)
