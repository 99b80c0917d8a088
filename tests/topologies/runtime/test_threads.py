"""Calls in a thread of their own: in order, told in one go, each with its own outcome and context."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from tests.support.waiting import PATIENCE
from topologies.runtime import threads
from topologies.runtime.threads import OneThread

NAME: ContextVar[str] = ContextVar("name", default="none")


@pytest.fixture
def thread() -> Iterator[OneThread]:
    made = OneThread("test")
    yield made
    made.close()


def test_calls_are_made_in_order_by_one_thread_and_each_has_its_own_outcome(thread: OneThread) -> None:
    made: list[tuple[int, str]] = []

    def call(number: int) -> int:
        made.append((number, threading.current_thread().name))
        if number % 3 == 2:
            raise ValueError(number)
        return number * 10

    async def main() -> list[int | BaseException]:
        return await asyncio.gather(*(thread.run(lambda n=number: call(n)) for number in range(9)),
                                    return_exceptions=True)

    outcomes = asyncio.run(main())
    assert [number for number, _ in made] == list(range(9))
    assert {name for _, name in made} == {"test_0"}
    assert [one for one in outcomes if not isinstance(one, BaseException)] == [0, 10, 30, 40, 60, 70]
    assert [one.args for one in outcomes if isinstance(one, ValueError)] == [(2,), (5,), (8,)]


def test_what_is_asked_for_meanwhile_is_made_next(thread: OneThread) -> None:
    begun, go_on = threading.Event(), threading.Event()
    made: list[str] = []

    def first() -> None:
        begun.set()
        assert go_on.wait(PATIENCE)
        made.append("first")

    async def main() -> None:
        one = asyncio.create_task(thread.run(first))
        await asyncio.to_thread(begun.wait, PATIENCE)
        two = asyncio.create_task(thread.run(lambda: made.append("second")))
        await asyncio.sleep(0)
        assert not two.done()
        go_on.set()
        await asyncio.gather(one, two)

    asyncio.run(main())
    assert made == ["first", "second"]


def test_a_long_call_does_not_keep_back_what_came_of_those_before(
    thread: OneThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "TELL_SECONDS", -1.0)
    go_on = threading.Event()

    async def main() -> None:
        one, two = (asyncio.create_task(thread.run(call)) for call in (lambda: True, lambda: go_on.wait(PATIENCE)))
        assert await one
        assert not two.done()
        go_on.set()
        assert await two

    asyncio.run(main())


def test_a_call_has_the_context_of_who_asked(thread: OneThread) -> None:
    async def named(name: str) -> str:
        NAME.set(name)
        return await thread.run(NAME.get)

    async def main() -> list[str]:
        return list(await asyncio.gather(*(asyncio.create_task(named(name)) for name in "abc")))

    assert asyncio.run(main()) == ["a", "b", "c"]


def test_a_call_nobody_waits_for_any_more_is_not_made(thread: OneThread) -> None:
    begun, go_on = threading.Event(), threading.Event()
    made: list[str] = []

    def first() -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    async def main() -> None:
        one = asyncio.create_task(thread.run(first))
        await asyncio.to_thread(begun.wait, PATIENCE)
        two = asyncio.create_task(thread.run(lambda: made.append("second")))
        await asyncio.sleep(0)
        two.cancel()
        go_on.set()
        await one
        await thread.run(lambda: made.append("third"))

    asyncio.run(main())
    assert made == ["third"]
