"""``streams/`` computes: no waiting, no clock, no chance, no outside."""

from __future__ import annotations

import ast
import sys

from tests.support.sources import imports, label, modules, tree

IMPURE = {
    "asyncio", "concurrent", "ctypes", "fcntl", "glob", "http", "logging", "mmap", "multiprocessing", "os",
    "pathlib", "queue", "random", "sched", "secrets", "selectors", "shelve", "shutil", "signal", "smtplib",
    "socket", "socketserver", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "uuid",
}
ALLOWED = (set(sys.stdlib_module_names) - IMPURE) | {"streams", "msgspec"}
CLOCKS = {"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns"}
OUTSIDE = {"open", "print", "input"}

STREAMS = modules("streams")
WAITING = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)


def test_the_core_imports_only_the_standard_library_msgspec_and_itself() -> None:
    foreign = [
        f"{label(path)}:{line}: {name}" for path in STREAMS for line, name in imports(path)
        if name.partition(".")[0] not in ALLOWED
    ]
    assert foreign == []


def test_the_core_does_not_wait() -> None:
    waiting = [
        f"{label(path)}:{node.lineno}" for path in STREAMS for node in ast.walk(tree(path)) if isinstance(node, WAITING)
    ]
    assert waiting == []


def test_the_core_reads_no_clock_and_does_no_io() -> None:
    touching = []
    for path in STREAMS:
        calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
        methods = [(call.lineno, call.func.attr) for call in calls if isinstance(call.func, ast.Attribute)]
        functions = [(call.lineno, call.func.id) for call in calls if isinstance(call.func, ast.Name)]
        touching += [f"{label(path)}:{line}: {name}" for line, name in methods if name in CLOCKS]
        touching += [f"{label(path)}:{line}: {name}" for line, name in functions if name in OUTSIDE]
    assert touching == []
