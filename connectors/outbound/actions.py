"""Writes what recipients themselves want to ``notification.actions.v1``."""

from __future__ import annotations

from config import topics
from config.settings import Settings
from connectors.kafka.producer import Record, deliver, producer
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.recipients import NotificationAction

ACK_SECONDS = 5.0
REGISTRY_SECONDS = 2.0


class ActionWriter:
    """Writes one action at a time; connects to nothing before the first."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, action: NotificationAction) -> None:
        """Return once the broker has it. Raises Transient."""
        registry = Registry(self._settings, patience=REGISTRY_SECONDS)
        value = ValueCodec(topics.NOTIFICATION_ACTIONS, NotificationAction, registry).encode(action)
        record = Record(topics.NOTIFICATION_ACTIONS.name, action.customer_id.encode(), value)
        deliver(producer(self._settings, ack_seconds=ACK_SECONDS), [record], ACK_SECONDS + 1)
