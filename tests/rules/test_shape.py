"""Small modules, small functions, speaking names, tests where one looks for them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.sources import PACKAGES, ROOT, committed_files, imports, label, modules, tree

MOST_LINES = 400
MOST_FUNCTION_LINES = 60
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc"}
HELD_ELSEWHERE = {
    "streams/model.py": "tests/rules/test_contracts.py",
    "streams/vocabulary.py": "tests/rules/test_contracts.py",
    "streams/warehouse.py": "tests/rules/test_contracts.py",
    "streams/link_records.py": "tests/rules/test_contracts.py",
    "streams/claim_records.py": "tests/rules/test_contracts.py",
    "streams/feed_records.py": "tests/rules/test_contracts.py",
    "streams/poll_record.py": "tests/rules/test_contracts.py",
    "streams/posting_records.py": "tests/rules/test_contracts.py",
    "streams/dwell_records.py": "tests/rules/test_contracts.py",
    "streams/public_state.py": "tests/streams/test_punctuality.py",
    "streams/outcomes.py": "tests/topologies/test_intake.py",
    "streams/acknowledgement.py": "tests/rules/test_contracts.py",
    "streams/alert_records.py": "tests/rules/test_contracts.py",
    "streams/alert_vocabulary.py": "tests/rules/test_contracts.py",
}
ALL = pytest.mark.parametrize("path", modules(), ids=label)


@ALL
def test_a_module_is_small(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES


@ALL
def test_a_function_is_small(path: Path) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, kinds)]
    sizes = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: size for name, size in sizes.items() if size > MOST_FUNCTION_LINES} == {}


@ALL
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path))


@ALL
def test_a_module_has_a_speaking_name(path: Path) -> None:
    assert path.stem not in VAGUE
    assert path.parent.name not in VAGUE


@ALL
def test_imports_are_absolute(path: Path) -> None:
    assert [(line, name) for line, name in imports(path) if name.startswith(".")] == []


@ALL
def test_nothing_is_left_for_later(path: Path) -> None:
    later = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
    lines = path.read_text("utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if later.search(line)] == []


STEPS = [path for path in modules("streams") if path.stem != "__init__"]


@pytest.mark.parametrize("path", STEPS, ids=label)
def test_every_step_has_its_tests(path: Path) -> None:
    inside = path.relative_to(ROOT).as_posix()
    mirrored = f"tests/{inside.removesuffix(path.name)}test_{path.name}"
    assert (ROOT / HELD_ELSEWHERE.get(inside, mirrored)).exists(), f"write {mirrored}"


def test_the_folder_of_contracts_is_no_package() -> None:
    assert not list((ROOT / "avro").rglob("__init__.py")), "it would hide the avro library"


def test_no_test_sleeps() -> None:
    tests = [path for path in committed_files() if path.match("tests/**/test_*.py")]
    calls = re.compile(r"^[^\"']*\btime\.sleep\(", re.MULTILINE)
    sleeping = [label(path) for path in tests if calls.search(path.read_text("utf-8"))]
    assert sleeping == [], "wait for a condition: tests/support/waiting.py"


def test_every_package_is_installed() -> None:
    setup = (ROOT / "setup.cfg").read_text("utf-8")
    assert [name for name in PACKAGES if f"{name}*" not in setup] == []
    folders = {path.parent for path in modules()}
    assert [label(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
