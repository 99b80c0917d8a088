"""A stage in a process of its own, to be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from urllib.error import HTTPError, URLError

from config.settings import Settings
from connectors.embedded.broker import free_port
from connectors.embedded.with_parent import ends_with_parent
from topologies.local_stack.environment import environment

STAGE_COMMAND = (sys.executable, "-m", "topologies.cli.main")


class StageWorker:
    """One worker of a stage, with local state of its own; a folder that is there already is the state it had."""

    def __init__(
        self, stage: str, settings: Settings, folder: Path, command: Sequence[str] = STAGE_COMMAND
    ) -> None:
        self._port = free_port()
        folder.mkdir(exist_ok=True)
        own = settings.replace(data_dir=folder)
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "stage", stage], stdout=log, stderr=log,
                env={**os.environ, **environment(own), "SHIPSYNC_METRICS_PORT": str(self._port)},
                preexec_fn=ends_with_parent(),  # noqa: PLW1509 (two system calls, no lock of ours)
            )

    def partitions(self) -> int | None:
        """How many partitions it has; None before its first assignment, or when it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=10) as answer:
                lines = answer.read().decode().splitlines()
        except (URLError, OSError):
            return None
        told = [line for line in lines if line.startswith("shipsync_assigned_partitions{")]
        return int(float(told[0].split()[-1])) if told else None

    def says(self, path: str) -> tuple[int, dict[str, str]]:
        """The status of the answer at this path, and what is missing by it; 0 where there is no answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/{path}", timeout=10) as answer:
                return answer.status, json.loads(answer.read()).get("missing", {})
        except HTTPError as error:
            return error.code, json.loads(error.read()).get("missing", {})
        except (URLError, OSError):
            return 0, {}

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()
