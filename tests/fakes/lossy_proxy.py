"""An HTTP proxy that loses answers: it passes a request on, and of some it keeps the answer to itself."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Lossy:
    """A proxy in front of one server. ``loses``: whether the answer to the n-th request (from 1) with this body is
    lost after the server gave it; ``lost``: how many were."""

    def __init__(self, target_port: int, loses: Callable[[int, bytes], bool]) -> None:
        self.target_port, self.loses = target_port, loses
        self.asked = self.lost = 0
        self.lock = threading.Lock()
        self.port = 0

    def take(self, body: bytes) -> bool:
        """Count a request; whether its answer gets lost."""
        with self.lock:
            self.asked += 1
            is_lost = self.loses(self.asked, body)
            self.lost += is_lost
            return is_lost


def _handler(lossy: Lossy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # the body follows the headers in a segment of its own

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            passed = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            server = http.client.HTTPConnection("127.0.0.1", lossy.target_port, timeout=120)
            try:
                server.request("POST", self.path, body, passed)
                answer = server.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException):
                self.close_connection = True
                return
            finally:
                server.close()
            if lossy.take(body):
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def lossy_proxy(target_port: int, loses: Callable[[int, bytes], bool]) -> Iterator[Lossy]:
    """The proxy in a thread, on a port of its own (``port``)."""
    lossy = Lossy(target_port, loses)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lossy))
    server.daemon_threads = True
    lossy.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield lossy
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)
