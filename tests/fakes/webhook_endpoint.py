"""A customer's endpoint on a port of this machine, with the faults real ones have."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple


class Received(NamedTuple):
    """One request as it came; header names in lower case. ``peer``: the port it came from."""

    line: str
    headers: dict[str, str]
    body: bytes
    peer: int


@dataclass
class Reply:
    """One answer. ``raw``: in place of all else, byte for byte; ``held``: sent when this is set; ``reset``: the
    connection ends in place of an answer."""

    status: int = 200
    body: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    held: asyncio.Event | None = None
    reset: bool = False

    def text(self) -> bytes:
        """The answer as sent."""
        if self.raw is not None:
            return self.raw
        told = {"Content-Length": str(len(self.body)), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        return f"HTTP/1.1 {self.status} Said\r\n{head}\r\n".encode() + self.body


@dataclass
class Endpoint:
    """Answers with its replies in turn, the last again and again."""

    port: int = 0
    scheme: str = "http"
    received: list[Received] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    answers: Callable[[Received], Reply] | None = None
    """In place of the replies."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.scheme}://127.0.0.1:{self.port}/hooks"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines[1:] if one)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.received.append(Received(lines[0], headers, body, writer.get_extra_info("peername")[1]))
                reply = self._reply()
                if reply.held is not None:
                    await reply.held.wait()
                if reply.reset:
                    writer.transport.abort()
                    return
                writer.write(reply.text())
                await writer.drain()
                if reply.raw is not None:
                    break
        writer.close()

    def _reply(self) -> Reply:
        if self.answers is not None:
            return self.answers(self.received[-1])
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@asynccontextmanager
async def listening(*replies: Reply, tls: ssl.SSLContext | None = None) -> AsyncIterator[Endpoint]:
    """An endpoint on a free port."""
    endpoint = Endpoint(scheme="http" if tls is None else "https", replies=list(replies) or [Reply()])
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0, ssl=tls, limit=1024 * 1024)
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        server.close()


@contextmanager
def in_a_thread() -> Iterator[Endpoint]:
    """An endpoint on a free port, served by a thread of its own."""
    started: list[Endpoint] = []
    begun, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with listening() as endpoint:
            started.append(endpoint)
            begun.set()
            await ended.wait()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    begun.wait()
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
