"""The folders of one feed. A file moves through them by renames, which are atomic, also in a crash.

The partner writes to ``inbox``. ``claimed`` holds files being sent, each with a note of how many of its records the
broker has acknowledged; ``archive/<day>`` holds sent files; ``quarantine`` refused ones, each with a reason file.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

INBOX, CLAIMED, ARCHIVE, QUARANTINE = "inbox", "claimed", "archive", "quarantine"
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".uploading", ".swp", ".lock")
_NOTE, _REASON, _LOCK = ".sent", ".reason.json", ".lock"


class DropFolder:
    """``<root>/<feed>``, watched by one process at a time: the one that holds its lock."""

    def __init__(self, root: Path, feed: str) -> None:
        self.feed = feed
        self._home = root / feed
        self._sizes: dict[Path, tuple[int, int]] = {}
        self._lock: BinaryIO | None = None

    def lock(self) -> bool:
        """Lock the folder until the process ends; False if another process on this machine holds the lock."""
        if self._lock is None:
            lock = (self._home / _LOCK).open("wb")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.close()
                return False
            self._lock = lock
        return True

    def unlock(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def prepare(self) -> None:
        """Create the missing folders. Raises OSError without permission."""
        for name in (INBOX, CLAIMED, ARCHIVE, QUARANTINE):
            (self._home / name).mkdir(parents=True, exist_ok=True)

    def left_behind(self) -> list[Path]:
        """Files claimed by a process that ended before it had sent them."""
        return [path for path in self._files(CLAIMED) if not path.name.endswith(_NOTE)]

    def settled(self) -> list[Path]:
        """Files of the inbox that have not changed since the last call and have no suffix of an unfinished upload."""
        now: dict[Path, tuple[int, int]] = {}
        for path in self._files(INBOX):
            if path.suffix.lower() not in _UNFINISHED:
                stat = path.stat()
                now[path] = (stat.st_size, stat.st_mtime_ns)
        settled = [path for path, size in now.items() if self._sizes.get(path) == size]
        self._sizes = now
        return settled

    def claim(self, path: Path) -> Path | None:
        """Move the file to ``claimed``; returns its new path, or None if another process was faster."""
        target = _free(self._home / CLAIMED / path.name)
        try:
            path.rename(target)
        except FileNotFoundError:
            return None
        return target

    def acknowledged(self, claimed: Path) -> int:
        """How many of the file's records the broker has acknowledged; 0 without a readable note."""
        try:
            return int(_note(claimed).read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return 0

    def note(self, claimed: Path, records: int) -> None:
        """Write the note that the broker has acknowledged the file's first ``records`` records."""
        fresh = _note(claimed).with_suffix(".new")
        fresh.write_text(str(records), "ascii")
        fresh.replace(_note(claimed))

    def archive(self, claimed: Path) -> Path:
        """Move a sent file to ``archive/<day>`` (UTC); returns its new path."""
        day = self._home / ARCHIVE / f"{datetime.now(UTC):%Y-%m-%d}"
        day.mkdir(parents=True, exist_ok=True)
        return self._moved(claimed, day)

    def quarantine(self, claimed: Path, reason: str, detail: str, records: int) -> Path:
        """Move a refused file to ``quarantine`` and write its reason file; returns the file's new path."""
        moved = self._moved(claimed, self._home / QUARANTINE)
        said = {"reason": reason, "detail": detail, "records_sent_before": records, "at": f"{datetime.now(UTC):%FT%TZ}"}
        moved.with_name(moved.name + _REASON).write_text(json.dumps(said, indent=1) + "\n", "utf-8")
        return moved

    def _moved(self, claimed: Path, folder: Path) -> Path:
        target = _free(folder / claimed.name)
        claimed.rename(target)
        _note(claimed).unlink(missing_ok=True)
        return target

    def _files(self, name: str) -> Iterator[Path]:
        folder = self._home / name
        yield from sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _note(claimed: Path) -> Path:
    return claimed.with_name(f".{claimed.name}{_NOTE}")


def _free(path: Path) -> Path:
    """The path, with a number before its suffix if a file exists there."""
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}.{number}{path.suffix}")
    return free
