"""The HTTP client of one polled carrier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import httpx

from connectors.carrier_api.authorisation import Authoriser
from connectors.carrier_api.credentials import PolledCarrier
from connectors.carrier_api.exchange import exchange, new_client
from connectors.carrier_api.requests import request_for
from connectors.carrier_api.response import Response


class CarrierClient:
    """Sends requests to one carrier. Close it when done."""

    def __init__(
        self, polled: PolledCarrier, max_bytes: int, clock: Callable[[], int],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        plan = polled.plan
        self._plan, self._base_url, self._max_bytes = plan, polled.credentials.base_url, max_bytes
        self._client = new_client(plan.poll.concurrency, transport)
        self.authoriser = Authoriser(
            plan.poll.authorisation, plan.timeout_s, polled.credentials, self._client, clock
        )

    async def ask(
        self, numbers: Sequence[str], request_id: str, conditions: Mapping[str, str]
    ) -> tuple[Response, dict[str, str]]:
        """The response, and the authorising headers that were sent. Raises NoResponse."""
        asked = request_for(self._plan, numbers, request_id, self._base_url)
        authorised = await self.authoriser.headers()
        more = {**conditions, **authorised}
        return await exchange(self._client, asked, more, self._plan.timeout_s, self._max_bytes), authorised

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()
