"""Sends one request to a carrier's API; the answer is whole, bounded and in time, or a NoResponse says why not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx

from connectors.carrier_api.bodies import ACCEPTED, body_of
from connectors.carrier_api.requests import Request
from connectors.carrier_api.response import NoResponse, Response
from streams.polling.schedule import Answer

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 60.0
USER_AGENT = "shipsync"


def new_client(
    connections: int, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client that keeps up to so many connections, follows no redirects and verifies TLS."""
    return httpx.AsyncClient(
        limits=httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=IDLE_SECONDS
        ),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED}, follow_redirects=False, transport=transport,
    )


async def exchange(
    client: httpx.AsyncClient, asked: Request, more: Mapping[str, str], timeout_s: float, most_bytes: int
) -> Response:
    """The response to a request with these headers besides. ``timeout_s``: for the whole answer, which has at most
    ``most_bytes`` as sent and as expanded. Raises NoResponse."""
    timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_SECONDS, timeout_s))
    headers = {**asked.headers, **more}
    try:
        async with (
            asyncio.timeout(timeout_s),
            client.stream(asked.method, asked.url, headers=headers, content=asked.body, timeout=timeout) as response,
        ):
            body = await body_of(response, most_bytes)
    except (httpx.TimeoutException, TimeoutError) as error:
        raise NoResponse(Answer.UNAVAILABLE, f"no whole answer within {timeout_s:g} s") from error
    except httpx.RemoteProtocolError as error:
        raise NoResponse(Answer.TRUNCATED, f"an answer cut short: {error}") from error
    except httpx.HTTPError as error:
        raise NoResponse(Answer.UNAVAILABLE, f"{type(error).__name__}: {error}") from error
    return Response(response.status_code, dict(response.headers.items()), body)
