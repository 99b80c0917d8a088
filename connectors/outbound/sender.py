"""Makes the attempt that a request asks for, and says how it ended."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import structlog

from connectors.outbound import metrics
from connectors.outbound.answers import Answer, unavailable
from connectors.outbound.secrets import SecretBox, Undecryptable
from connectors.outbound.sending_rates import SendingRates, host_of
from connectors.outbound.subscriptions import Subscriptions
from connectors.outbound.webhook import WebhookClient
from streams.contracts.outbound import OutboundAttempt, OutboundRequest, WebhookEndpoint
from streams.contracts.recipients import Recipient

log = structlog.get_logger(__name__)


ToPeople = Callable[[OutboundRequest, Recipient], Awaitable[Answer]]
"""Tells a recipient in words; never raises."""


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


class Sender:
    """Makes attempts with what is known of subscriptions. ``clock``: UTC ms; ``people``: tells recipients; ``rates``:
    that are kept to."""

    def __init__(
        self, subscriptions: Subscriptions, box: SecretBox, client: WebhookClient, clock: Callable[[], int] = now_ms,
        people: ToPeople | None = None, rates: SendingRates | None = None,
    ) -> None:
        self._subscriptions, self._box, self._client, self._clock = subscriptions, box, client, clock
        self._people, self._rates = people, rates

    async def attempt(self, request: OutboundRequest) -> OutboundAttempt:
        """The attempt as made; nothing that the endpoint does raises."""
        started = self._clock()
        endpoint = self._subscriptions.endpoint(request.owner, request.destination)
        if request.recipient is not None and self._people is not None:
            answer = await self._people(request, request.recipient)
        elif endpoint is None:
            answer = unavailable(f"{request.owner} has no endpoint {request.destination}")
        else:
            answer = await self._post(request, endpoint)
        ended = max(started, self._clock())
        metrics.ATTEMPTS.labels(request.destination.partition(":")[0], answer.result.value).inc()
        metrics.SECONDS.observe((ended - started) / 1000)
        return OutboundAttempt(
            request.message_id, request.destination, request.owner, request.queue, request.attempt, answer.result,
            answer.detail, started, ended, answer.code, answer.retry_at,
        )

    async def _post(self, request: OutboundRequest, endpoint: WebhookEndpoint) -> Answer:
        try:
            secrets = [self._box.decrypt(one) for one in endpoint.secrets]
        except Undecryptable as error:
            log.error("an endpoint's requests cannot be signed", endpoint=endpoint.endpoint_id, why=str(error))
            return unavailable(str(error))
        if not secrets:
            return unavailable("the endpoint has no signing secret: shipsync webhooks rotate makes one")
        if self._rates is not None and (later := await self._rates.turn(request.destination, host_of(endpoint.url))):
            return later
        return await self._client.post(endpoint.url, request.message_id, self._clock(), request.body, secrets)
