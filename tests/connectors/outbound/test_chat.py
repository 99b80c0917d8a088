"""Text to a chat service, through apprise, to a server of this machine."""

from __future__ import annotations

import asyncio
import json

from connectors.outbound.answers import Answer
from connectors.outbound.chat import ChatClient
from connectors.outbound.recipients import HOSTED, PRIVATE
from streams.kernel.outbound_vocabulary import AttemptResult
from tests.fakes.webhook_endpoint import Endpoint, Reply, listening
from tests.support.waiting import PATIENCE


def sent(*replies: Reply, schemes: frozenset[str] = HOSTED | PRIVATE) -> tuple[Answer, Endpoint]:
    async def run() -> tuple[Answer, Endpoint]:
        async with listening(*replies) as endpoint:
            client = ChatClient(PATIENCE, schemes)
            url = f"json://127.0.0.1:{endpoint.port}/hook"
            return await client.send(url, "Order SO-1: delivered", "Your shipment <b> was delivered.\n"), endpoint

    return asyncio.run(run())


def test_the_text_arrives_as_it_is() -> None:
    answer, endpoint = sent(Reply(200))
    assert answer.result is AttemptResult.ACCEPTED
    body = json.loads(endpoint.received[0].body)
    assert (body["title"], body["message"]) == ("Order SO-1: delivered", "Your shipment <b> was delivered.")


def test_a_service_that_does_not_take_it_is_asked_again_later() -> None:
    answer, _ = sent(Reply(500))
    assert answer == Answer(AttemptResult.UNAVAILABLE, "the service did not take the message")


def test_a_service_that_is_not_allowed_gets_nothing() -> None:
    answer, endpoint = sent(Reply(200), schemes=HOSTED)
    assert (answer.result, endpoint.received) == (AttemptResult.REFUSED, [])
