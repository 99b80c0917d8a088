"""The alerts on ``ops.alerts.v1``: the newest record of each alert id counts."""

from __future__ import annotations

import time
from collections.abc import Iterable

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry
from connectors.kafka.topic_reader import Reader
from streams.alerts.routing import SEVERITIES
from streams.contracts.model import Alert
from streams.kernel.alert_vocabulary import OPEN
from streams.kernel.vocabulary import AlertState

REGISTRY_SECONDS = 2.0
ANSWER_SECONDS = 3.0
POLL_SECONDS = 0.1


class AlertBoard:
    """Reads the topic from its beginning, then whatever is added. Close it when done."""

    def __init__(self, settings: Settings) -> None:
        """Raises Transient where broker, topic or registry does not answer."""
        registry = Registry(settings, patience=REGISTRY_SECONDS)
        self.alerts: dict[str, Alert] = {}
        """Every alert there is, by id."""
        self._reader = Reader(
            settings, registry, topics.OPS_ALERTS, Alert, self._enter, group="shipsync-status",
            answer_seconds=ANSWER_SECONDS,
        )

    def update(self, seconds: float) -> list[Alert]:
        """Read on, at first to the end but no longer than ``seconds``; the open alerts, the most pressing first.

        Raises Transient where the broker does not answer. A value that breaks its contract is skipped.
        """
        deadline = time.monotonic() + seconds
        self._reader.more(POLL_SECONDS)
        self._reader.to_the_end(lambda: time.monotonic() >= deadline)
        return work_list(self.alerts.values())

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()

    def _enter(self, alert_id: str, alert: Alert | None) -> None:
        if alert is None:
            self.alerts.pop(alert_id, None)
        else:
            self.alerts[alert_id] = alert

    def found(self, prefix: str) -> list[Alert]:
        """The alerts whose id begins so."""
        return [self.alerts[name] for name in sorted(self.alerts) if name.startswith(prefix)]


def work_list(alerts: Iterable[Alert]) -> list[Alert]:
    """The open ones: what calls for attention before what was put off, by severity, value at stake and age."""
    return sorted((one for one in alerts if one.state in OPEN), key=_pressing)


def _pressing(alert: Alert) -> tuple[bool, int, float, int, str]:
    value = max((one.amount for one in alert.at_stake), default=0.0)
    put_off = alert.state is AlertState.SNOOZED
    return put_off, -SEVERITIES.index(alert.severity), -value, alert.raised_at, alert.alert_id
