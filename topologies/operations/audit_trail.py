"""The actions on ``audit.actions.v1``, the newest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry
from connectors.kafka.topic_reader import each
from streams.contracts.model import AuditAction


class Asked(NamedTuple):
    """Which actions; None: all. ``who``: a part of the name; ``subject``: what they are about, or name as a value;
    ``since``: then or later, UTC ms."""

    who: str | None = None
    subject: str | None = None
    action: str | None = None
    since: int | None = None


def actions(settings: Settings, asked: Asked) -> list[AuditAction]:
    """The last record of each action that fits. Raises Transient without Kafka."""
    found: dict[str, AuditAction] = {}

    def take(_: str, action: AuditAction | None) -> None:
        if action is not None:
            found[action.action_id] = action

    each(settings, Registry(settings), topics.AUDIT_ACTIONS, AuditAction, take)
    return fitting(found.values(), asked)


def fitting(found: Iterable[AuditAction], asked: Asked) -> list[AuditAction]:
    """Those that fit, the newest first."""
    return sorted((one for one in found if _fits(one, asked)), key=lambda one: (-one.at, one.action_id))


def _fits(one: AuditAction, asked: Asked) -> bool:
    about = {one.subject, *(detail.value for detail in one.details)}
    return (
        (asked.who is None or asked.who.lower() in one.who.lower())
        and (asked.subject is None or asked.subject in about)
        and asked.action in (None, one.action)
        and (asked.since is None or one.at >= asked.since)
    )
