"""From a request to the letter that a real SMTP server or chat service gets: the words, the links, and no address
elsewhere."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.settings import Settings
from connectors.outbound.answers import Answer
from connectors.outbound.secrets import SecretBox
from connectors.outbound.sending_rates import SendingRates, rates_of
from portal.server.secret import secret_of
from portal.tracking.recipient_links import Purpose, RecipientLinks, Who
from portal.tracking.tokens import Subject, Tokens
from streams.contracts.letters import Letter, News
from streams.contracts.outbound import OutboundRequest
from streams.contracts.recipients import Recipient
from streams.kernel.outbound_vocabulary import AttemptResult, RecipientChannel
from streams.kernel.vocabulary import Milestone
from tests.fakes.smtp_server import HOST, Mailbox, smtp_server
from tests.fakes.webhook_endpoint import Reply, in_a_thread, listening
from tests.support.outbound_inputs import NOW, recipient
from topologies.workers.recipients import ToRecipients

NEWS = News("SO-1", "ups", "1Z1", Milestone.DELIVERED, NOW)


def request(letter: Letter, to: Recipient) -> OutboundRequest:
    body = msgspec.json.encode(letter).decode()
    return OutboundRequest("msg_1", "email:rcp_1", "C-7", "SO-1", "shipment.delivered", body, 1, NOW, NOW, to)


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(
        _env_file=None, data_dir=folder, mail_host=HOST, mail_security="none", portal_url="https://track.example.com/",
        outbound_private_addresses=True, **more,
    )


def told(own: Settings, letter: Letter, address: str, **changes: Any) -> Answer:
    to = recipient(address=SecretBox(own).encrypt(address), **changes)

    async def run() -> Answer:
        return await ToRecipients(own, SecretBox(own))(request(letter, to), to)

    return asyncio.run(run())


def test_a_letter_arrives_with_links_that_work(tmp_path: Path) -> None:
    with smtp_server(Mailbox()) as box:
        own = settings(tmp_path, mail_port=box.port)
        answer = told(own, Letter([NEWS], "SO-1"), "ann@example.com", language="de", order_id="SO-1")
        again = told(own, Letter([NEWS], "SO-1"), "ann@example.com", language="de", order_id="SO-1")
    assert (answer.result, again.result) == (AttemptResult.ACCEPTED, AttemptResult.ACCEPTED)
    first, second = box.received
    assert first.as_bytes() == second.as_bytes()
    assert (first["to"], first["subject"]) == ("ann@example.com", "Bestellung SO-1: Ihre Sendung wurde zugestellt")
    [stop] = re.findall(r"https://track.example.com/stop/([^>]+)", first["list-unsubscribe"])
    assert RecipientLinks(secret_of(own)).read(Purpose.STOP, stop) == Who(
        "C-7", "SO-1", "rcp_1", RecipientChannel.EMAIL
    )
    body = first.get_body(("plain",))
    assert body is not None
    [track] = re.findall(r"https://track.example.com/t/(\S+)", body.get_content())
    assert Tokens(secret_of(own), now=lambda: NOW / 1000).read(track) == Subject("order", "SO-1", "C-7")


def test_whoever_has_not_confirmed_gets_no_link_to_the_order(tmp_path: Path) -> None:
    with smtp_server(Mailbox()) as box:
        own = settings(tmp_path, mail_port=box.port)
        told(own, Letter(order_id="SO-1", link="https://track.example.com/news/x"), "ann@example.com")
    [mail] = box.received
    assert "https://track.example.com/news/x" in str(mail)
    assert "/t/" not in str(mail)


def test_chat_gets_the_text(tmp_path: Path) -> None:
    async def run() -> tuple[Answer, bytes]:
        async with listening(Reply(200)) as endpoint:
            own = settings(tmp_path)
            to = recipient(
                channel=RecipientChannel.CHAT, address=SecretBox(own).encrypt(f"json://127.0.0.1:{endpoint.port}/x")
            )
            answer = await ToRecipients(own, SecretBox(own))(request(Letter([NEWS], "SO-1"), to), to)
            return answer, endpoint.received[0].body

    answer, body = asyncio.run(run())
    assert answer.result is AttemptResult.ACCEPTED
    assert b"Your shipment was delivered." in body


@pytest.mark.parametrize("stored", ["plain@example.com", ""])
def test_an_address_that_cannot_be_decrypted_is_not_now(tmp_path: Path, stored: str) -> None:
    own = settings(tmp_path)
    SecretBox(own).encrypt("x")
    to = recipient(address=stored)

    async def run() -> Answer:
        return await ToRecipients(own, SecretBox(own))(request(Letter([NEWS], "SO-1"), to), to)

    assert asyncio.run(run()).result is AttemptResult.UNAVAILABLE


def test_a_body_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    own = settings(tmp_path)
    to = recipient(address=SecretBox(own).encrypt("ann@example.com"))
    broken = msgspec.structs.replace(request(Letter([NEWS], "SO-1"), to), body="{")

    async def run() -> Answer:
        return await ToRecipients(own, SecretBox(own))(broken, to)

    assert asyncio.run(run()).result is AttemptResult.REFUSED


def test_e_mail_keeps_to_the_rate_of_its_server_and_chat_to_that_of_its_service(tmp_path: Path) -> None:
    async def run(own: Settings, port: int) -> list[Answer]:
        rates = SendingRates(rates_of([f"{HOST}=1/h", "json=1/h"]), None, lambda: NOW, lambda: 0.0)
        box = SecretBox(own)
        people = ToRecipients(own, box, rates=rates)
        ann = recipient(address=box.encrypt("ann@example.com"))
        chat = recipient(channel=RecipientChannel.CHAT, address=box.encrypt(f"json://127.0.0.1:{port}/x"))
        letter = Letter([NEWS], "SO-1")
        return [await people(request(letter, to), to) for to in (ann, ann, chat)]

    with smtp_server(Mailbox()) as mailbox, in_a_thread() as endpoint:
        own = settings(tmp_path, mail_port=mailbox.port)
        answers = asyncio.run(run(own, endpoint.port))
    assert [one.result for one in answers] == [AttemptResult.ACCEPTED, AttemptResult.LIMITED, AttemptResult.LIMITED]
    assert [one.retry_at for one in answers] == [None, NOW + 3_600_000, NOW + 3_600_000]
    assert (len(mailbox.received), len(endpoint.received)) == (1, 0)
