"""The sender of notifications: makes the attempts that ``notification.requests.v1`` asks for, and writes how each
ended to ``notification.attempts.v1``.

A request is done once its attempt is on Kafka. If the process dies before that is known, the request is made again,
with the same ``webhook-id``.
"""

from __future__ import annotations

import asyncio

from config import apps, topics
from config.settings import Settings
from connectors.kafka.registry import Registry
from connectors.outbound import metrics
from connectors.outbound.secrets import SETTING, SecretBox, Undecryptable
from connectors.outbound.sender import Sender, now_ms
from connectors.outbound.sending_rates import sending_rates
from connectors.outbound.subscriptions import Subscriptions
from connectors.outbound.webhook import WebhookClient
from streams.contracts.outbound import CustomerSubscriptions
from streams.kernel.errors import Fatal
from topologies.runtime.outbound.outbound_sender import (
    LOOK_SECONDS,
    Gauges,
    Requests,
    SenderKind,
    connections,
    run_until_told,
)
from topologies.runtime.reading.topic_cache import TopicCache
from topologies.runtime.watching.health import Health
from topologies.workers.recipients import ToRecipients

GROUP = "shipsync-notification-sender"
KIND = SenderKind(
    apps.App(apps.NOTIFICATIONS.name, GROUP, None, topics.DLQ_NOTIFICATIONS),
    topics.NOTIFICATION_REQUESTS, topics.NOTIFICATION_ATTEMPTS,
    Gauges(metrics.IN_FLIGHT, metrics.BEHIND, metrics.UNREADABLE, metrics.UNWRITTEN, metrics.READY),
)
"""Its dead letters lie beside those of the stage."""


def run(settings: Settings, health: Health | None = None) -> int:
    """Send until SIGTERM or SIGINT; the exit code. Raises Fatal or Transient where it cannot begin or go on,
    SettingsError for a wrong key."""
    run_until_told(settings, lambda: Sending(settings), health or Health())
    return 0


class Sending:
    """One sender and what it knows."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError for a key that is none."""
        self._settings = settings
        self._subscriptions, self._box = Subscriptions(), SecretBox(settings)
        self._requests = Requests(KIND, settings, connections(settings.outbound.in_flight))

    def missing(self) -> str | None:
        """Tells what keeps it from sending, in words."""
        return self._requests.missing() if self._subscriptions.ready else "subscriptions are being read"

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until told to stop. Raises Transient where the registry does not answer at the start, Fatal where no
        secret can be decrypted."""
        registry = await asyncio.to_thread(Registry, self._settings)
        known = self._subscriptions
        with TopicCache(
            self._settings, registry, topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions, known, forget=known.forget
        ):
            while not known.ready and not stopping.is_set():
                await asyncio.sleep(LOOK_SECONDS)
            if not stopping.is_set():
                self._check_key()
                await self._send(registry, stopping)

    def _check_key(self) -> None:
        """Raise Fatal where there are secrets and none can be decrypted: each attempt would be in vain."""
        stored = self._subscriptions.encrypted()
        failed: Undecryptable | None = None
        for one in stored:
            try:
                self._box.decrypt(one)
                return
            except Undecryptable as error:
                failed = error
        if failed is not None:
            raise Fatal(f"nothing can be sent: {failed} ({SETTING})")

    async def _send(self, registry: Registry, stopping: asyncio.Event) -> None:
        outbound = self._settings.outbound
        client = WebhookClient(outbound.timeout, now_ms, private=outbound.private_addresses)
        rates = sending_rates(outbound, self._settings.redis, now_ms)
        try:
            people = ToRecipients(self._settings, self._box, rates=rates)
            sender = Sender(self._subscriptions, self._box, client, people=people, rates=rates)
            await self._requests.make(sender, registry, stopping)
        finally:
            await client.close()
            await rates.close()
