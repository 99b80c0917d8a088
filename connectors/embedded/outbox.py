"""The outbox of the embedded stack: an SMTP server of this machine that keeps what comes in files, and sends none on.

The supervisor of an embedded stack runs it; the tower's page reads the files, ``<data_dir>/outbox/*.eml``.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from streams.kernel.errors import Fatal

if TYPE_CHECKING:
    from aiosmtpd.controller import Controller

FOLDER, HOST = "outbox", "127.0.0.1"
MOST_KEPT, MOST_BYTES = 500, 1_000_000
_NAME = re.compile(r"\d{13}-[0-9a-f]{8}")


class KeptMail(NamedTuple):
    """An e-mail in the outbox. ``name``: its file without the ending; ``at``: when it came, UTC ms."""

    name: str
    at: int
    to: str
    subject: str
    text: str
    html: str
    message_id: str


class OutboxFolder:
    """The kept e-mails of a data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def keep(self, content: bytes) -> None:
        """Keep an e-mail, and of all the newest ``MOST_KEPT``."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{time.time_ns() // 1_000_000:013d}-{secrets.token_hex(4)}"
        begun = self._folder / f"{name}.part"
        begun.write_bytes(content)
        begun.rename(self._folder / f"{name}.eml")
        for one in self._names()[MOST_KEPT:]:
            (self._folder / f"{one}.eml").unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget all."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def mails(self, most: int) -> Iterator[KeptMail]:
        """The newest first."""
        for name in self._names()[:most]:
            found = self.mail(name)
            if found is not None:
                yield found

    def mail(self, name: str) -> KeptMail | None:
        """One of them; None where there is none."""
        if _NAME.fullmatch(name) is None:
            return None
        try:
            content = (self._folder / f"{name}.eml").read_bytes()
        except OSError:
            return None
        message: EmailMessage = message_from_bytes(content, policy=default)
        return KeptMail(
            name, int(name.partition("-")[0]), str(message["to"] or ""), str(message["subject"] or ""),
            _part(message, "plain"), _part(message, "html"), str(message["message-id"] or ""),
        )

    def _names(self) -> list[str]:
        return sorted((one.stem for one in self._folder.glob("*.eml")), reverse=True)


class Outbox:
    """The SMTP server, on a port that is free."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = OutboxFolder(data_dir)
        self._controller: Controller | None = None

    def start(self, port: int) -> None:
        """Listen. Raises Fatal without the extra of the embedded mode, or where the port is taken."""
        try:
            from aiosmtpd.controller import Controller
        except ImportError as error:
            raise Fatal("the embedded stack needs: pip install 'shipsync[embedded]'") from error
        self._folder.clear()
        self._controller = Controller(
            _Keeping(self._folder), hostname=HOST, port=port, server_hostname="localhost", data_size_limit=MOST_BYTES
        )
        try:
            self._controller.start()
        except (OSError, TimeoutError) as error:
            raise Fatal(f"the outbox cannot listen on {HOST}:{port}: {error}") from error

    def stop(self) -> None:
        """Listen no more."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


class _Keeping:
    def __init__(self, folder: OutboxFolder) -> None:
        self._folder = folder

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002
        try:
            self._folder.keep(envelope.content)
        except OSError:
            return "452 4.3.1 no room"
        return "250 2.0.0 kept"


def _part(message: EmailMessage, subtype: str) -> str:
    found = message.get_body((subtype,))
    return "" if found is None else str(found.get_content())
