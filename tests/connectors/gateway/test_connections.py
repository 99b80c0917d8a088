"""Connections of senders who are not known yet: heads too large or too slow, too many at once, answers nobody reads."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
import uvicorn

from connectors.gateway import connections as module
from connectors.gateway.connections import ConnectionLimits, Connections, guarded

LIMITS = ConnectionLimits(
    in_all=6, of_one_peer=4, head_bytes=1024, head_seconds=0.2, idle_seconds=0.2, discard_seconds=0.2,
    discard_bytes=64 * 1024, stalled_seconds=0.2,
)
GET = b"GET /quick HTTP/1.1\r\nHost: x\r\n\r\n"
LONG = 10_000.0
"""Seconds: a limit that is not reached."""


class App:
    """Answers ``/quick`` at once, ``/slow`` when told to, ``/long`` with more than anybody reads.

    ``open``: returns how many connections the server has."""

    def __init__(self, open: Callable[[], int]) -> None:
        self.open = open
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        del receive
        self.begun.set()
        if scope["path"] == "/slow":
            await self.go_on.wait()
        size = 50_000_000 if scope["path"] == "/long" else 2
        headers = [(b"content-length", str(size).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"k" * size})


class Peer:
    """A client on a raw connection, from an address of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @property
    def server(self) -> tuple[str, int]:
        address: tuple[str, int] = self._writer.get_extra_info("peername")
        return address

    def stop_reading(self) -> None:
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self) -> bytes:
        """Status line and headers of the next answer, and its body; nothing where the connection ends before."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        return head + await self._reader.readexactly(int(length.partition(b":")[2]))

    async def ended(self) -> None:
        """Return once the connection has ended."""
        try:
            while await self._reader.read(65536):
                pass
        except ConnectionError:
            pass


Connect = Callable[..., Awaitable[Peer]]


@asynccontextmanager
async def serving(limits: ConnectionLimits, proxies: list[str] | None = None) -> AsyncIterator[tuple[Connect, App]]:
    """A uvicorn with these limits, and how to connect to it."""
    connections = Connections(limits, [ip_network(one) for one in proxies or []])
    app = App(lambda: len(server.server_state.connections))
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        server = uvicorn.Server(uvicorn.Config(
            app, http=guarded(connections), log_config=None, lifespan="off", timeout_graceful_shutdown=1,
        ))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        opened: list[asyncio.StreamWriter] = []

        async def connect(address: str = "127.0.0.1") -> Peer:
            reader, writer = await asyncio.open_connection(*listener.getsockname(), local_addr=(address, 0))
            opened.append(writer)
            return Peer(reader, writer)

        try:
            yield connect, app
        finally:
            app.go_on.set()
            for writer in opened:
                writer.close()
            server.should_exit = True
            await task


def run(
    case: Callable[[Connect, App], Awaitable[None]], proxies: list[str] | None = None, **changed: Any
) -> None:
    async def whole() -> None:
        async with asyncio.timeout(60), serving(replace(LIMITS, **changed), proxies) as (connect, app):
            await case(connect, app)

    asyncio.run(whole())


@pytest.mark.parametrize(
    "data",
    [
        b"GET /quick HTTP/1.1\r\nHost: x\r\nX-Big: " + b"a" * 2_000,
        b"GET /quick HTTP/1.1\r\nHost: x\r\nX-Big: " + b"a" * 2_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 2_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /quick HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(500)) + b"\r\n",
        b"\r\n" * 2_000,
    ],
    ids=["endless header", "large header", "long request line", "many headers", "empty lines"],
)
def test_a_head_that_is_too_large_is_answered_431(data: bytes) -> None:
    async def case(connect: Connect, _: App) -> None:
        peer = await connect()
        peer.send(data)
        answer = await peer.answer()
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert b'"code":"head_too_large"' in answer
        await peer.ended()

    run(case)


def test_a_head_of_just_the_limit_is_taken_in_any_pieces() -> None:
    async def case(connect: Connect, _: App) -> None:
        head = GET[:-2] + b"X: " + b"a" * (LIMITS.head_bytes - len(GET) - 5) + b"\r\n\r\n"
        assert len(head) == LIMITS.head_bytes
        for size in (1, 7, 1_000, len(head)):
            peer = await connect()
            for start in range(0, len(head), size):
                peer.send(head[start: start + size])
            assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")

    run(case, head_seconds=LONG, idle_seconds=LONG)


@pytest.mark.parametrize("framing", [b"2;" + b"a" * 2_000, b"0\r\nX: " + b"a" * 2_000], ids=["extension", "trailer"])
def test_framing_without_a_body_is_no_way_around_the_limit(framing: bytes) -> None:
    async def case(connect: Connect, app: App) -> None:
        peer = await connect()
        peer.send(b"POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        await app.begun.wait()
        peer.send(framing)
        assert (await peer.answer()).startswith(b"HTTP/1.1 431 ")
        await peer.ended()

    run(case)


def test_a_body_has_no_such_limit() -> None:
    async def case(connect: Connect, _: App) -> None:
        peer = await connect()
        peer.send(b"POST /quick HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"a" * 100_000 + GET)
        assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")
        assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")

    run(case, discard_seconds=LONG, idle_seconds=LONG)


def test_a_head_that_is_too_slow_is_answered_408() -> None:
    async def case(connect: Connect, _: App) -> None:
        peer = await connect()
        peer.send(GET[:20])
        answer = await peer.answer()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"head_too_slow"' in answer
        await peer.ended()

    run(case)


@pytest.mark.parametrize("sent", [b"", GET, GET + b"\r\n"], ids=["nothing", "one request", "an empty line after it"])
def test_a_connection_without_a_request_ends(sent: bytes) -> None:
    async def case(connect: Connect, _: App) -> None:
        peer = await connect()
        peer.send(sent)
        if sent:
            assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")
        await peer.ended()

    run(case)


def test_a_second_request_has_a_limit_of_its_own() -> None:
    async def case(connect: Connect, _: App) -> None:
        peer = await connect()
        peer.send(GET)
        assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")
        peer.send(GET[:20])
        assert (await peer.answer()).startswith(b"HTTP/1.1 408 ")

    run(case, idle_seconds=LONG)


def test_a_body_that_nobody_waits_for_any_more_ends() -> None:
    async def case(connect: Connect, _: App) -> None:
        peer = await connect()
        peer.send(b"POST /quick HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")
        await peer.ended()

    run(case, head_seconds=LONG, idle_seconds=LONG)


def test_an_answer_that_nobody_reads_ends() -> None:
    async def case(connect: Connect, app: App) -> None:
        peer = await connect()
        peer.stop_reading()
        peer.send(GET.replace(b"quick", b"long"))
        await app.begun.wait()
        while app.open():
            await asyncio.sleep(0.05)

    run(case, head_seconds=LONG, idle_seconds=LONG, discard_seconds=LONG)


@pytest.mark.parametrize(
    "data",
    [
        b"NONSENSE\r\n\r\n", b"GET /quick HTTP/1.1\r\n\r\n", GET[:-2] + b"Host: y\r\n\r\n",
        b"POST /quick HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["no HTTP", "no Host", "two Hosts", "two lengths"],
)
def test_what_is_no_http_is_answered_400(data: bytes) -> None:
    async def case(connect: Connect, _: App) -> None:
        peer = await connect()
        peer.send(data)
        answer = await peer.answer()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b'"code":"malformed_request"' in answer

    run(case)


def test_a_body_that_is_no_http_is_answered_400_in_place_of_its_handler() -> None:
    async def case(connect: Connect, app: App) -> None:
        peer = await connect()
        peer.send(b"POST /slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        await app.begun.wait()
        peer.send(b"FFFFFFFFFFFFFFFFF\r\n{}")
        assert (await peer.answer()).startswith(b"HTTP/1.1 400 ")
        app.go_on.set()
        await peer.ended()

    run(case)


def test_a_compressed_transfer_is_not_taken() -> None:
    async def case(connect: Connect, _: App) -> None:
        peer = await connect()
        peer.send(b"POST /quick HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
        assert (await peer.answer()).startswith(b"HTTP/1.1 501 ")

    run(case)


def test_of_one_peers_connections_the_one_that_waited_longest_gives_way() -> None:
    async def case(connect: Connect, app: App) -> None:
        busy = await connect()
        busy.send(GET.replace(b"quick", b"slow"))
        await app.begun.wait()
        waiting = [await connect() for _ in range(LIMITS.of_one_peer - 1)]
        newest = await connect()
        newest.send(GET)
        assert (await newest.answer()).startswith(b"HTTP/1.1 200 ")
        await waiting[0].ended()
        waiting[1].send(GET)
        assert (await waiting[1].answer()).startswith(b"HTTP/1.1 200 ")
        app.go_on.set()
        assert (await busy.answer()).startswith(b"HTTP/1.1 200 ")

    run(case, head_seconds=LONG, idle_seconds=LONG)


def test_a_peer_whose_connections_are_all_busy_is_refused_another_and_others_are_not() -> None:
    async def case(connect: Connect, app: App) -> None:
        for _ in range(LIMITS.of_one_peer):
            peer = await connect()
            app.begun.clear()
            peer.send(GET.replace(b"quick", b"slow"))
            await app.begun.wait()
        answer = await (await connect()).answer()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 1" in answer
        assert b'"code":"too_many_connections"' in answer
        other = await connect("127.0.0.2")
        other.send(GET)
        assert (await other.answer()).startswith(b"HTTP/1.1 200 ")

    run(case, head_seconds=LONG)


def test_of_all_connections_one_of_the_peer_that_has_most_gives_way() -> None:
    async def case(connect: Connect, _: App) -> None:
        many = [await connect() for _ in range(LIMITS.of_one_peer)]
        few = [await connect("127.0.0.2") for _ in range(LIMITS.in_all - LIMITS.of_one_peer)]
        newest = await connect("127.0.0.3")
        newest.send(GET)
        assert (await newest.answer()).startswith(b"HTTP/1.1 200 ")
        await many[0].ended()
        for peer in few:
            peer.send(GET)
            assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")

    run(case, head_seconds=LONG, idle_seconds=LONG)


def test_a_trusted_proxy_holds_connections_for_many_clients() -> None:
    async def case(connect: Connect, _: App) -> None:
        peers = [await connect() for _ in range(LIMITS.of_one_peer + 1)]
        for peer in peers:
            peer.send(GET)
            assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")

    run(case, proxies=["127.0.0.0/8"], head_seconds=LONG, idle_seconds=LONG)


def test_a_request_that_nobody_has_read_yet_is_displaced_by_none_of_a_storm() -> None:
    """Between its connection and its first byte the event loop takes a whole backlog of others."""
    async def storm(connect: Connect, app: App) -> None:
        del app
        address = (await connect("127.0.0.2")).server
        with ExitStack() as closing:
            honest, *others = (closing.enter_context(socket.create_connection(address)) for _ in range(12))
            honest.sendall(GET)
            assert len(others) > LIMITS.in_all
            honest.setblocking(False)
            assert await asyncio.get_running_loop().sock_recv(honest, 12) == b"HTTP/1.1 200"

    run(storm, head_seconds=LONG)


def test_those_who_come_again_at_once_wait_and_shut_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", LONG)

    async def case(connect: Connect, _: App) -> None:
        honest, *others = [await connect() for _ in range(LIMITS.of_one_peer)]
        waiting = [await connect() for _ in range(LIMITS.of_one_peer)]
        honest.send(GET)
        assert (await honest.answer()).startswith(b"HTTP/1.1 200 ")
        last = await connect()
        await waiting[0].ended()
        monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
        for peer in (waiting[1], last):
            peer.send(GET)
            assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")
        await others[0].ended()

    run(case, head_seconds=LONG, idle_seconds=LONG)


def test_who_waits_for_room_in_vain_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", LONG)

    async def case(connect: Connect, _: App) -> None:
        peers = [await connect() for _ in range(LIMITS.of_one_peer)]
        for peer in peers:
            peer.send(GET)
            assert (await peer.answer()).startswith(b"HTTP/1.1 200 ")
        assert b'"code":"too_many_connections"' in await (await connect()).answer()

    run(case, head_seconds=0.2, idle_seconds=LONG)
