"""A small HTTP server on this machine, for the parties that the demo plays itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from connectors.embedded.ports import HOST


@contextmanager
def served(handler: type[BaseHTTPRequestHandler], name: str) -> Iterator[str]:
    """The address, without a slash at its end, at which ``handler`` answers while the context is entered. ``name``: of
    the thread."""
    server = ThreadingHTTPServer((HOST, 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name=name, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
