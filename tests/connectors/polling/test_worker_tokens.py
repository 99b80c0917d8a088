"""A poller against an API with credentials: tokens it fetches and renews, and a refusal of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streams.resilience.circuit_breaker import CircuitState
from tests.fakes.carrier_api import ONE_BY_ONE, WITH_TOKENS, CarrierApi, Reply, body, error, scans
from tests.support.polling_scene import HOUR, SECOND, Scene


def test_a_token_is_fetched_once_and_used_until_it_is_about_to_expire(
    play: Callable[..., None], api: CarrierApi
) -> None:
    api.otherwise = Reply(body(scans("X9", "TRANSIT")))
    api.token_seconds = "7260"

    async def act(scene: Scene) -> None:
        scene.watch("A1", "B2")
        await scene.send_due()
        assert api.tokens_given == 1
        assert {asked.headers["authorization"] for asked in api.asked} == {"Bearer token-1"}
        await scene.send_due(2 * HOUR)
        assert api.tokens_given == 2

    play(act, WITH_TOKENS)


def test_a_token_that_is_refused_is_renewed_once_and_the_question_put_again(
    play: Callable[..., None], api: CarrierApi
) -> None:
    api.otherwise = Reply(body(scans("X9", "TRANSIT")))

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        api.token_in_force = "withdrawn"
        await scene.send_due(2 * HOUR)
        assert api.tokens_given == 2
        assert scene.book["A1"].asked == 2
        assert scene.book["A1"].failures == 0
        assert scene.poller.circuit.state is CircuitState.CLOSED

    play(act, WITH_TOKENS)


@pytest.mark.parametrize("how", [ONE_BY_ONE, WITH_TOKENS])
@pytest.mark.parametrize("refusal", [Reply(b"", 403), Reply(error("AUTH", "who are you?"))])
def test_credentials_that_are_refused_open_the_circuit_at_once(
    play: Callable[..., None], api: CarrierApi, how: str, refusal: Reply
) -> None:
    api.otherwise = refusal

    async def act(scene: Scene) -> None:
        scene.watch("A1", "B2", "C3")
        assert await scene.send_due() == 30 * SECOND
        assert len(api.asked) == (2 if how == WITH_TOKENS else 1)
        assert scene.poller.circuit.reason.startswith("unauthorised")
        assert scene.publisher.forwarded == []

    play(act, how)


def test_a_token_endpoint_that_refuses_us_opens_the_circuit_without_a_question(
    play: Callable[..., None], api: CarrierApi
) -> None:
    api.token_replies = [Reply(b'{"error": "invalid_client"}', 401)]

    async def act(scene: Scene) -> None:
        scene.watch("A1")
        await scene.send_due()
        assert api.asked == []
        assert scene.poller.circuit.reason == "unauthorised: the token endpoint answers 401"

    play(act, WITH_TOKENS)
