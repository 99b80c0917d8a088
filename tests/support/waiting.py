"""Waiting for a condition with a deadline, in place of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 300.0
"""Seconds: enough for what takes half a minute, on a machine ten times slower."""


def eventually(
    condition: Callable[[], T], timeout: float = PATIENCE, *, interval: float = 0.05, what: str = ""
) -> T:
    """The first truthy answer of ``condition``. Raises AssertionError after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {timeout:g} s: {what or condition} (last answer: {answer!r})")
        time.sleep(interval)
