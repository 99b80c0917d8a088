"""Every context has one way in: ``step.py`` with a function ``step``, and ``sweep`` where the clock brings something
about. Both return a ``StepResult``.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import get_origin, get_type_hints

from streams.kernel.step_result import StepResult
from tests.support.sources import ROOT, label

STEPS = sorted(ROOT.glob("streams/*/step.py"))


def functions(path: Path) -> dict[str, FunctionType]:
    module = import_module(f"streams.{path.parent.name}.step")
    found = inspect.getmembers(module, inspect.isfunction)
    return {name: one for name, one in found if one.__module__ == module.__name__ and not name.startswith("_")}


def test_a_context_has_one_step_and_at_most_one_sweep() -> None:
    found = {label(path): functions(path).keys() for path in STEPS}
    odd = {name: ways for name, ways in found.items() if "step" not in ways or ways - {"step", "sweep"}}
    assert odd == {}, "what others need beside the step goes into a module of its own"


def test_a_step_returns_a_step_result() -> None:
    others = [
        f"{label(path)}: {name}" for path in STEPS for name, function in functions(path).items()
        if get_origin(get_type_hints(function)["return"]) is not StepResult
    ]
    assert others == []
