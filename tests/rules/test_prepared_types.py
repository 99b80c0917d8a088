"""Types that msgspec reads by within a function are prepared ones: threads may meet there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.sources import label, modules, tree

READS = {"decode", "convert"}


def unprepared(parsed: ast.AST) -> Iterator[int]:
    """The lines that read by a type which is not prepared."""
    for node in ast.walk(parsed):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in READS:
            continue
        kinds = [one.value for one in node.keywords if one.arg == "type"]
        if node.func.attr == "convert":
            kinds += node.args[1:2]
        yield from (kind.lineno for kind in kinds if not _is_prepared(kind))


def _is_prepared(kind: ast.expr) -> bool:
    return isinstance(kind, ast.Call) and isinstance(kind.func, ast.Name) and kind.func.id == "prepared"


def test_types_are_prepared() -> None:
    found = [f"{label(path)}:{line}" for path in modules() for line in unprepared(tree(path))]
    assert found == [], f"write prepared(...) of connectors.formats.prepared_types around the type: {found}"


@pytest.mark.parametrize(("line", "wrong"), [
    ("json.decode(body, type=Letter)", 1),
    ("json.decode(body, type=prepared(Letter))", 0),
    ("msgspec.convert(found, Letter, strict=False)", 1),
    ("msgspec.convert(found, prepared(Letter))", 0),
    ("body.decode('utf-8')", 0),
])
def test_what_is_found(line: str, wrong: int) -> None:
    assert len(list(unprepared(ast.parse(line)))) == wrong
