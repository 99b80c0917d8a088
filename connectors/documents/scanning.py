"""Looks for viruses in a document: by clamd, or by a command of the installation's own."""

from __future__ import annotations

import asyncio
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from config.setting_group import SettingsError
from config.settings import Settings
from streams.kernel.errors import Transient

SETTING = "SHIPSYNC_DOCUMENTS_SCAN"
SECONDS = 120.0
PIECE = 64 * 1024
LONGEST_ANSWER = 4_096
_CLAMD = "clamd:"
_CLEAN, _REFUSED = 0, 1


class Scanner(Protocol):
    """Looks into content."""

    async def refusal(self, content: bytes) -> str:
        """Why it is refused; empty where nothing was found. Raises Transient where the scanner does not answer."""


class NoScanner:
    """Finds nothing in anything."""

    async def refusal(self, content: bytes) -> str:
        """Nothing."""
        del content
        return ""


class Clamd:
    """A clamd, over TCP or its socket (clamd(8), INSTREAM)."""

    def __init__(self, address: str, seconds: float = SECONDS) -> None:
        """``address``: HOST:PORT, or the path of its socket. Raises SettingsError."""
        host, _, port = address.rpartition(":")
        self._path = address if address.startswith("/") else ""
        if not self._path and not (host and port.isdecimal() and 0 < int(port) < 65_536):
            raise SettingsError(f"{SETTING}: use clamd:HOST:PORT, or clamd:/path/of/its/socket")
        self._host, self._port, self._seconds = host, 0 if self._path else int(port), seconds

    async def refusal(self, content: bytes) -> str:
        """Why it is refused. Raises Transient."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(content)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise Transient(f"clamd does not answer ({type(error).__name__})") from error
        text = answer.rstrip(b"\0").decode("utf-8", "replace").strip().removeprefix("stream: ")
        if text == "OK":
            return ""
        if text.endswith(" FOUND"):
            return f"the virus scanner found {_plain(text.removesuffix(' FOUND'))}"
        raise Transient(f"clamd could not look into it: {_plain(text)}")

    async def _ask(self, content: bytes) -> bytes:
        opened = asyncio.open_unix_connection(self._path) if self._path else asyncio.open_connection(
            self._host, self._port
        )
        reader, writer = await opened
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(content), PIECE):
                piece = content[start:start + PIECE]
                writer.write(len(piece).to_bytes(4, "big") + piece)
                await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
            return await reader.read(LONGEST_ANSWER)
        finally:
            writer.close()


class Command:
    """A command that reads the document from its input: 0 ends clean, 1 refused, with the reason in its output."""

    def __init__(self, line: str, seconds: float = SECONDS) -> None:
        """Raises SettingsError for a line that is none."""
        try:
            self._words = shlex.split(line)
        except ValueError as error:
            raise SettingsError(f"{SETTING}: the command cannot be read: {error}") from error
        if not self._words:
            raise SettingsError(f"{SETTING}: name a command")
        self._seconds = seconds

    async def refusal(self, content: bytes) -> str:
        """Why it is refused. Raises Transient."""
        name = Path(self._words[0]).name
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise Transient(f"the virus scanner {name} does not start: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._seconds):
                said, _ = await process.communicate(content)
        except TimeoutError as error:
            raise Transient(f"the virus scanner {name} took more than {self._seconds:g} s") from error
        finally:
            with suppress(ProcessLookupError):
                if process.returncode is None:
                    process.kill()
        if process.returncode == _CLEAN:
            return ""
        if process.returncode == _REFUSED:
            words = _plain(said[:LONGEST_ANSWER].decode("utf-8", "replace"))
            return f"the virus scanner refused it: {words}" if words else "the virus scanner refused it"
        raise Transient(f"the virus scanner {name} ended with {process.returncode}")


def scanner_of(settings: Settings) -> Scanner:
    """The scanner of this installation. Raises SettingsError."""
    given = (settings.documents.scan or "").strip()
    if not given:
        return NoScanner()
    return Clamd(given.removeprefix(_CLAMD)) if given.startswith(_CLAMD) else Command(given)


def _plain(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text[:300]).split())
