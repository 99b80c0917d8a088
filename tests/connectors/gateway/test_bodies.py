"""Bodies that end before they should, or do not end in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect

from connectors.gateway import bodies
from connectors.gateway.body_slots import BodySlots, SlotLimits
from connectors.gateway.problems import Problem


def request(stream: Callable[[], AsyncIterator[bytes]]) -> Request:
    made = Request({"type": "http", "method": "POST", "path": "/", "headers": []})
    made.stream = stream  # type: ignore[method-assign,assignment]
    return made


async def read(stream: Callable[[], AsyncIterator[bytes]], slots: BodySlots) -> bytes:
    with slots.taken("acme", "192.0.2.1", proven=False, of_one_peer=1) as slot:
        return await bodies.read(request(stream), 100, slots, slot)


def problem_of(stream: Callable[[], AsyncIterator[bytes]]) -> Problem:
    with pytest.raises(Problem) as raised:
        asyncio.run(read(stream, BodySlots(SlotLimits())))
    return raised.value


def test_a_body_that_is_cut_off_is_no_fault_of_ours() -> None:
    async def cut_off() -> AsyncIterator[bytes]:
        yield b"{"
        raise ClientDisconnect

    assert (problem_of(cut_off).status, problem_of(cut_off).code) == (400, "cut_off")


def test_a_body_that_does_not_arrive_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "READ_SECONDS", 0.01)

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    assert (problem_of(endless).status, problem_of(endless).code) == (408, "too_slow")


def test_a_body_that_gives_way_is_told_to_come_again() -> None:
    async def both() -> tuple[bytes | BaseException, bytes]:
        begun, slots = asyncio.Event(), BodySlots(SlotLimits())

        async def endless() -> AsyncIterator[bytes]:
            yield b"{"
            begun.set()
            await asyncio.Event().wait()

        async def whole() -> AsyncIterator[bytes]:
            yield b"{}"

        slow = asyncio.create_task(read(endless, slots))
        await begun.wait()
        quick = await read(whole, slots)
        return (await asyncio.gather(slow, return_exceptions=True))[0], quick

    slow, quick = asyncio.run(both())
    assert quick == b"{}"
    assert isinstance(slow, Problem)
    assert (slow.status, slow.code, slow.headers["Retry-After"]) == (503, "displaced", "1")


def test_a_feed_of_a_format_that_is_not_known_takes_any_type() -> None:
    assert bodies.media_types(["something new"]) == ("",)


def test_further_types_stand_beside_those_of_the_formats() -> None:
    assert bodies.media_types(["json", "ndjson"], ["Text/Plain"]).count("application/json") == 1
    assert bodies.media_types(["json"], ["Text/Plain"])[-1] == "text/plain"
