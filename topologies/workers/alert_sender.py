"""The alert sender: makes the attempts that ``alert.requests.v1`` asks for, and writes how each ended to
``alert.attempts.v1``.

A process and a group of its own, so that nothing sent to customers or the ERP holds up an alert. A request that is made
again goes out under the same key.
"""

from __future__ import annotations

import asyncio

from config import apps, topics
from config.settings import Settings
from connectors.kafka.registry import Registry
from connectors.outbound import metrics
from connectors.outbound.channels.secrets import ChannelSecrets
from connectors.outbound.channels.sender import ChannelSender
from connectors.outbound.sender import now_ms
from connectors.outbound.sending_rates import sending_rates
from connectors.outbound.webhook import WebhookClient
from streams.paging.channels import PagingPolicy
from topologies.runtime.outbound.outbound_sender import Gauges, Requests, SenderKind, run_until_told
from topologies.runtime.watching.health import Health

GROUP = "shipsync-alert-sender"
KIND = SenderKind(
    apps.App(apps.PAGING.name, GROUP, None, topics.DLQ_PAGING), topics.ALERT_REQUESTS, topics.ALERT_ATTEMPTS,
    Gauges(
        metrics.ALERT_IN_FLIGHT, metrics.ALERT_BEHIND, metrics.ALERT_UNREADABLE, metrics.ALERT_UNWRITTEN,
        metrics.ALERT_READY,
    ),
)
"""The sender's dead letters lie beside those of the stage."""
AT_ONCE = 32
"""Requests under way at once; a channel has 8 at most."""


def run(settings: Settings, policy: PagingPolicy, health: Health | None = None) -> int:
    """Send until SIGTERM or SIGINT; the exit code. Raises Fatal for channels whose address is not set, Transient where
    Kafka or the registry does not answer."""
    secrets = ChannelSecrets(settings)
    if not settings.outbound.dry_run:
        secrets.check(policy)
    run_until_told(settings, lambda: Sending(settings, policy, secrets), health or Health())
    return 0


class Sending:
    """One sender and its channels."""

    def __init__(self, settings: Settings, policy: PagingPolicy, secrets: ChannelSecrets) -> None:
        self._settings, self._policy, self._secrets = settings, policy, secrets
        self._requests = Requests(KIND, settings, AT_ONCE)

    def missing(self) -> str | None:
        """Tells what keeps it from sending, in words."""
        return self._requests.missing()

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until told to stop. Raises Transient where the registry does not answer at the start."""
        registry = await asyncio.to_thread(Registry, self._settings)
        outbound = self._settings.outbound
        client = WebhookClient(outbound.timeout, now_ms, private=True)
        rates = sending_rates(outbound, self._settings.redis, now_ms)
        sender = ChannelSender(self._policy, self._secrets, client, outbound.timeout, rates=rates)
        try:
            await self._requests.make(sender, registry, stopping)
        finally:
            await client.close()
            await rates.close()
