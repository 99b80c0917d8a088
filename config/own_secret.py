"""A secret that this installation makes for itself and keeps in a file of its data folder, for this user alone."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path


def kept(file: Path, make: Callable[[], str]) -> str:
    """The secret in the file; of several processes that find none, the first makes it. Raises OSError,
    UnicodeDecodeError."""
    if not file.exists():
        _write_once(file, make())
    return file.read_text("ascii").strip()


def _write_once(file: Path, secret: str) -> None:
    """Writes the file where it is not there."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    own.touch(0o600)
    own.write_text(secret, "ascii")
    try:
        file.hardlink_to(own)
    except FileExistsError:
        pass
    finally:
        own.unlink()
