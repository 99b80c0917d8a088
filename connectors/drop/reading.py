"""A claimed file, opened without following links, and hashed as it is read."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

WHY = {
    "symbolic_link": "it is a symbolic link: links are not followed",
    "hard_link": "it is a hard link: the same file stands elsewhere too",
    "special_file": "it is no plain file",
}
"""Why an entry that is no plain file is refused, in words."""
_BLOCK = 1024 * 1024


class NotReadable(Exception):
    """The file is not read: ``reason`` in a word, the text says more."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


class Version(NamedTuple):
    """Identifies a state of a file: a change of the file changes it. Times in ns."""

    size: int
    modified: int
    changed: int


class ClaimedFile:
    """The file while it is read. ``stream`` is read once, from its beginning."""

    def __init__(self, stream: BinaryIO, raw: _Hashed) -> None:
        self.stream, self._raw = stream, raw
        self.version = _version(raw.fileno())

    def sha256(self) -> str:
        """Read the rest; the hash of all that was read. Raises NotReadable if the file was changed meanwhile."""
        while self.stream.read(_BLOCK):
            pass
        if _version(self._raw.fileno()) != self.version:
            raise NotReadable("changed", "it was changed while it was sent: deliver it again under a new name")
        return self._raw.hash.hexdigest()


@contextmanager
def reading(path: Path) -> Iterator[ClaimedFile]:
    """The file, opened to be read. Raises NotReadable for a link, or anything that is no plain file, FileNotFoundError
    if it is gone, OSError if the system cannot read it."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError as error:
        raise NotReadable("unreadable", f"it cannot be read: {error.strerror}") from error
    except OSError as error:
        if path.is_symlink():
            raise NotReadable("symbolic_link", WHY["symbolic_link"]) from error
        raise
    try:
        _check(os.fstat(number))
    except NotReadable:
        os.close(number)
        raise
    raw = _Hashed(number)
    with io.BufferedReader(raw, _BLOCK) as stream:
        yield ClaimedFile(stream, raw)


def _check(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise NotReadable("special_file", WHY["special_file"])
    if found.st_nlink > 1:
        raise NotReadable("hard_link", WHY["hard_link"])


class _Hashed(io.FileIO):
    """A file that hashes what is read of it, in order."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "rb")
        self.hash = hashlib.sha256()

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]
        count = super().readinto(buffer)
        self.hash.update(memoryview(buffer)[: count or 0])
        return count


def _version(number: int) -> Version:
    found = os.fstat(number)
    return Version(found.st_size, found.st_mtime_ns, found.st_ctime_ns)
