"""An application on a port of this machine, in a thread, as long as a test needs it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.support.waiting import PATIENCE


@contextmanager
def served(app: Any, http: type[asyncio.Protocol] | str = "auto") -> Iterator[str]:
    """The URL it is served at. Open streams are cut when the test is done."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(
            app, http=http, lifespan="off", log_config=None, timeout_graceful_shutdown=1  # type: ignore[arg-type]
        ))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
