"""Writes a person's action on an alert to ``alert.actions.v1``."""

from __future__ import annotations

from config import topics
from config.settings import Settings
from connectors.kafka.producer import Record, deliver, producer
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import AlertAction
from streams.kernel.errors import Transient

ACK_SECONDS = 10.0
REGISTRY_SECONDS = 2.0


def act(settings: Settings, action: AlertAction) -> None:
    """Write the action and wait for the broker's acknowledgement. Raises Transient if broker or registry does not
    answer."""
    value = ValueCodec(topics.ALERT_ACTIONS, AlertAction, Registry(settings, patience=REGISTRY_SECONDS)).encode(action)
    try:
        deliver(
            producer(settings, ack_seconds=ACK_SECONDS),
            [Record(topics.ALERT_ACTIONS.name, action.alert_id.encode(), value)], ACK_SECONDS + 1,
        )
    except Transient as error:
        raise Transient(f"the action was not taken: {error}") from error
