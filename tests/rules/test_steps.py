"""Every context has one way in: ``step.py`` with a function ``step``, and ``sweep`` where the clock brings something
about. Both return a ``StepResult``.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import get_origin, get_type_hints

import pytest

from streams.kernel.step_result import StepResult
from tests.support.sources import ROOT, label

NOT_YET = {"fulfilment", "shipments"}
STEPS = [path for path in sorted(ROOT.glob("streams/*/step.py")) if path.parent.name not in NOT_YET]


def functions(path: Path) -> dict[str, FunctionType]:
    module = import_module(f"streams.{path.parent.name}.step")
    found = inspect.getmembers(module, inspect.isfunction)
    return {name: one for name, one in found if one.__module__ == module.__name__ and not name.startswith("_")}


@pytest.mark.parametrize("path", STEPS, ids=label)
def test_a_context_has_one_step_and_at_most_one_sweep(path: Path) -> None:
    found = functions(path).keys()
    assert "step" in found
    assert found <= {"step", "sweep"}, "what others need beside the step goes into a module of its own"


@pytest.mark.parametrize("path", STEPS, ids=label)
def test_a_step_returns_a_step_result(path: Path) -> None:
    for name, function in functions(path).items():
        assert get_origin(get_type_hints(function)["return"]) is StepResult, name
