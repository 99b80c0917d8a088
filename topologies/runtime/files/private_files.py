"""Folders and files that this user alone may read: local state, logs, the note of a running stack."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

FOLDER, FILE = 0o700, 0o600
OTHERS = 0o077


def folder(path: Path) -> None:
    """Make the folder of ours; one that others may read is closed to them. Raises OSError."""
    path.mkdir(parents=True, exist_ok=True, mode=FOLDER)
    if path.stat().st_mode & OTHERS:
        with suppress(PermissionError):  # another user's, who lets us write there
            path.chmod(FOLDER)


def parent(path: Path) -> None:
    """Make the folder, closed to others; one that is there stays as it is. Raises OSError."""
    if not path.exists():
        folder(path)


def appending(path: Path) -> BinaryIO:
    """The file, open to append to; made if missing. Raises OSError."""
    return _opened(path, os.O_APPEND)


def write(path: Path, content: bytes) -> None:
    """Write the file anew. Raises OSError."""
    with _opened(path, os.O_TRUNC) as file:
        file.write(content)


def close_to_others() -> None:
    """Makes what this process creates from now on readable for this user alone: RocksDB makes its files itself."""
    os.umask(OTHERS)


def _opened(path: Path, flag: int) -> BinaryIO:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flag, FILE)
    with suppress(PermissionError):
        os.fchmod(file, FILE)
    return os.fdopen(file, "ab" if flag == os.O_APPEND else "wb")
