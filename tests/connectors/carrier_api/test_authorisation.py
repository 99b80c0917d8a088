"""How requests are authorised, and how a token is asked for."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from connectors.carrier_api.authorisation import LARGEST_TOKEN, MARGIN_MS, Authoriser
from connectors.carrier_api.response import NoResponse
from streams.polling.schedule import Answer
from tests.fakes.carrier_api import ONE_BY_ONE, WITH_TOKENS, carrier
from tests.support.answers import streamed
from tests.support.clock import FakeClock

IN_BODY = WITH_TOKENS.replace("scope: tracking}", "client_in: body}")
BASIC = ONE_BY_ONE.replace("{kind: header, header: Api-Key}", "{kind: basic}")
TOKEN = {"access_token": "t-1", "expires_in": 600}


class Endpoint:
    """Hands out tokens, or what it is told to answer."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.asked: list[httpx.Request] = []
        self._answers = list(answers) or [httpx.Response(200, json=TOKEN)]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return streamed(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])


def headers(home: Path, how: str, endpoint: Endpoint, times: int = 1) -> list[str]:
    """The Authorization of so many requests at once."""

    async def main() -> list[str]:
        one = carrier(home, "https://api.sandbox.example", how)
        async with httpx.AsyncClient(transport=httpx.MockTransport(endpoint)) as client:
            authoriser = Authoriser(
                one.plan.poll.authorisation, one.plan.timeout_s, one.credentials, client, lambda: 0
            )
            found = await asyncio.gather(*(authoriser.headers() for _ in range(times)))
            return [told.get("Authorization", "") for told in found]

    return asyncio.run(main())


def test_one_token_serves_all_who_ask_at_once(tmp_path: Path) -> None:
    endpoint = Endpoint()
    assert headers(tmp_path, WITH_TOKENS, endpoint, times=5) == ["Bearer t-1"] * 5
    [asked] = endpoint.asked
    assert str(asked.url) == "https://api.sandbox.example/token"
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"we:hush").decode()
    assert parse_qs(asked.content.decode()) == {"grant_type": ["client_credentials"], "scope": ["tracking"]}


def test_the_client_may_be_named_in_the_body(tmp_path: Path) -> None:
    endpoint = Endpoint()
    headers(tmp_path, IN_BODY, endpoint)
    [asked] = endpoint.asked
    assert "authorization" not in asked.headers
    form = parse_qs(asked.content.decode())
    assert (form["client_id"], form["client_secret"]) == (["we"], ["hush"])


def test_a_key_goes_in_its_header_without_a_token(tmp_path: Path) -> None:
    endpoint = Endpoint()
    assert headers(tmp_path, ONE_BY_ONE, endpoint) == [""]
    assert endpoint.asked == []


def test_basic_is_user_and_password(tmp_path: Path) -> None:
    assert headers(tmp_path, BASIC, Endpoint()) == ["Basic " + base64.b64encode(b"us:pass").decode()]


def test_a_token_is_renewed_shortly_before_it_expires(tmp_path: Path) -> None:
    endpoint, clock = Endpoint(), FakeClock(0)

    async def main() -> None:
        one = carrier(tmp_path, "https://api.sandbox.example", WITH_TOKENS)
        async with httpx.AsyncClient(transport=httpx.MockTransport(endpoint)) as client:
            authoriser = Authoriser(
                one.plan.poll.authorisation, one.plan.timeout_s, one.credentials, client, lambda: int(clock())
            )
            await authoriser.headers()
            clock.advance(600_000 - MARGIN_MS - 1)
            await authoriser.headers()
            assert len(endpoint.asked) == 1
            clock.advance(1)
            await authoriser.headers()
            assert len(endpoint.asked) == 2

    asyncio.run(main())


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        (httpx.Response(401), Answer.UNAUTHORISED),
        (httpx.Response(400, json={"error": "invalid_client"}), Answer.UNAUTHORISED),
        (httpx.Response(429, headers={"Retry-After": "7"}), Answer.RATE_LIMITED),
        (httpx.Response(500), Answer.UNAVAILABLE),
        (httpx.Response(200, content=b"<html>"), Answer.UNAVAILABLE),
        (httpx.Response(200, json={"token": "?"}), Answer.UNAVAILABLE),
        (httpx.Response(200, content=b'"\xff"'), Answer.UNAVAILABLE),
        (httpx.Response(200, content=b'{"access_token": "' + b"a" * LARGEST_TOKEN + b'"}'), Answer.UNAVAILABLE),
    ],
)
def test_without_a_token_it_is_said_why(tmp_path: Path, answer: httpx.Response, means: Answer) -> None:
    with pytest.raises(NoResponse) as caught:
        headers(tmp_path, WITH_TOKENS, Endpoint(answer))
    assert caught.value.answer is means
    assert caught.value.not_before == (7000 if means is Answer.RATE_LIMITED else 0)
    assert "hush" not in str(caught.value)
