"""Finds the files of an inbox that are whole, and the entries refused because they are no plain files.

A partner says that a file is whole by giving it its name last: it is written as ``a.edi.part`` (or another suffix of
an unfinished upload) and renamed. Where a partner cannot, it writes a marker ``a.edi.done`` after the file, and
SHIPSYNC_DROP_COMPLETE is ``marker``. Otherwise a file is whole once it has not changed for SHIPSYNC_DROP_UNCHANGED
seconds.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from config.ways_in import Completeness

MARKER = ".done"
UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".uploading", ".swp", ".lock")
_KINDS = {
    stat.S_IFLNK: "symbolic_link", stat.S_IFIFO: "special_file", stat.S_IFSOCK: "special_file",
    stat.S_IFCHR: "special_file", stat.S_IFBLK: "special_file", stat.S_IFDIR: "folder",
}


class Refused(NamedTuple):
    """An entry that is not read, and why."""

    path: Path
    reason: str


class Look(NamedTuple):
    """Holds the findings of one look at an inbox. ``waiting``: files that are not whole yet; ``oldest``: seconds since
    the last change of the one unchanged for longest."""

    whole: list[Path]
    refused: list[Refused]
    waiting: int
    oldest: float


class _Seen(NamedTuple):
    state: tuple[int, int, int, int]
    since: float


class Inbox:
    """One folder that a partner writes to. ``clock``: seconds since any moment; ``now``: seconds since 1970."""

    def __init__(
        self, folder: Path, complete: Completeness, unchanged: float,
        clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._complete, self._unchanged = folder, complete, unchanged
        self._clock, self._now = clock, now
        self._seen: dict[Path, _Seen] = {}

    def look(self) -> Look:
        """Look once; a file that changes is whole at the second look at the soonest. Raises OSError for the folder."""
        entries = self._entries()
        seen: dict[Path, _Seen] = {}
        whole, refused, quiet = [], [], []
        for path, found in entries.items():
            if reason := _KINDS.get(stat.S_IFMT(found.st_mode)):
                refused.append(Refused(path, reason))
                continue
            if path.suffix.lower() in UNFINISHED or self._marks(path, entries):
                continue
            state = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            before = self._seen.get(path)
            seen[path] = before if before is not None and before.state == state else _Seen(state, self._clock())
            if not self._is_whole(path, found, entries, before, seen[path]):
                quiet.append(self._now() - found.st_ctime)
            elif found.st_nlink > 1:
                refused.append(Refused(path, "hard_link"))
            else:
                whole.append(path)
        self._seen = seen
        return Look(whole, refused, len(quiet), max(quiet, default=0.0))

    def marker(self, path: Path) -> Path:
        """The marker that belongs to the file."""
        return path.with_name(path.name + MARKER)

    def _entries(self) -> dict[Path, os.stat_result]:
        """Every visible entry with what it is itself; one that vanishes meanwhile is left out."""
        found = {}
        for path in sorted(self._folder.iterdir()):
            if path.name.startswith("."):
                continue
            try:
                found[path] = path.lstat()
            except FileNotFoundError:
                continue
        return found

    def _marks(self, path: Path, entries: dict[Path, os.stat_result]) -> bool:
        """Whether it is a marker: of a file that is there, or, where markers count, of one that is to come."""
        if path.suffix != MARKER:
            return False
        return self._complete is Completeness.MARKER or path.with_suffix("") in entries

    def _is_whole(
        self, path: Path, found: os.stat_result, entries: dict[Path, os.stat_result], before: _Seen | None, seen: _Seen
    ) -> bool:
        if self._complete is Completeness.MARKER:
            marker = entries.get(self.marker(path))
            return marker is not None and marker.st_ctime_ns >= found.st_ctime_ns
        if before is None or before.state != seen.state:
            return False
        return max(self._clock() - seen.since, self._now() - found.st_ctime) >= self._unchanged
