"""Secrets from files, as Docker and Kubernetes mount them: ``SHIPSYNC_API_KEYS_FILE`` for ``SHIPSYNC_API_KEYS``."""

from __future__ import annotations

import stat
from collections.abc import Collection, Mapping
from pathlib import Path

SUFFIX = "_FILE"
MOST_BYTES = 1024 * 1024


def read_files(
    variables: Collection[str], given: Mapping[str, str | None]
) -> tuple[dict[str, str], dict[str, Path], list[str]]:
    """Values and files by variable, for those that name a file, and a fault for each file that cannot be used.

    ``variables``: those that may come from a file. ``given``: all variables, in upper case. No fault shows a value: it
    may be the secret itself, in the wrong place.
    """
    values: dict[str, str] = {}
    files: dict[str, Path] = {}
    faults: list[str] = []
    for variable in variables:
        named = given.get(variable + SUFFIX)
        if not named:
            continue
        if given.get(variable):
            faults.append(f"{variable}{SUFFIX}: {variable} is set too; keep one of them")
            continue
        try:
            values[variable] = _content(Path(named))
            files[variable] = Path(named)
        except ValueError as error:
            faults.append(f"{variable}{SUFFIX}: {error}")
    return values, files, faults


def _content(path: Path) -> str:
    """The text of the file, without the line end behind it."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError("it names no file")
        with path.open("rb") as file:
            found = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"the file cannot be read ({error.strerror})") from None
    if len(found) > MOST_BYTES:
        raise ValueError(f"the file has more than {MOST_BYTES} bytes")
    try:
        text = found.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("the file is no UTF-8 text") from None
    if not text.strip():
        raise ValueError("the file is empty")
    return text
