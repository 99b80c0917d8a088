"""Makes the attempt that a request about alerts asks for, and says how it ended."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from connectors.outbound import metrics
from connectors.outbound.answers import Answer, unavailable
from connectors.outbound.channels import apprise_call
from connectors.outbound.channels.bodies import call_of, lines_of, subject_of
from connectors.outbound.channels.secrets import ChannelSecrets, MissingSecret
from connectors.outbound.sender import now_ms
from connectors.outbound.sending_rates import SendingRates, host_of
from connectors.outbound.webhook import WebhookClient
from streams.contracts.outbound import OutboundAttempt, OutboundRequest
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import AttemptResult
from streams.paging.channels import PREFIX, Channel, PagingPolicy, Service, destination_of
from streams.paging.wording import Announcement, decoded

BY_APPRISE = frozenset({Service.EMAIL, Service.APPRISE})


class ChannelSender:
    """Makes attempts on declared channels. ``clock``: UTC ms; ``timeout``: seconds for one attempt; ``rates``: that are
    kept to."""

    def __init__(
        self, policy: PagingPolicy, secrets: ChannelSecrets, client: WebhookClient, timeout: float,
        clock: Callable[[], int] = now_ms, rates: SendingRates | None = None,
    ) -> None:
        self._policy, self._secrets, self._client = policy, secrets, client
        self._timeout, self._clock, self._rates = timeout, clock, rates

    async def attempt(self, request: OutboundRequest) -> OutboundAttempt:
        """The attempt as made; nothing that the service does raises."""
        started = self._clock()
        name = request.destination.removeprefix(PREFIX)
        channel = self._policy.channels.get(name)
        if channel is None:
            answer = unavailable(f"no channel is named {name}")
        else:
            answer = await self._answer(channel, request)
        ended = max(started, self._clock())
        metrics.ALERT_ATTEMPTS.labels(name if channel is not None else "unknown", answer.result.value).inc()
        metrics.ALERT_SECONDS.observe((ended - started) / 1000)
        return OutboundAttempt(
            request.message_id, request.destination, request.owner, request.queue, request.attempt, answer.result,
            answer.detail, started, ended, answer.code, answer.retry_at,
        )

    async def send(self, channel: Channel, kind: str, said: Announcement, message_id: str) -> Answer:
        """Send it now. Raises MissingSecret."""
        secret = self._secrets.of(channel)
        call = None if channel.service in BY_APPRISE else call_of(channel, secret, kind, said, message_id)
        host = host_of(secret if call is None else call.url)
        if self._rates is not None and (later := await self._rates.turn(destination_of(channel.name), host)):
            return later
        if call is None:
            subject, lines = subject_of(kind, said), lines_of(kind, said)
            return await apprise_call.send(secret, subject, lines, self._clock(), self._timeout)
        return await self._client.send(call.url, call.body, call.headers)

    async def _answer(self, channel: Channel, request: OutboundRequest) -> Answer:
        try:
            said = decoded(request.body)
        except msgspec.DecodeError as error:
            return Answer(AttemptResult.REFUSED, f"the body is no announcement: {error}")
        try:
            answer = await self.send(channel, request.kind, said, request.message_id)
        except (MissingSecret, Fatal) as error:
            return unavailable(str(error))
        if answer.result is AttemptResult.GONE:
            return answer._replace(result=AttemptResult.REFUSED)
        return answer
