"""Who was told of alerts, from ``alert.outcomes.v1``."""

from __future__ import annotations

from contextlib import closing

import structlog

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry
from connectors.kafka.topic_reader import Reader
from streams.contracts.outbound import OutboundOutcome
from streams.kernel.errors import Transient
from streams.paging.told import ToldOn, told_on

NEWEST = 20_000
"""Outcomes of each partition that are read."""
log = structlog.get_logger(__name__)


def told_by_alert(settings: Settings) -> dict[str, list[ToldOn]]:
    """Each alert that a channel was to be told of, by its id. Empty, with a warning, where the topic cannot be read:
    alerts are shown all the same."""
    found: dict[str, list[OutboundOutcome]] = {}

    def take(_: str, outcome: OutboundOutcome | None) -> None:
        if outcome is not None:
            for alert in outcome.about:
                found.setdefault(alert, []).append(outcome)

    try:
        registry = Registry(settings)
        with closing(Reader(settings, registry, topics.ALERT_OUTCOMES, OutboundOutcome, take, NEWEST)) as reader:
            reader.to_the_end()
    except Transient as error:
        log.warning("who was told is not known", topic=topics.ALERT_OUTCOMES.name, why=str(error))
    return {alert: told_on(outcomes) for alert, outcomes in found.items()}
