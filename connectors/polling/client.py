"""The HTTP client of one carrier, with limits; every httpx error becomes a NoResponse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import httpx

from connectors.carrier_api.authorisation import Authoriser
from connectors.carrier_api.bodies import ACCEPTED, body_of
from connectors.carrier_api.credentials import PolledCarrier
from connectors.carrier_api.requests import Request, request_for
from connectors.carrier_api.response import NoResponse, Response
from streams.polling.schedule import Answer

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 60.0
USER_AGENT = "shipsync"


class CarrierClient:
    """Sends requests to one carrier. Close it when done."""

    def __init__(
        self, polled: PolledCarrier, max_bytes: int, clock: Callable[[], int],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        plan = polled.plan
        most = plan.poll.concurrency
        self._plan, self._base_url, self._max_bytes = plan, polled.credentials.base_url, max_bytes
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(plan.timeout_s, connect=min(CONNECT_SECONDS, plan.timeout_s)),
            limits=httpx.Limits(
                max_connections=most, max_keepalive_connections=most, keepalive_expiry=IDLE_SECONDS
            ),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED}, follow_redirects=False,
            transport=transport,
        )
        self.authoriser = Authoriser(
            plan.poll.authorisation, plan.timeout_s, polled.credentials, self._client, clock
        )

    async def ask(
        self, numbers: Sequence[str], request_id: str, conditions: Mapping[str, str]
    ) -> tuple[Response, dict[str, str]]:
        """The response, and the authorising headers that were sent. Raises NoResponse."""
        asked = request_for(self._plan, numbers, request_id, self._base_url)
        authorised = await self.authoriser.headers()
        try:
            async with asyncio.timeout(self._plan.timeout_s), self._send(asked, authorised, conditions) as response:
                body = await body_of(response, self._max_bytes)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise NoResponse(Answer.UNAVAILABLE, f"no whole answer within {self._plan.timeout_s:g} s") from error
        except httpx.RemoteProtocolError as error:
            raise NoResponse(Answer.TRUNCATED, f"an answer cut short: {error}") from error
        except httpx.HTTPError as error:
            raise NoResponse(Answer.UNAVAILABLE, f"{type(error).__name__}: {error}") from error
        return Response(response.status_code, dict(response.headers.items()), body), authorised

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()

    def _send(
        self, asked: Request, authorised: Mapping[str, str], conditions: Mapping[str, str]
    ) -> AbstractAsyncContextManager[httpx.Response]:
        headers = {**asked.headers, **conditions, **authorised}
        return self._client.stream(asked.method, asked.url, headers=headers, content=asked.body)
