"""A portal in a process of its own over a read model that a measurement filled, without Kafka."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from config.settings import Settings
from connectors.embedded.ports import unused

PATIENCE_SECONDS = 120.0


class Served(NamedTuple):
    """A portal that answers."""

    host: str
    port: int
    pid: int

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{self.host}:{self.port}"

    def cpu(self) -> float:
        """The CPU seconds it has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """The MiB it holds."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def files(self) -> int:
        """The file descriptors it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@contextmanager
def served(folder: Path, clients: str = "") -> Iterator[Served]:
    """A portal over the data folder. ``clients``: those of the API, as its setting says."""
    host, [port] = "127.0.0.1", unused(1)
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, port, clients), daemon=True)
    process.start()
    try:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not _answers(host, port):
            assert process.is_alive(), "the portal does not begin"
            assert time.monotonic() < give_up, "the portal does not answer"
            time.sleep(0.1)
        yield Served(host, port, process.pid or 0)
    finally:
        process.terminate()
        process.join()


def _answers(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _serve(folder: Path, port: int, clients: str) -> None:
    from portal.server.serving import serve
    from topologies.operations.tower_actions import TowerActions

    os.environ["SHIPSYNC_PORTAL_PORT"] = str(port)
    if clients:
        os.environ["SHIPSYNC_CLIENTS"] = clients
    settings = Settings(_env_file=None, data_dir=folder)
    serve(settings, TowerActions(settings))
