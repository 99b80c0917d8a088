"""The outbox: e-mail of an embedded stack is kept and shown, and can do nothing where it is shown."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from config.mail import MailSecurity, MailSettings
from connectors.embedded.outbox import MOST_KEPT, Outbox, OutboxFolder
from connectors.embedded.ports import unused
from connectors.outbound.mail import Mail, MailClient
from streams.kernel.outbound_vocabulary import AttemptResult
from tests.support.portal_afternoon import afternoon
from tests.support.portal_world import portal
from tests.support.read_model_world import fill
from tests.support.waiting import PATIENCE

NASTY = "<script>alert(1)</script><p>Hallo</p>"


@pytest.fixture(autouse=True)
def model(tmp_path: Path) -> None:
    fill(tmp_path / "model", afternoon())


def kept(folder: Path) -> OutboxFolder:
    """An outbox that took one e-mail from the sender's own client."""
    outbox, [port] = Outbox(folder), unused(1)
    outbox.start(port)
    try:
        own = MailSettings(_env_file=None).model_copy(
            update={"host": "127.0.0.1", "port": port, "security": MailSecurity.NONE}
        )
        mail = Mail("ann@example.com", "Acme", "Order <SO-1>", "Hallo", NASTY, "msg_1", 0, "https://x/stop/1")

        async def run() -> AttemptResult:
            return (await MailClient(own, PATIENCE, lambda: 0).send(mail)).result

        assert asyncio.run(run()) is AttemptResult.ACCEPTED
    finally:
        outbox.stop()
    return OutboxFolder(folder)


def test_what_comes_is_kept_and_shown_in_a_frame_that_can_do_nothing(tmp_path: Path) -> None:
    folder = kept(tmp_path)
    [mail] = folder.mails(10)
    assert (mail.to, mail.subject, mail.text.strip()) == ("ann@example.com", "Order <SO-1>", "Hallo")
    shown = portal(tmp_path / "model", outbox=folder)
    client = TestClient(shown.app)
    page = client.get(f"/tower/outbox?mail={mail.name}")
    assert "Order &lt;SO-1&gt;" in page.text
    assert '<iframe class="mail" sandbox=""' in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert "<script>alert" not in page.text
    framed = client.get(f"/tower/outbox/{mail.name}.html")
    policy = framed.headers["content-security-policy"]
    assert NASTY in framed.text
    assert policy.endswith("sandbox")
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("name", ["../secret", "x", "0" * 13 + "-" + "0" * 8])
def test_nothing_else_is_shown(tmp_path: Path, name: str) -> None:
    assert OutboxFolder(tmp_path).mail(name) is None
    client = TestClient(portal(tmp_path / "model", outbox=OutboxFolder(tmp_path)).app)
    assert client.get(f"/tower/outbox/{name}.html").status_code == 404
    assert "No e-mail yet" in client.get("/tower/outbox").text


def test_an_installation_that_is_no_embedded_stack_has_no_such_page(tmp_path: Path) -> None:
    client = TestClient(portal(tmp_path / "model").app)
    assert client.get("/tower/outbox").status_code == 404


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    folder = OutboxFolder(tmp_path)
    for _ in range(MOST_KEPT + 3):
        folder.keep(b"Subject: x\r\n\r\nx")
    assert len(list(folder.mails(MOST_KEPT * 2))) == MOST_KEPT
    folder.clear()
    assert list(folder.mails(1)) == []
