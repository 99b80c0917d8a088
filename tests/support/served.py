"""An application on a port of this machine, in a thread, as long as a test needs it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
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


def description_of(url: str, folder: Path) -> str:
    """The OpenAPI document of what is served there, as a file; its path. For schemathesis, which waits ten seconds for
    one that is served, whatever its configuration says: a busy machine takes longer to make it."""
    answer = httpx.get(f"{url}/openapi.json", timeout=PATIENCE)
    assert answer.status_code == HTTPStatus.OK, answer.text
    file = folder / "openapi.json"
    file.write_bytes(answer.content)
    return str(file)
