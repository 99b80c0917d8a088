"""Chromium driven by Playwright, and the portal it looks at."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import uvicorn
from fastapi import FastAPI

from tests.support.waiting import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
REQUIRED = "SHIPSYNC_REQUIRE_BROWSER"


class NoBrowser(Exception):
    """There is no browser here; the text says what is missing."""


def chromium() -> str:
    """The path of Chromium. Raises NoBrowser."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise NoBrowser("Chromium is not on the path; install it (package chromium), or run make browser")
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser without a window. Raises NoBrowser."""
    path = chromium()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise NoBrowser("Playwright is not installed; run make browser") from error
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield started
        finally:
            started.close()


def skip_or_fail(reason: NoBrowser) -> None:
    """Skip the calling test; where the browser is required fail it instead."""
    if os.environ.get(REQUIRED, "0") not in {"", "0"}:
        pytest.fail(f"a browser is required ({REQUIRED}): {reason}", pytrace=False)
    pytest.skip(str(reason))


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application on a free port of this machine; its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            eventually(lambda: server.started)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=30)
