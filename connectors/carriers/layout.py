"""The folder SHIPSYNC_CARRIERS_DIR names: an installation's own carriers, laid out as the packaged ones are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from connectors.mapping.loading import FILE
from streams.kernel.errors import Fatal

CODE = "parse.py"
CASES = "cases"
NAME = re.compile(r"[a-z0-9][a-z0-9_]{1,39}")
EXPECTED = (FILE, CODE)
IGNORED = re.compile(r"\..*|__pycache__|README.*")
"""Hidden entries (a Kubernetes volume has some), what Python leaves, and notes."""


def own_folders(home: Path) -> list[Path]:
    """The carriers' folders, sorted by name. Raises Fatal naming every fault of the layout, its path and what to do."""
    if not home.is_dir():
        what = "is no folder" if home.exists() else "does not exist"
        raise Fatal(f"SHIPSYNC_CARRIERS_DIR: {home.absolute()} {what}: name the folder of your carriers' folders")
    entries, faults = _entries(home)
    for entry in entries:
        faults += _faults(entry)
    if faults:
        raise Fatal("SHIPSYNC_CARRIERS_DIR:\n  " + "\n  ".join(faults))
    return entries


def _entries(folder: Path) -> tuple[list[Path], list[str]]:
    """The entries of a folder, sorted; a fault where it cannot be read."""
    try:
        found = sorted(entry for entry in folder.iterdir() if not IGNORED.fullmatch(entry.name))
    except OSError as error:
        return [], [f"{folder.absolute()} cannot be read ({error.strerror}): let this user read it"]
    return found, []


def _faults(folder: Path) -> Iterator[str]:
    """The faults in the layout of a carrier's folder."""
    where = folder.absolute()
    if not folder.is_dir():
        yield f"{where} is a file: a carrier is a folder with a {FILE}; move the file into one, or away"
        return
    if not NAME.fullmatch(folder.name):
        yield f"{where}: rename it: a carrier's folder has 2 to 40 lower case letters, digits and _"
    entries, faults = _entries(folder)
    yield from faults
    if faults:
        return
    names = [entry.name for entry in entries]
    strays = [entry for entry in entries if entry.name not in EXPECTED and not (entry.name == CASES and entry.is_dir())]
    for stray in strays:
        near = [] if FILE in names else get_close_matches(stray.name.lower(), [FILE], cutoff=0.7)
        fix = f"call it {near[0]}" if near else f"move it away, or into {CASES}/ if it is a sample"
        yield f"{stray.absolute()} does not belong there: {fix}"
    if FILE not in names:
        yield f"{where} has no {FILE}: write one (`shipsync carrier new`), or remove the folder"
    for name in set(names) & {*EXPECTED}:
        yield from _unreadable(folder / name)


def _unreadable(file: Path) -> Iterator[str]:
    try:
        file.read_bytes()
    except OSError as error:
        yield f"{file.absolute()} cannot be read ({error.strerror}): let this user read it"
