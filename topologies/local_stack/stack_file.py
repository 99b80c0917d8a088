"""The note about a running stack, ``<data_dir>/up.json``, which every other command reads."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from config.settings import Settings
from connectors.formats.prepared_types import prepared
from topologies.runtime.files import private_files

NAME = "up.json"
_START_TIME = 19
"""Field of ``/proc/<pid>/stat`` after the command's name: the time the process was started, in clock ticks."""


class ProcessNote(msgspec.Struct, frozen=True):
    """One process of the stack. ``state``: starting, up, waiting (to be restarted), failed or stopped."""

    name: str
    pid: int | None
    state: str
    restarts: int
    metrics_port: int
    log: str


class UpFile(msgspec.Struct, frozen=True):
    """A running stack; URLs are without credentials. ``started_at``: UTC ms. ``born``: start time of the supervisor,
    which tells it from a later process with the same ``pid``. ``private_addresses``: whether it sends to private
    addresses."""

    pid: int
    bootstrap: str
    registry_url: str
    redis_url: str
    host: str
    started_at: int
    processes: list[ProcessNote]
    born: int | None = None
    private_addresses: bool = False

    def write(self, data_dir: Path) -> None:
        """Write the file atomically."""
        private_files.parent(data_dir)
        draft = data_dir / f".{NAME}.{os.getpid()}"
        private_files.write(draft, msgspec.json.format(msgspec.json.encode(self)))
        draft.replace(data_dir / NAME)


def remove(data_dir: Path) -> None:
    """Delete the note."""
    (data_dir / NAME).unlink(missing_ok=True)


def running(data_dir: Path) -> UpFile | None:
    """The running stack of this data directory; None if there is none, or its supervisor is dead."""
    try:
        noted = msgspec.json.decode((data_dir / NAME).read_bytes(), type=prepared(UpFile))
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None
    return noted if _alive(noted.pid, noted.born) else None


def born(pid: int) -> int | None:
    """The start time of a process, in clock ticks since the machine's start; None if it is not known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[_START_TIME])


def _alive(pid: int, noted_birth: int | None) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return noted_birth is None or born(pid) in (None, noted_birth)


def resolve(settings: Settings) -> Settings:
    """The settings to reach the running stack: explicit settings first, then the note, then defaults."""
    noted = running(settings.state.data_dir)
    if noted is None:
        return settings
    told: dict[str, str | int] = {
        "bootstrap": noted.bootstrap, "registry_url": noted.registry_url, "redis_url": noted.redis_url,
        "outbound_private_addresses": noted.private_addresses,
    }
    if (port := next((one.metrics_port for one in noted.processes if one.name == "portal"), None)) is not None:
        told["portal_port"] = port
    open_ones = {name: value for name, value in told.items() if name not in settings.given}
    return settings.replace(**open_ones)
