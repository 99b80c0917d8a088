"""The folder a worker keeps its local state in: made, writable, and this process's alone while it runs."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.kernel.errors import Fatal
from topologies.runtime.files import private_files

LOCK = "worker.lock"
BUSY = frozenset({errno.EAGAIN, errno.EACCES})


@contextmanager
def held(data_dir: Path, app_id: str) -> Iterator[None]:
    """``<data_dir>/<app id>``, held until the block ends or the process does.

    Raises Fatal naming folder, setting and remedy where it cannot be made or written, or another process holds it.
    """
    folder = data_dir / app_id
    try:
        private_files.parent(data_dir)
        private_files.folder(folder)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, private_files.FILE)
    except OSError as error:
        raise unusable(folder, error) from error
    try:
        _lock(lock, folder)
        yield
    finally:
        os.close(lock)


def writable(data_dir: Path) -> None:
    """Make the folder, and see that files can be written there. Raises Fatal naming folder, setting and remedy."""
    probe = data_dir / f".writable-{os.getpid()}"
    try:
        private_files.parent(data_dir)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise unusable(data_dir, error) from error


def unusable(folder: Path, error: OSError) -> Fatal:
    """The error for a folder that cannot be made or written."""
    return Fatal(
        f"{folder.absolute()} cannot be written ({error.strerror}):"
        " set SHIPSYNC_DATA_DIR to a folder this user may write, with space left"
    )


def _lock(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in BUSY:
            raise unusable(folder, error) from error
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
        who = f"process {holder}" if holder else "another process"
        raise Fatal(
            f"{folder.absolute()} is in use by {who}:"
            " stop that worker, or set SHIPSYNC_DATA_DIR to a folder of this worker's own"
        ) from error
    try:
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise unusable(folder, error) from error
