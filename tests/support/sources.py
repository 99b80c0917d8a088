"""The project's own source files, for the tests of its rules."""

from __future__ import annotations

import ast
import gc
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("streams", "config", "connectors", "topologies", "portal")


def modules(*packages: str) -> list[Path]:
    """Every Python file of these packages (all four without arguments), sorted."""
    return sorted(path for package in packages or PACKAGES for path in (ROOT / package).rglob("*.py"))


def label(path: Path) -> str:
    """A file as a test id: its path inside the repository."""
    return path.relative_to(ROOT).as_posix()


def module_name(path: Path) -> str:
    """The name it is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    """The file, parsed. Without collecting garbage: Python 3.11 loses count of its depth when finalizers run meanwhile
    (CPython issue 106905)."""
    collected = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text("utf-8"), label(path))
    finally:
        if collected:
            gc.enable()


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of every string in the code but docstrings; ``{}`` stands for an f-string's holes."""
    nodes = list(ast.walk(tree(path)))
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    inside = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and id(node) not in prose | inside:
            if isinstance(node.value, str):
                yield node.lineno, node.value
            elif isinstance(node.value, bytes):
                yield node.lineno, node.value.decode("latin-1")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of every import, also inside functions; relative ones start with a dot."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def committed_files() -> list[Path]:
    """Every file that is, or would be, part of the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True,
    ).stdout
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]
