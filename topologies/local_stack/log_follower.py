"""Follows the logs of several processes and passes on their lines, each with its process's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 256 * 1024
"""Read of one log per call; the rest follows with the next call."""


class Follower:
    """Reads what was added to each followed file since the last look; half a line waits for its end."""

    def __init__(self, hear: Callable[[str, str], None]) -> None:
        self._hear = hear
        self._files: dict[str, BinaryIO] = {}
        self._begun: dict[str, bytes] = {}

    def follow(self, name: str, path: Path) -> None:
        """Follow a file from its beginning; one followed before under this name is let go."""
        if name in self._files:
            self._files[name].close()
        self._files[name] = path.open("rb")
        self._begun[name] = b""

    def look(self) -> None:
        """Pass on every new complete line."""
        for name, file in self._files.items():
            *lines, self._begun[name] = (self._begun[name] + file.read(MOST_BYTES)).split(b"\n")
            for line in lines:
                self._hear(name, line.decode("utf-8", "replace"))

    def close(self) -> None:
        """Pass on the remaining lines, the last incomplete one too, and close the files."""
        self.look()
        for name, file in self._files.items():
            if rest := self._begun[name]:
                self._hear(name, rest.decode("utf-8", "replace"))
            file.close()
        self._files.clear()
