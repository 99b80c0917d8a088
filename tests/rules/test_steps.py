"""Every context has one way in: ``step.py`` with a function ``step``, and ``sweep`` where the clock brings something
about. Both return a ``StepResult``.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.sources import ROOT, label, tree

NOT_YET = {"alerts", "edi", "feeds", "fulfilment", "identity", "intake", "orders", "shipments"}
STEPS = [path for path in sorted(ROOT.glob("streams/*/step.py")) if path.parent.name not in NOT_YET]


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    found = [node for node in tree(path).body if isinstance(node, ast.FunctionDef)]
    return {node.name: node for node in found if not node.name.startswith("_")}


@pytest.mark.parametrize("path", STEPS, ids=label)
def test_a_context_has_one_step_and_at_most_one_sweep(path: Path) -> None:
    found = functions(path)
    assert "step" in found
    assert found.keys() <= {"step", "sweep"}, "what others need beside the step goes into a module of its own"


@pytest.mark.parametrize("path", STEPS, ids=label)
def test_a_step_returns_a_step_result(path: Path) -> None:
    for function in functions(path).values():
        assert function.returns is not None
        assert ast.unparse(function.returns).startswith("StepResult["), function.name
