"""Copies what was written from the log of the read model into its file, in a thread of its own.

Within a commit, where SQLite does it by itself, the writer would wait for the disk.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import structlog

from connectors.read_store import metrics

LEAST_CHANGES = 2_000
"""Fewer changes are not worth a look at the disk; SQLite itself looks at a log of ``LONGEST_LOG`` pages."""
LONGEST_LOG = 128_000
"""Pages of 4 KiB, where the thread does not keep up."""
log = structlog.get_logger(__name__)


class Checkpoints:
    """The thread for one file. Close it before the file's last connection."""

    def __init__(self, file: Path) -> None:
        self._file, self._changes, self._closed = file, 0, False
        self._due = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def written(self, changes: int) -> None:
        """So many changes were committed."""
        self._changes += changes
        if self._changes >= LEAST_CHANGES:
            self._changes = 0
            self._due.set()

    def close(self) -> None:
        """End the thread, after what it is at."""
        self._closed = True
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as base:
            while True:
                self._due.wait()
                self._due.clear()
                if self._closed:
                    return
                try:
                    with metrics.CHECKPOINT_SECONDS.time():
                        base.execute("PRAGMA wal_checkpoint(PASSIVE)")
                except sqlite3.Error as error:
                    log.warning("the log of the read model is not copied, and grows", why=str(error))
