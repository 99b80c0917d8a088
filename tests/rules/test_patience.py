"""A test that asks a server over HTTP waits for it as long as a busy machine takes, not for httpx's five seconds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.sources import label, modules, tree

ASKS = {"get", "post", "put", "patch", "delete", "head", "options", "request", "stream", "Client", "AsyncClient"}
SAID = {"timeout", "transport"}


def hurried(parsed: ast.AST) -> Iterator[int]:
    """The lines that leave it to httpx how long to wait. One with a ``transport`` asks no server."""
    for node in ast.walk(parsed):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in ASKS:
            continue
        is_httpx = isinstance(node.func.value, ast.Name) and node.func.value.id == "httpx"
        if is_httpx and not SAID & {one.arg for one in node.keywords}:
            yield node.lineno


def test_tests_are_patient() -> None:
    found = [f"{label(path)}:{line}" for path in modules("tests") for line in hurried(tree(path))]
    assert found == [], f"write timeout=PATIENCE of tests.support.waiting: {found}"


@pytest.mark.parametrize(("line", "wrong"), [
    ("httpx.get(url)", 1),
    ("httpx.Client(base_url=url)", 1),
    ("httpx.get(url, timeout=PATIENCE)", 0),
    ("httpx.AsyncClient(transport=server)", 0),
    ("client.get(url)", 0),
])
def test_what_is_found(line: str, wrong: int) -> None:
    assert len(list(hurried(ast.parse(line)))) == wrong
