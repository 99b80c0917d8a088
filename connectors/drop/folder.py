"""The folders of one feed. A file moves through them by renames, which are atomic, also in a crash.

The partner writes to ``inbox``. ``claimed`` holds files being sent, each with a note of how many of its records the
broker has acknowledged; ``archive/<day>`` holds sent files, with their hashes in ``.SHA256SUMS``; ``quarantine``
refused ones, each with a reason file.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from config.ways_in import DropSettings
from connectors.drop.inbox import Inbox, Look
from connectors.drop.names import beside, candidates, fitting, free
from connectors.formats.prepared_types import prepared
from streams.kernel.errors import Fatal

INBOX, CLAIMED, ARCHIVE, QUARANTINE = "inbox", "claimed", "archive", "quarantine"
SUMS = ".SHA256SUMS"
_NOTE, _FRESH, _REASON, _LOCK, _RAISED = ".sent", ".new", ".reason.json", ".lock", ".raised"


class Note(msgspec.Struct, frozen=True):
    """How far a file is sent. ``size`` and ``modified`` (ns): of the file the records were cut from."""

    records: int = 0
    size: int | None = None
    modified: int | None = None


class DropFolder:
    """``<root>/<feed>``, watched by one process at a time: the one that holds its lock."""

    def __init__(self, root: Path, feed: str, how: DropSettings) -> None:
        self.feed = feed
        self._root = root
        self._home = root / feed
        self.raised = self._home / QUARANTINE / _RAISED
        """There while an alert about the quarantine is open."""
        self._inbox = Inbox(self._home / INBOX, how.complete, how.unchanged)
        self._notes: dict[Path, Note] = {}
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
        """Create the missing folders. Raises OSError without permission, Fatal for one that leads out of the root."""
        for name in (INBOX, CLAIMED, ARCHIVE, QUARANTINE):
            folder = self._home / name
            folder.mkdir(parents=True, exist_ok=True)
            if not folder.resolve().is_relative_to(self._root.resolve()):
                raise Fatal(f"{folder} leads out of SHIPSYNC_DROP_DIR: make it a folder, or mount the other one there")

    def left_behind(self) -> list[Path]:
        """Files claimed by a process that ended before it had sent them, and files that wait."""
        return sorted(path for path in (self._home / CLAIMED).iterdir() if not path.name.startswith("."))

    def look(self) -> Look:
        """List the inbox, and which of its files are whole."""
        return self._inbox.look()

    def claim(self, path: Path) -> Path | None:
        """Move the file to ``claimed``; returns its new path, or None if it is gone. A long name becomes shorter."""
        target = free(self._home / CLAIMED / fitting(path.name))
        try:
            path.rename(target)
        except FileNotFoundError:
            return None
        with suppress(OSError):
            self._inbox.marker(path).unlink()
        return target

    def note(self, claimed: Path) -> Note:
        """Returns how far the file is sent; nothing without a readable note."""
        known = self._notes.get(claimed)
        if known is None:
            try:
                known = msgspec.json.decode(beside(claimed, _NOTE).read_bytes(), type=prepared(Note))
            except (FileNotFoundError, msgspec.DecodeError):
                known = Note()
        return known

    def write_note(self, claimed: Path, note: Note) -> None:
        """Note how many of the file's records the broker has acknowledged; remembered also where the disk is full."""
        self._notes[claimed] = note
        fresh = beside(claimed, _FRESH)
        fresh.write_bytes(msgspec.json.encode(note))
        fresh.replace(beside(claimed, _NOTE))

    def archive(self, claimed: Path, sha256: str) -> Path:
        """Move a sent file to ``archive/<day>`` (UTC) and keep its hash there; returns its new path."""
        day = self._home / ARCHIVE / f"{datetime.now(UTC):%Y-%m-%d}"
        day.mkdir(parents=True, exist_ok=True)
        target = free(day / claimed.name)
        with (day / SUMS).open("a+b") as sums:
            if sums.tell() and os.pread(sums.fileno(), 1, sums.tell() - 1) != b"\n":
                sums.write(b"\n")  # behind a line that a full disk cut short
            sums.write(_sum_line(sha256, target.name))
        return self._moved(claimed, target)

    def quarantine(self, path: Path, reason: str, detail: str, records: int = 0) -> Path:
        """Move a refused file to ``quarantine`` and write its reason file; returns the file's new path."""
        target = next(
            one for one in candidates(self._home / QUARANTINE / fitting(path.name))
            if not os.path.lexists(one) and not os.path.lexists(_reason_file(one))
        )
        said = {"reason": reason, "detail": detail, "records_sent_before": records, "at": f"{datetime.now(UTC):%FT%TZ}"}
        self._moved(path, target)
        with suppress(OSError):  # a full disk: the log and the alert say it too
            _reason_file(target).write_text(json.dumps(said, indent=1) + "\n", "utf-8")
        return target

    def refused(self) -> list[tuple[float, str]]:
        """Returns when each file in quarantine came there (seconds since 1970), and its name; the newest last."""
        return sorted(
            (path.lstat().st_ctime, path.name) for path in (self._home / QUARANTINE).iterdir()
            if not path.name.endswith(_REASON) and not path.name.startswith(".")
        )

    def _moved(self, path: Path, target: Path) -> Path:
        path.rename(target)
        self._notes.pop(path, None)
        beside(path, _NOTE).unlink(missing_ok=True)
        return target


def _reason_file(path: Path) -> Path:
    return path.with_name(path.name + _REASON)


def _sum_line(sha256: str, name: str) -> bytes:
    """A line as ``sha256sum`` writes and checks it: of a name with line ends or backslashes, those are escaped."""
    raw = os.fsencode(name)
    escaped = raw.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"" if escaped == raw else b"\\") + sha256.encode() + b"  " + escaped + b"\n"
