"""Where the read model lies: a folder with one file a generation, and ``current``, a link to the one that is read.

A rebuild writes the next generation beside the current one and then turns the link, so that no reader ever sees half of
it.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

FOLDER = "read-model"
"""In the data folder."""
CURRENT = "current"
_GENERATION = re.compile(r"(\d{8})\.sqlite3")


def current(folder: Path) -> Path | None:
    """The file that is read now; None where there is none."""
    try:
        return folder / (folder / CURRENT).readlink()
    except FileNotFoundError:
        return None


def opened(file: Path, **how: Any) -> sqlite3.Connection:
    """A connection that only reads. SQLite keeps a file beside the database for that, which it must be able to write.
    Raises sqlite3.Error."""
    base: sqlite3.Connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True, **how)
    try:
        base.execute("PRAGMA query_only = ON")
    except sqlite3.Error:
        base.close()
        raise
    return base


def next_generation(folder: Path) -> Path:
    """The name of a file that does not exist yet."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [int(found[1]) for one in folder.iterdir() if (found := _GENERATION.match(one.name))]
    return folder / f"{max(numbers, default=0) + 1:08}.sqlite3"


def make_current(file: Path) -> None:
    """Readers read this file from now on; the files of earlier generations are deleted."""
    link = file.parent / f"{CURRENT}.new"
    link.unlink(missing_ok=True)
    link.symlink_to(file.name)
    link.replace(file.parent / CURRENT)
    for one in file.parent.iterdir():
        found = _GENERATION.match(one.name)
        if found and one.name[:8] < file.name[:8]:
            one.unlink(missing_ok=True)


def delete(file: Path) -> None:
    """Deletes a file that is not current, with what SQLite and the writer keep beside it."""
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm", f"{file.name}.lock"):
        (file.parent / name).unlink(missing_ok=True)
