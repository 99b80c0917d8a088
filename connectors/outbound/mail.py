"""Sends e-mail by SMTP: one message to one address, the same in every attempt, and says what the server's answer means.

A 4xx means later. A 5xx is about the message, unless the server says that there is no such mailbox: then nothing is
sent there again.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

import aiosmtplib
import structlog

from config.mail import MailSecurity, MailSettings
from connectors.outbound.answers import Answer, shown, unavailable
from streams.kernel.outbound_vocabulary import AttemptResult

log = structlog.get_logger(__name__)
LATER_MS = 5 * 60_000
"""After a 4xx: servers that greylist want some minutes."""
NO_MAILBOX = frozenset({550, 551, 553})
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


class Mail(NamedTuple):
    """One e-mail. ``message_id``: of the message, the same in every attempt; ``at``: when it was first to be sent, UTC
    ms; ``unsubscribe``: URL that ends e-mail to this address by one POST (RFC 8058)."""

    to: str
    name: str
    subject: str
    text: str
    html: str
    message_id: str
    at: int
    unsubscribe: str


def message_of(mail: Mail, sender: str) -> EmailMessage:
    """The message: plain text and HTML. Raises ValueError where a header would hold more than one line."""
    made = EmailMessage(policy=SMTP)
    for text in (mail.to, sender, mail.name, mail.subject, mail.message_id, mail.unsubscribe):
        if any(one in text for one in "\r\n\0"):
            raise ValueError("a header must not hold a line break")
    domain = sender.rpartition("@")[2]
    made["From"] = f'"{_quoted(mail.name)}" <{sender}>' if mail.name else sender
    made["To"] = mail.to
    made["Subject"] = mail.subject
    made["Date"] = format_datetime(datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=mail.at))
    made["Message-ID"] = f"<{mail.message_id}@{domain}>"
    made["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe:
        made["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(mail.text)
    made.add_alternative(mail.html, subtype="html")
    made.set_boundary(f"=_{mail.message_id}")
    return made


class MailClient:
    """Sends e-mail, each over a connection of its own. Make it on the event loop."""

    def __init__(
        self, settings: MailSettings, timeout: float, clock: Callable[[], int], trust: ssl.SSLContext | None = None
    ) -> None:
        """``timeout``: seconds for one step of the conversation. ``clock``: UTC ms. ``trust``: in place of the system's
        certificates."""
        self._settings, self._timeout, self._clock = settings, timeout, clock
        self._trust = trust or ssl.create_default_context()
        self._free = asyncio.Semaphore(settings.connections)

    async def send(self, mail: Mail) -> Answer:
        """Make one attempt; its result, whatever happens."""
        if not self._settings.host:
            return unavailable("no SMTP server is set: SHIPSYNC_MAIL_HOST")
        try:
            message = message_of(mail, self._settings.sender)
        except ValueError as error:
            return Answer(AttemptResult.REFUSED, shown(str(error)))
        try:
            async with self._free:
                return await self._sent(message, mail.to, self._settings.host)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return self._answer(refused.recipients[0], of_mailbox=True)
        except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPHeloError, aiosmtplib.SMTPSenderRefused) as error:
            return unavailable(f"the SMTP server does not let us send: {error.code} {error.message}")
        except aiosmtplib.SMTPResponseException as error:
            return self._answer(error, of_mailbox=False)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return unavailable(f"the SMTP server cannot be used: {error or type(error).__name__}")
        except Exception as error:  # one message must not end the sending of all
            log.exception("an e-mail failed in a way nobody foresaw")
            return unavailable(f"the e-mail could not be sent ({type(error).__name__})")

    async def _sent(self, message: EmailMessage, to: str, host: str) -> Answer:
        own = self._settings
        _, said = await aiosmtplib.send(
            message, sender=own.sender, recipients=[to], hostname=host, port=own.port, timeout=self._timeout,
            local_hostname=own.sender.rpartition("@")[2], username=own.user or None,
            password=None if own.password is None else own.password.get_secret_value(),
            use_tls=own.security is MailSecurity.TLS, start_tls=own.security is MailSecurity.STARTTLS,
            tls_context=None if own.security is MailSecurity.NONE else self._trust,
        )
        return Answer(AttemptResult.ACCEPTED, shown(said), 250)

    def _answer(self, error: aiosmtplib.SMTPResponseException, *, of_mailbox: bool) -> Answer:
        code, detail = error.code, shown(f"{error.message}")
        if code < 500:
            return Answer(AttemptResult.LIMITED, detail, code, self._clock() + LATER_MS)
        if of_mailbox and is_gone(code, detail):
            return Answer(AttemptResult.GONE, detail, code)
        return Answer(AttemptResult.REFUSED, detail, code)


def is_gone(code: int, detail: str) -> bool:
    """Whether a refusal of a recipient says that there is no such mailbox, now or ever: 5.1.x or 5.2.1 (RFC 3463), or
    without such a code 550, 551 or 553. Policies (5.7.x) and full mailboxes (5.2.2) are about the message."""
    found = _ENHANCED.search(detail)
    if found is not None:
        subject, what = int(found[2]), int(found[3])
        return (subject == 1 and what not in (7, 8)) or (subject, what) == (2, 1)
    return code in NO_MAILBOX


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
