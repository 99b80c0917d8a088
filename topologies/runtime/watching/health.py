"""Serves a process's health over HTTP: ``/livez``, ``/readyz`` and ``/metrics``; nothing else is there.

``/livez`` tells whether its loop turns, or it should be restarted; ``/readyz`` whether it does its work. Both answer
200, or 503 with what is missing, in JSON; ``/readyz`` names beside it what does not keep the process from its work.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from urllib.parse import urlsplit

from prometheus_client import MetricsHandler

from config.settings import Settings
from connectors.kafka.topic_admin import TopicAdmin
from streams.kernel.errors import Fatal, ShipSyncError

Check = Callable[[], str | None]
"""Says in words what is missing; None where nothing is."""
Mention = Callable[[], Sequence[str]]
"""Names to tell whether ready or not; none where there is nothing to tell."""
IDLE_SECONDS = 10.0
ASK_SECONDS = 2.0
KNOWN_SECONDS = 5.0
"""How long an answer of the broker counts."""


class Health:
    """The state of this process. Any thread may ask. ``clock``: seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._checks: dict[str, Check] = {}
        self._mentions: dict[str, Mention] = {}
        self._beat_at: float | None = None
        self._silent_after = float("inf")

    def expect(self, name: str, check: Check) -> None:
        """Be ready only while ``check`` finds nothing missing; it takes the place of one of the same name."""
        self._checks[name] = check

    def mention(self, name: str, found: Mention) -> None:
        """Tell ``found`` with the readiness, which does not depend on it."""
        self._mentions[name] = found

    def expect_beats(self, silent_after: float) -> None:
        """Be alive only while ``beat`` is called at least every ``silent_after`` seconds from now on."""
        self._silent_after = silent_after
        self.beat()

    def beat(self) -> None:
        """The loop turns."""
        self._beat_at = self._clock()

    def not_alive(self) -> Mapping[str, str]:
        """Lists the faults by which the process is not alive, by name."""
        silent = 0.0 if self._beat_at is None else self._clock() - self._beat_at
        return {"loop": f"it has not turned for {silent:.0f} s"} if silent > self._silent_after else {}

    def not_ready(self) -> Mapping[str, str]:
        """Lists the faults that keep the process from its work, by name."""
        found = dict(self.not_alive())
        for name, check in list(self._checks.items()):
            missing = check()
            if missing is not None:
                found[name] = missing
        return found

    def mentioned(self) -> Mapping[str, Sequence[str]]:
        """Lists the mentions shown beside the readiness, by name."""
        found = {name: told() for name, told in list(self._mentions.items())}
        return {name: told for name, told in found.items() if told}


def starting() -> str | None:
    """The check of a process that has not begun."""
    return "it is starting"


def broker(settings: Settings, clock: Callable[[], float] = time.monotonic) -> Check:
    """Whether a broker answers; asked at most every ``KNOWN_SECONDS``."""
    admin: list[TopicAdmin] = []
    lock = threading.Lock()
    known: tuple[float, str | None] = (float("-inf"), None)

    def check() -> str | None:
        nonlocal known
        with lock:
            if clock() - known[0] < KNOWN_SECONDS:
                return known[1]
            if not admin:
                admin.append(TopicAdmin(settings))
            try:
                admin[0].wait(ASK_SECONDS)
                told = None
            except ShipSyncError as error:
                told = str(error)
            known = clock(), told
            return told

    return check


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking the name service for our own name, which may take long."""
        socketserver.TCPServer.server_bind(self)


class _Server6(_Server):
    address_family = socket.AF_INET6


def serve(settings: Settings, health: Health) -> ThreadingHTTPServer | None:
    """Answer at SHIPSYNC_METRICS_PORT in threads of its own; None where that is 0. Raises Fatal where it is taken."""
    if not settings.process.metrics_port:
        return None

    class Handler(MetricsHandler):
        timeout = IDLE_SECONDS

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == "/metrics":
                super().do_GET()
            elif path == "/livez":
                self._tell(health.not_alive())
            elif path == "/readyz":
                self._tell(health.not_ready(), health.mentioned())
            else:
                self._send(HTTPStatus.NOT_FOUND, {"detail": "there are /livez, /readyz and /metrics"})

        def _tell(self, missing: Mapping[str, str], beside: Mapping[str, Sequence[str]] | None = None) -> None:
            told = {name: list(names) for name, names in (beside or {}).items()}
            if missing:
                self._send(HTTPStatus.SERVICE_UNAVAILABLE, {"status": "failing", "missing": dict(missing), **told})
            else:
                self._send(HTTPStatus.OK, {"status": "ok", **told})

        def _send(self, status: HTTPStatus, told: Mapping[str, object]) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a line per probe helps nobody."""

    kind = _Server6 if ":" in settings.process.host else _Server
    try:
        server = kind((settings.process.host, settings.process.metrics_port), Handler)
    except OSError as error:
        raise Fatal(
            f"metrics port {settings.process.metrics_port} cannot be bound ({error}); set SHIPSYNC_METRICS_PORT"
        ) from error
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
