"""Work in other threads, told in the log as what it is part of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


async def in_thread(executor: Executor, call: Callable[[], T]) -> T:
    """The result of ``call``, made in a thread of ``executor`` with the context variables of the caller."""
    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(executor, lambda: context.run(call))
