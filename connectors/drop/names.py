"""Names of files in a drop folder: short enough for what is written beside them, and not taken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

LONGEST = 200
"""Bytes of a name we move files by; file systems take 255, and a number or ``.reason.json`` may come behind it."""
_LONGEST_SUFFIX = 20


def fitting(name: str) -> str:
    """The name, or, of one longer than ``LONGEST``, its beginning, a digest of the whole and its suffix."""
    whole = os.fsencode(name)
    if len(whole) <= LONGEST:
        return name
    suffix = os.fsencode(Path(name).suffix)
    suffix = suffix if len(suffix) <= _LONGEST_SUFFIX else b""
    mark = b"~" + blake2b(whole, digest_size=8).hexdigest().encode()
    return os.fsdecode(whole[: LONGEST - len(mark) - len(suffix)] + mark + suffix)


def candidates(path: Path) -> Iterator[Path]:
    """The path, then the path with a number before its suffix."""
    yield path
    number = 2
    while True:
        yield path.with_name(f"{path.stem}.{number}{path.suffix}")
        number += 1


def free(path: Path) -> Path:
    """The first of the candidates where nothing is, not even a broken link."""
    return next(one for one in candidates(path) if not os.path.lexists(one))


def beside(path: Path, suffix: str) -> Path:
    """A hidden file beside this one: as short for every name."""
    return path.with_name(f".{blake2b(os.fsencode(path.name), digest_size=16).hexdigest()}{suffix}")
