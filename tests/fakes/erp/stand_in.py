"""The part that all stand-ins share: serving, faults on demand, and a count of what really took effect."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
MOST_BODY = 1_000_000
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Fault:
    """A mishap of a request. ``skip``: how many of those it could befall are spared before. ``writing``: it befalls
    only those that may change something. ``commits``: the ERP does its work all the same."""

    commits: bool = False
    skip: int = 0
    writing: bool = True
    hangs: bool = False
    breaks: bool = False
    answer: Callable[[], web.Response] | None = None


@dataclass
class StandIn:
    """One ERP. ``effects``: how often each thing was really done. ``asked``: method and path of every request."""

    faults: list[Fault] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    given_up: asyncio.Event = field(default_factory=asyncio.Event)

    def routes(self) -> list[web.RouteDef]:
        """Where what is served."""
        raise NotImplementedError

    def unauthorised(self, request: web.Request) -> web.Response | None:
        """The answer to wrong credentials; None for right ones."""
        raise NotImplementedError

    def is_writing(self, request: web.Request) -> bool:
        """Whether a request may change something."""
        return request.method not in ("GET", "HEAD")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[StandIn]:
        """Serve while the context is entered."""
        app = web.Application(middlewares=[self._faulty], client_max_size=MOST_BODY)
        app.add_routes(self.routes())
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self.given_up.set()
            await runner.cleanup()

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked.append((request.method, request.path))
        refused = self.unauthorised(request)
        if refused is not None:
            return refused
        fault = self._befalling(request)
        if fault is None:
            return await handler(request)
        if fault.commits:
            await handler(request)
        if fault.hangs:
            await self.given_up.wait()
        if fault.hangs or fault.breaks:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        assert fault.answer is not None
        return fault.answer()

    def _befalling(self, request: web.Request) -> Fault | None:
        for fault in self.faults:
            if fault.writing and not self.is_writing(request):
                continue
            if fault.skip:
                fault.skip -= 1
                return None
            self.faults.remove(fault)
            return fault
        return None


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request."""
    found = await request.json()
    assert isinstance(found, dict)
    return found
