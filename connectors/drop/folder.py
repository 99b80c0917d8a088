"""The folders of one feed, and a file's way through them: each step is one rename, which a crash cannot halve.

``inbox`` is the partner's. ``claimed`` holds what is being sent, with a note beside it of how many records of it the
broker has acknowledged; ``archive/<day>`` what was sent, ``quarantine`` what could not be, with the reason beside it.
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
        """Whether the folder is ours to watch: no other process on this machine holds it. Ends with the process."""
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
        """Let another process have it."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def prepare(self) -> None:
        """Make the folders there are not yet. Raises OSError where that is not allowed."""
        for name in (INBOX, CLAIMED, ARCHIVE, QUARANTINE):
            (self._home / name).mkdir(parents=True, exist_ok=True)

    def left_behind(self) -> list[Path]:
        """Files claimed by a process that ended before it had sent them."""
        return [path for path in self._files(CLAIMED) if not path.name.endswith(_NOTE)]

    def settled(self) -> list[Path]:
        """Files of the inbox that have not grown since the last look and are not named as unfinished."""
        now: dict[Path, tuple[int, int]] = {}
        for path in self._files(INBOX):
            if path.suffix.lower() not in _UNFINISHED:
                stat = path.stat()
                now[path] = (stat.st_size, stat.st_mtime_ns)
        settled = [path for path, size in now.items() if self._sizes.get(path) == size]
        self._sizes = now
        return settled

    def claim(self, path: Path) -> Path | None:
        """The file where it is ours now; None where another process was faster."""
        target = _free(self._home / CLAIMED / path.name)
        try:
            path.rename(target)
        except FileNotFoundError:
            return None
        return target

    def acknowledged(self, claimed: Path) -> int:
        """How many records of it the broker has acknowledged before."""
        try:
            return int(_note(claimed).read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return 0

    def note(self, claimed: Path, records: int) -> None:
        """Remember that so many records of it are acknowledged."""
        fresh = _note(claimed).with_suffix(".new")
        fresh.write_text(str(records), "ascii")
        fresh.replace(_note(claimed))

    def archive(self, claimed: Path) -> Path:
        """Where the file, all sent, lies from now on."""
        day = self._home / ARCHIVE / f"{datetime.now(UTC):%Y-%m-%d}"
        day.mkdir(parents=True, exist_ok=True)
        return self._moved(claimed, day)

    def quarantine(self, claimed: Path, reason: str, detail: str, records: int) -> Path:
        """Where the file, which could not be sent whole, lies from now on, with why beside it."""
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
    """The path, or one like it that nothing stands at."""
    number = 1
    free = path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}.{number}{path.suffix}")
    return free
