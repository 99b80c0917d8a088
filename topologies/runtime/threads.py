"""Work in other threads, told in the log as what it is part of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any, TypeVar

from msgspec import Struct

T = TypeVar("T")

TELL_SECONDS = 0.01
"""How long the outcome of a call may wait for those of the calls after it."""


async def in_thread(executor: Executor, call: Callable[[], T]) -> T:
    """The result of ``call``, made in a thread of ``executor`` with the context variables of the caller."""
    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(executor, lambda: context.run(call))


class _Asked(Struct):
    """A call that waits, and what came of it."""

    call: Callable[[], Any]
    context: Context
    done: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def make(self) -> None:
        """Call, unless nobody waits for it any more."""
        if self.done.cancelled():
            return
        try:
            self.result = self.context.run(self.call)
        except BaseException as error:
            self.error = error

    def tell(self) -> None:
        """Let whoever asked go on."""
        if self.done.done():
            return
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.result)


class OneThread:
    """A thread that makes calls one after the other, in the order they were asked for.

    All calls that wait go to it in one hop, and come back in one: of a small call, waking the other thread is the
    larger part. It lives on one event loop.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, name)
        self._waiting: list[_Asked] = []
        self._busy = False

    async def run(self, call: Callable[[], T]) -> T:
        """The result of ``call``, made with the context variables of the caller."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Asked(call, copy_context(), done))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._go_on, loop)
        return await done

    def close(self) -> None:
        """End the thread once it has made the calls it has."""
        self._executor.shutdown()

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting:
            taken, self._waiting = self._waiting, []
            self._executor.submit(self._make, loop, taken)
        else:
            self._busy = False

    def _make(self, loop: asyncio.AbstractEventLoop, taken: list[_Asked]) -> None:
        made: list[_Asked] = []
        told_at = time.monotonic()
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            for one in taken:
                one.make()
                made.append(one)
                if time.monotonic() - told_at > TELL_SECONDS:
                    loop.call_soon_threadsafe(_tell, made)
                    made, told_at = [], time.monotonic()
            loop.call_soon_threadsafe(self._end, loop, made)

    def _end(self, loop: asyncio.AbstractEventLoop, made: list[_Asked]) -> None:
        _tell(made)
        self._go_on(loop)


def _tell(made: list[_Asked]) -> None:
    for one in made:
        one.tell()
