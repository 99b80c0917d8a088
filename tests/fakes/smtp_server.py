"""An SMTP server on a port of this machine (aiosmtpd), with the answers real ones give."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "127.0.0.1"


@dataclass
class Mailbox:
    """Takes mail. ``rcpt``, ``data``: answers in place of the usual, by turns; the last again and again."""

    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    received: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]  # noqa: ARG002
    ) -> str:
        if self.rcpt and (said := self.rcpt.pop(0) if len(self.rcpt) > 1 else self.rcpt[0]):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002
        if self.data and (said := self.data.pop(0) if len(self.data) > 1 else self.data[0]):
            return said
        assert isinstance(envelope.content, bytes)
        self.received.append(message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        self.envelopes.append(envelope)
        self.over_tls.append(session.ssl is not None)
        return "250 2.0.0 queued as 12345"


class _OnAnyPort(Controller):
    """``port`` 0 is one that the system chooses; whoever waits for the start asks that one."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def smtp_server(
    mailbox: Mailbox, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None
) -> Iterator[Mailbox]:
    """The mailbox on a port of this machine. ``tls``: STARTTLS is offered and required."""

    def authenticated(*given: Any) -> AuthResult:
        data = given[-1]
        assert isinstance(data, LoginPassword)
        is_right = (data.login.decode(), data.password.decode()) == login
        return AuthResult(success=is_right, handled=is_right)

    more: dict[str, Any] = {"tls_context": tls, "require_starttls": True} if tls is not None else {}
    if login is not None:
        more |= {"authenticator": authenticated, "auth_required": True}
    controller = _OnAnyPort(mailbox, hostname=HOST, port=0, server_hostname="localhost", **more)
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()
