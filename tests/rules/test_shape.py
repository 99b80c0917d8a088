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
    "streams/contracts/model.py": "tests/rules/test_contracts.py",
    "streams/kernel/memo.py": "tests/streams/avro_codec/test_binary.py",
    "streams/contracts/dwell_keys.py": "tests/streams/norms/test_step.py",
    "streams/contracts/at_stake.py": "tests/streams/shipments/notifications/test_alert_signals.py",
    "streams/contracts/claim_order.py": "tests/streams/shipments/claims/test_standing.py",
    "streams/kernel/vocabulary.py": "tests/rules/test_contracts.py",
    "streams/contracts/warehouse.py": "tests/rules/test_contracts.py",
    "streams/contracts/links.py": "tests/rules/test_contracts.py",
    "streams/contracts/claims.py": "tests/rules/test_contracts.py",
    "streams/contracts/feeds.py": "tests/rules/test_contracts.py",
    "streams/contracts/polling.py": "tests/rules/test_contracts.py",
    "streams/contracts/postings.py": "tests/rules/test_contracts.py",
    "streams/contracts/dwells.py": "tests/rules/test_contracts.py",
    "streams/shipments/state_view.py": "tests/streams/shipments/timers/test_punctuality.py",
    "streams/kernel/carrier_errors.py": "tests/topologies/stages/test_intake.py",
    "streams/contracts/edi.py": "tests/rules/test_contracts.py",
    "streams/contracts/alerts.py": "tests/rules/test_contracts.py",
    "streams/kernel/step_result.py": "tests/rules/test_steps.py",
    "streams/kernel/alert_vocabulary.py": "tests/rules/test_contracts.py",
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
