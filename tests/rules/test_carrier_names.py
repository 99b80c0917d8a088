"""A carrier is one folder: nothing outside ``connectors/carriers/`` knows its name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.sources import ROOT, label, modules, strings, tree

HOME = ROOT / "connectors" / "carriers"
CARRIERS = sorted(folder.name for folder in HOME.glob("[a-z]*") if folder.is_dir())
EXEMPT = (HOME, ROOT / "topologies" / "demo", ROOT / "topologies" / "cli" / "examples.py")
OTHERS = [path for path in modules() if not any(path.is_relative_to(folder) for folder in EXEMPT)]
NAMES = re.compile(rf"(?<![a-z0-9])({'|'.join(carrier.replace('_', '[ _-]') for carrier in CARRIERS)})(?![a-z0-9])")


def identifiers(path: Path) -> Iterator[tuple[int, str]]:
    """(line, name) of everything the module names itself or uses."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name


def test_no_carrier_is_named_outside_its_folder() -> None:
    named = [
        f"{label(path)}:{line}: {text}" for path in OTHERS for line, text in (*strings(path), *identifiers(path))
        if NAMES.search(text.lower())
    ]
    assert named == []
