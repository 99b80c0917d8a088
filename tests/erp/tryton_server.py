"""A Tryton of a run's own: set up, filled, stopped, killed, and asked what it holds."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from connectors.embedded.ports import unused

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "erp" / "tryton.sh"
DATABASE, USER, PASSWORD = "shipsync", "shipsync", "shipsync-admin"
SEPARATOR = "|"


class Order(NamedTuple):
    """An order that the ERP has. ``shipment``: the number of its outgoing shipment, the ERP delivery."""

    sale: str
    shipment: str
    customer: str
    amount: str


class TrytonServer:
    """PostgreSQL and trytond in one folder, on ports that nobody uses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        pg_port, self.port = unused(2)
        self._env = {**os.environ, "ERP_PG_PORT": str(pg_port), "ERP_PORT": str(self.port),
                     "TRYTON_PASSWORD": PASSWORD}

    def install(self) -> None:
        """Install what is missing. Raises CalledProcessError."""
        self._run("install")

    def fill(self, orders: int) -> list[Order]:
        """Begin with an empty database and make orders in it."""
        self._run("init")
        lines = self._run("seed", str(orders)).splitlines()
        return [Order(**json.loads(line)) for line in lines if line.startswith("{")]

    def start(self) -> None:
        """Return once it answers."""
        self._run("start")

    def stop(self) -> None:
        """Stop trytond and PostgreSQL."""
        self._run("stop")

    def kill(self) -> None:
        """SIGKILL for trytond."""
        self._run("kill")

    def query(self, text: str) -> list[list[str]]:
        """The rows of a query of its database."""
        return [line.split(SEPARATOR) for line in self._run("psql", text).splitlines()]

    def _run(self, *arguments: str) -> str:
        step, *more = arguments
        done = subprocess.run(
            [str(SCRIPT), step, str(self.folder), *more], env=self._env, capture_output=True, text=True, check=False,
        )
        if done.returncode:
            raise AssertionError(f"{step}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout
