"""Where messages to customers are, from ``notification.outcomes.v1``: the last outcome of each."""

from __future__ import annotations

from contextlib import closing

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry
from connectors.kafka.topic_reader import Reader
from streams.contracts.outbound import OutboundOutcome
from streams.kernel.outbound_vocabulary import PENDING

NEWEST = 20_000
"""Outcomes of each partition that are read where not all are asked for."""


def last_outcomes(
    settings: Settings, customer: str | None = None, *, pending: bool = False, whole: bool = False
) -> list[OutboundOutcome]:
    """The last outcome of each message, the newest first. ``pending``: only of those that are not done with;
    ``whole``: of all the topic keeps, else of its newest. Raises Transient."""
    found: dict[str, OutboundOutcome] = {}

    def take(key: str, outcome: OutboundOutcome | None) -> None:
        if outcome is not None and customer in (None, key):
            found[outcome.message_id] = outcome

    newest = None if whole else NEWEST
    with closing(Reader(
        settings, Registry(settings), topics.NOTIFICATION_OUTCOMES, OutboundOutcome, take, newest
    )) as reader:
        reader.to_the_end()
    shown = (one for one in found.values() if not pending or one.status in PENDING)
    return sorted(shown, key=lambda one: (one.at, one.message_id), reverse=True)
