"""How far a run is, in a file, so that one that was cut off is gone on with."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from tests.erp.tryton_server import Order

FILE = "run.json"


class Progress(msgspec.Struct):
    """``portion``: orders of a portion; ``ended``: portions that are through; ``begun``: whether the next one is told
    already; ``read``: orders read from the ERP before the first, None until then; ``asked``, ``lost``: calls of the
    ERP, and those whose answers were lost; ``sittings``: how often the run was begun or gone on with."""

    portion: int
    orders: list[Order] = []
    ended: int = 0
    begun: bool = False
    read: int | None = None
    wrong: list[str] = []
    seconds: float = 0.0
    asked: int = 0
    lost: int = 0
    sittings: int = 0


class KeptRun:
    """The progress of the run in this folder, a new one where there is none."""

    def __init__(self, folder: Path, portion: int) -> None:
        self._file = folder / FILE
        self._since: float | None = None
        self.progress = Progress(portion)
        if self._file.exists():
            self.progress = msgspec.json.decode(self._file.read_bytes(), type=Progress)

    def sit_down(self) -> None:
        """Count the time from here."""
        self._since = time.monotonic()
        self.progress.sittings += 1

    @property
    def seconds(self) -> float:
        """How long it took until now, in all sittings."""
        return self.progress.seconds + (0.0 if self._since is None else time.monotonic() - self._since)

    def keep(self, asked: int = 0, lost: int = 0) -> None:
        """Write it down, with so many calls more."""
        self.progress.asked += asked
        self.progress.lost += lost
        if self._since is not None:
            self.progress.seconds, self._since = self.seconds, time.monotonic()
        fresh = self._file.with_suffix(".part")
        fresh.write_bytes(msgspec.json.encode(self.progress))
        fresh.replace(self._file)
