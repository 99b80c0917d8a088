"""Connections under limits that hold before a request is known: size and time of its head, connections of one peer.

uvicorn has a limit for neither; :class:`GuardedProtocol` adds them to its HTTP/1.1 protocol
(``docs/decisions/0025-the-gateway-keeps-uvicorn.md``).
"""

from __future__ import annotations

import asyncio
import select
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, cast

import msgspec
import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from connectors.gateway import metrics
from connectors.gateway.peers import counted
from connectors.gateway.problems import MEDIA_TYPE, Problem, body, unavailable

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 0.5
GRACE_SECONDS = 0.25
"""How long a connection may wait for its client before it is displaced: whoever comes again as soon as he is shut out
would otherwise shut out those whose request is on its way."""
LOOK_SECONDS = 0.05
"""How often those that wait for room are looked at."""


@dataclass(frozen=True)
class ConnectionLimits:
    """Bytes and seconds of one connection. ``head_bytes``: request line and headers, and framing without any body.

    ``discard_seconds``: how long the rest of a request that has its answer is read and thrown away, so that the
    client reads the answer.
    """

    in_all: int = 512
    of_one_peer: int = 64
    head_bytes: int = 32 * 1024
    head_seconds: float = 10.0
    idle_seconds: float = 65.0
    """Longer than load balancers keep theirs, so that none sends on a connection just closed here."""
    discard_seconds: float = 5.0
    discard_bytes: int = 1024 * 1024
    stalled_seconds: float = 30.0


class Connections:
    """Every open connection.

    A new one above a limit displaces the one that has waited longest for its client. Until one has waited for
    ``GRACE_SECONDS``, the new one waits for room itself, and nothing is read from it.
    """

    def __init__(self, limits: ConnectionLimits, proxies: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        self.limits = limits
        self._proxies = proxies
        self._of: defaultdict[str, dict[GuardedProtocol, None]] = defaultdict(dict)
        self._open = 0
        self._sweeping = False
        self._waiting_for_room: dict[GuardedProtocol, float] = {}

    def admit(self, one: GuardedProtocol, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether there is room for it, or will be as soon as another has waited long enough."""
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(SWEEP_SECONDS, self._sweep, loop)
        if self._let_in(one):
            return True
        if not self._may_wait(one):
            return False
        one.flow.pause_reading()
        if not self._waiting_for_room:
            loop.call_later(LOOK_SECONDS, self._look, loop)
        self._waiting_for_room[one] = time.monotonic()
        return True

    def _let_in(self, one: GuardedProtocol) -> bool:
        """Whether there is room for it, made by displacing another where that has waited."""
        theirs = self._of.get(one.peer, {})
        if len(theirs) >= self.limits.of_one_peer and not one.is_a_proxys and not _displaced(theirs, GRACE_SECONDS):
            return False
        most_first = sorted(self._of.values(), key=len, reverse=True) if self._open >= self.limits.in_all else ()
        if most_first and not any(_displaced(some, GRACE_SECONDS) for some in most_first):
            return False
        self._of[one.peer][one] = None
        self._count(1)
        return True

    def _may_wait(self, one: GuardedProtocol) -> bool:
        """Whether room is in sight, and it may wait for it: of one peer no more than may be open."""
        theirs = self._of.get(one.peer, {})
        everybody = (other for some in self._of.values() for other in some)
        others = theirs if len(theirs) >= self.limits.of_one_peer else everybody
        if all(other.waiting_since is None for other in others):
            return False
        waiting = [other for other in self._waiting_for_room if other.peer == one.peer]
        if len(waiting) < self.limits.of_one_peer and len(self._waiting_for_room) < self.limits.in_all:
            return True
        return _displaced(waiting, 0.0)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let those in for whom there is room now, in the order in which they came."""
        now = time.monotonic()
        for one, since in list(self._waiting_for_room.items()):
            if self._let_in(one):
                del self._waiting_for_room[one]
                one.begin(now)
            elif now - since > self.limits.head_seconds:
                del self._waiting_for_room[one]
                one.turn_away()
        if self._waiting_for_room:
            loop.call_later(LOOK_SECONDS, self._look, loop)

    def leave(self, one: GuardedProtocol) -> None:
        """Removes a closed connection; does nothing where it was never admitted."""
        self._waiting_for_room.pop(one, None)
        theirs = self._of.get(one.peer, {})
        if one in theirs:
            del theirs[one]
            self._count(-1)
            if not theirs:
                del self._of[one.peer]

    def trusts(self, address: str) -> bool:
        """Whether the address is a trusted proxy's: it may hold connections for many clients."""
        return bool(self._proxies) and any(ip_address(address) in network for network in self._proxies)

    def _count(self, change: int) -> None:
        self._open += change
        metrics.CONNECTIONS.set(self._open)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        for one in [one for theirs in list(self._of.values()) for one in theirs]:
            one.end_if_overdue(now)
        self._sweeping = bool(self._open or self._waiting_for_room)
        if self._sweeping:
            loop.call_later(SWEEP_SECONDS, self._sweep, loop)


def _displaced(some: Iterable[GuardedProtocol], seconds: float) -> bool:
    """Whether one of these had waited so long for its client, and was ended."""
    latest = time.monotonic() - seconds
    waiting = [(since, one) for one in some if (since := one.waiting_since) is not None and since <= latest]
    for _, longest in sorted(waiting, key=lambda found: found[0]):
        if not longest.has_unread():
            metrics.REFUSALS.labels("displaced_connection").inc()
            longest.end()
            return True
    return False


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with a limit for the head of a request, in bytes and time, and for each state of waiting."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self.peer, self.is_a_proxys = "", False
        self._connections, self._limits = connections, connections.limits
        self._unparsed = 0
        self._received = False
        self._head_since: float | None = None
        self._body_is_due = False
        self._quiet_since: float | None = None
        self._stalled_since: float | None = None
        self._discarded: int | None = None
        self._fault: Problem | None = None

    @property
    def waiting_since(self) -> float | None:
        """Returns since when it waits for its client without a request in hand (monotonic seconds); None while it has
        one."""
        if self._in_request():
            return None
        return self._head_since if self._quiet_since is None else self._quiet_since

    def has_unread(self) -> bool:
        """Returns whether bytes of its client have arrived unread: the event loop takes all connections that come at
        once before it reads from any."""
        poll, its_socket = select.poll(), self.transport.get_extra_info("socket")
        if its_socket is None or its_socket.fileno() < 0:
            return False
        poll.register(its_socket, select.POLLIN)
        return bool(poll.poll(0))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or refuse it where there are too many."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self.peer, self.is_a_proxys = counted(address), self._connections.trusts(address)
        self._head_since = time.monotonic()
        if not self._connections.admit(self, self.loop):
            self.turn_away()

    def begin(self, now: float) -> None:
        """Begins to read: there is room for it (``now``: monotonic seconds)."""
        self._head_since = now
        self.flow.resume_reading()

    def turn_away(self) -> None:
        """Answers that there are too many connections, and closes."""
        self._answer(unavailable("too many connections: use fewer at once", 1, "too_many_connections"))
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for another."""
        super().connection_lost(exc)
        self._connections.leave(self)

    def data_received(self, data: bytes) -> None:
        """Parse no more at once than a head may have."""
        self._received = True
        rest = memoryview(data)
        while rest and not self.transport.is_closing():
            if self._discarded is not None:
                self._discard(len(rest))
                return
            piece = rest[: self._limits.head_bytes - self._unparsed]
            rest = rest[len(piece):]
            self._unparsed += len(piece)
            super().data_received(bytes(piece))
            if self._unparsed >= self._limits.head_bytes and not self.transport.is_closing():
                self._refuse(Problem(
                    431, "head_too_large", f"request line and headers above {self._limits.head_bytes} bytes are refused"
                ))

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        if self._head_since is None:
            self._head_since = time.monotonic()

    def on_headers_complete(self) -> None:
        """The head is whole: hand the request on. Raises where it breaks HTTP/1.1; uvicorn then calls
        :meth:`send_400_response`."""
        self._fault = _fault(self.headers, self.parser.get_http_version())
        if self._fault is not None:
            raise ValueError(self._fault.code)
        self._unparsed, self._head_since, self._quiet_since, self._body_is_due = 0, None, None, True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._unparsed, self._body_is_due = 0, False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written."""
        super().on_response_complete()
        if not self._in_request():
            self._quiet_since = time.monotonic()

    def pause_writing(self) -> None:
        """Notes that the client does not read its answers."""
        super().pause_writing()
        self._stalled_since = time.monotonic()

    def resume_writing(self) -> None:
        """Notes that the client reads its answers again."""
        super().resume_writing()
        self._stalled_since = None

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP/1.1 request."""
        del msg
        self._refuse(self._fault or Problem(400, "malformed_request", "this is no HTTP/1.1 request"))

    def end_if_overdue(self, now: float) -> None:
        """End the connection where its client has taken longer than it may (``now``: monotonic seconds)."""
        limits = self._limits
        if _longer(now, self._stalled_since, limits.stalled_seconds):
            metrics.REFUSALS.labels("stalled").inc()
            self.end()
        elif self._discarded is None and _longer(now, self._head_since, limits.head_seconds):
            if self._received:
                self._refuse(Problem(
                    408, "head_too_slow", f"request line and headers did not arrive within {limits.head_seconds:g} s"
                ))
            else:
                self.end()
        else:
            to_come = self._body_is_due or self._discarded is not None
            seconds = limits.discard_seconds if to_come else limits.idle_seconds
            if _longer(now, self._quiet_since, seconds):
                self.end()

    def end(self) -> None:
        """Close at once, without waiting for what is still to be written."""
        self._connections.leave(self)
        self.transport.abort()

    def _in_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, problem: Problem) -> None:
        """Answer, then read on for a while without looking: a connection closed on unread bytes loses its answer."""
        if self._in_request():
            if not self._body_is_due or self.pipeline or self.cycle.response_started:
                metrics.REFUSALS.labels(problem.code).inc()
                self.end()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._answer(problem)
        self._discarded, self._quiet_since = 0, time.monotonic()
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _answer(self, problem: Problem) -> None:
        metrics.REFUSALS.labels(problem.code).inc()
        log.info("refused before its request was known", peer=self.peer, status=problem.status, problem=problem.code)
        content = msgspec.json.encode(body(problem, "", uuid.uuid4().hex))
        headers = {
            "content-type": MEDIA_TYPE, "content-length": str(len(content)), "connection": "close", **problem.headers
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(STATUS_LINE[problem.status] + lines.encode("latin-1") + b"\r\n" + content)

    def _discard(self, size: int) -> None:
        self._discarded = (self._discarded or 0) + size
        if self._discarded > self._limits.discard_bytes:
            self.end()


def guarded(connections: Connections) -> type[asyncio.Protocol]:
    """Makes the protocol of each connection, as uvicorn's setting ``http`` asks for it."""
    return cast(type[asyncio.Protocol], partial(GuardedProtocol, connections))


def _longer(now: float, since: float | None, seconds: float) -> bool:
    return since is not None and now - since > seconds


def _fault(headers: Sequence[tuple[bytes, bytes]], version: str) -> Problem | None:
    """The rule of HTTP/1.1 that the head breaks though the parser takes it."""
    if version == "1.1" and sum(name == b"host" for name, _ in headers) != 1:
        return Problem(400, "malformed_request", "one Host header is due")
    codings = [value.strip().lower() for name, value in headers if name == b"transfer-encoding"]
    if codings not in ([], [b"chunked"]):
        return Problem(501, "unsupported_transfer_encoding", "chunked is the only Transfer-Encoding taken")
    return None
