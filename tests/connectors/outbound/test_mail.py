"""E-mail over SMTP to a real server: the message, its protection, and what the server's answers mean."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from config.mail import MailSecurity, MailSettings
from connectors.outbound.answers import Answer
from connectors.outbound.mail import LATER_MS, Mail, MailClient, is_gone, message_of
from streams.kernel.outbound_vocabulary import AttemptResult
from tests.fakes.smtp_server import HOST, Mailbox, smtp_server
from tests.support.certificates import Authority
from tests.support.waiting import PATIENCE

NOW = 1_790_000_000_000
STOP = "https://track.example.com/stop/abc"


def mail(**changes: Any) -> Mail:
    return Mail(**{
        "to": "ann@example.com", "name": "Acme Tools", "subject": "Bestellung 7: zugestellt – endlich",
        "text": "Hallö\n", "html": "<p>Hallö</p>", "message_id": "msg_1", "at": NOW, "unsubscribe": STOP, **changes,
    })


def sent(
    mailbox: Mailbox, *mails: Mail, trust: ssl.SSLContext | None = None, **settings: Any
) -> list[Answer]:
    given = {
        "security": MailSecurity.NONE, "host": HOST, "port": mailbox.port, "sender": "news@acme.example", **settings,
    }
    own = MailSettings(_env_file=None).model_copy(update=given)

    async def run() -> list[Answer]:
        client = MailClient(own, PATIENCE, lambda: NOW, trust)
        return [await client.send(one) for one in mails]

    return asyncio.run(run())


def test_a_message_comes_as_text_and_html_and_can_be_stopped_by_one_click() -> None:
    with smtp_server(Mailbox()) as box:
        [answer] = sent(box, mail())
    assert (answer.result, answer.code) == (AttemptResult.ACCEPTED, 250)
    [came] = box.received
    assert (came["to"], came["from"], came["subject"]) == (
        "ann@example.com", "Acme Tools <news@acme.example>", "Bestellung 7: zugestellt – endlich",
    )
    assert came["list-unsubscribe"] == f"<{STOP}>"
    assert came["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert came["date"] == "Mon, 21 Sep 2026 14:13:20 +0000"
    text, html = came.get_body(("plain",)), came.get_body(("html",))
    assert text is not None
    assert html is not None
    assert (text.get_content().strip(), html.get_content().strip()) == ("Hallö", "<p>Hallö</p>")
    assert (box.envelopes[0].mail_from, box.envelopes[0].rcpt_tos) == ("news@acme.example", ["ann@example.com"])


def test_every_attempt_of_a_message_is_the_same_to_the_byte() -> None:
    assert message_of(mail(), "n@acme.example").as_bytes() == message_of(mail(), "n@acme.example").as_bytes()
    assert message_of(mail(), "n@acme.example")["message-id"] == "<msg_1@acme.example>"


@pytest.mark.parametrize(("said", "result"), [
    ("450 4.2.0 greylisted", AttemptResult.LIMITED), ("452 full", AttemptResult.LIMITED),
    ("550 5.1.1 no such user", AttemptResult.GONE), ("550 no such user", AttemptResult.GONE),
    ("550 5.2.1 mailbox disabled", AttemptResult.GONE), ("550 5.7.1 policy", AttemptResult.REFUSED),
    ("552 5.2.2 mailbox full", AttemptResult.REFUSED), ("554 no", AttemptResult.REFUSED),
])
def test_an_answer_about_the_mailbox_means(said: str, result: AttemptResult) -> None:
    with smtp_server(Mailbox(rcpt=[said])) as box:
        [answer] = sent(box, mail())
    assert (answer.result, answer.code) == (result, int(said[:3]))
    assert answer.detail == said[4:]
    assert answer.retry_at == (NOW + LATER_MS if result is AttemptResult.LIMITED else None)


@pytest.mark.parametrize(("said", "result"), [
    ("451 4.3.0 try later", AttemptResult.LIMITED), ("550 5.7.1 spam", AttemptResult.REFUSED),
    ("554 5.6.0 no", AttemptResult.REFUSED), ("550 no", AttemptResult.REFUSED),
])
def test_an_answer_about_the_message_never_ends_the_address(said: str, result: AttemptResult) -> None:
    with smtp_server(Mailbox(data=[said, ""])) as box:
        first, second = sent(box, mail(), mail())
    assert (first.result, second.result) == (result, AttemptResult.ACCEPTED)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with smtp_server(Mailbox()) as box:
        pass
    [answer] = sent(box, mail())
    assert answer.result is AttemptResult.UNAVAILABLE
    [answer] = sent(box, mail(), host=None)
    assert answer.detail == "no SMTP server is set: SHIPSYNC_MAIL_HOST"


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's, and one that trusts its authority."""
    authority = Authority(folder)
    pair = authority.sign("server")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pair.certificate, pair.key)
    return server, ssl.create_default_context(cafile=str(authority.certificate))


def test_starttls_is_verified_and_the_password_goes_over_it_alone(tmp_path: Path) -> None:
    server, trust = contexts(tmp_path)
    login = {"user": "acme", "password": SecretStr("s3cret"), "security": MailSecurity.STARTTLS}
    with smtp_server(Mailbox(), server, ("acme", "s3cret")) as box:
        [taken] = sent(box, mail(), trust=trust, **login)
        [untrusted] = sent(box, mail(), **login)
        [wrong] = sent(box, mail(), trust=trust, **{**login, "password": SecretStr("other")})
    assert taken.result is AttemptResult.ACCEPTED
    assert box.over_tls == [True]
    assert (untrusted.result, "ertificate" in untrusted.detail) == (AttemptResult.UNAVAILABLE, True)
    assert wrong.result is AttemptResult.UNAVAILABLE
    assert "s3cret" not in untrusted.detail + wrong.detail


def test_a_server_without_starttls_gets_nothing() -> None:
    with smtp_server(Mailbox()) as box:
        [answer] = sent(box, mail(), security=MailSecurity.STARTTLS)
    assert (answer.result, box.received) == (AttemptResult.UNAVAILABLE, [])


@pytest.mark.parametrize("field", ["to", "name", "subject", "message_id", "unsubscribe"])
@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r"])
def test_no_text_can_add_a_header(field: str, break_: str) -> None:
    with smtp_server(Mailbox()) as box:
        [answer] = sent(box, mail(**{field: f"x{break_}Bcc: eve@example.com"}))
    assert (answer.result, box.received) == (AttemptResult.REFUSED, [])


@given(st.text(), st.text())
def test_whatever_a_name_and_a_subject_hold_headers_stay_what_they_are(name: str, subject: str) -> None:
    try:
        made = message_of(mail(name=name, subject=subject), "n@acme.example").as_bytes()
    except (ValueError, UnicodeError):
        return
    head = made.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert sorted(names) == sorted([
        b"from", b"to", b"subject", b"date", b"message-id", b"auto-submitted", b"list-unsubscribe",
        b"list-unsubscribe-post", b"mime-version", b"content-type",
    ])


def test_only_what_is_about_the_mailbox_ends_it() -> None:
    assert is_gone(550, "5.1.1 unknown")
    assert not is_gone(550, "5.1.8 bad sender")
    assert not is_gone(552, "full")
