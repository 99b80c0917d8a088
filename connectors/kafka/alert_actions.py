"""Writes a person's action on an alert to ``alert.actions.v1``."""

from __future__ import annotations

from config import topics
from config.settings import Settings
from connectors.kafka.action_audits import of_alert
from connectors.kafka.person_actions import REGISTRY_SECONDS, Act, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.audit import Actor
from streams.contracts.model import AlertAction


def act(settings: Settings, action: AlertAction, actor: Actor) -> None:
    """Record the action, write it and wait for the broker's acknowledgement. Raises Transient if broker or registry
    does not answer."""
    registry = Registry(settings, patience=REGISTRY_SECONDS)
    value = ValueCodec(topics.ALERT_ACTIONS, AlertAction, registry).encode(action)
    record = Record(topics.ALERT_ACTIONS.name, action.alert_id.encode(), value)
    take(settings, [Act(of_alert(actor, action), [record])], registry)
