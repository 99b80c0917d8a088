"""What stages say of alerts on ``alert.signals``."""

from __future__ import annotations

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import AlertSignal
from tests.support.topics import read_all


class Signals:
    """Reads the topic from its beginning."""

    def __init__(self, settings: Settings) -> None:
        self._bootstrap = settings.kafka.bootstrap
        self._codec = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, Registry(settings))

    def said(self) -> list[AlertSignal]:
        """Every signal once, in order. What is delivered at least once may come again, byte for byte, after a worker's
        death; a successor that had forgotten something would say it anew with other times."""
        values = dict.fromkeys(record.value() for record in read_all(self._bootstrap, topics.ALERT_SIGNALS.name))
        return [self._codec.decode(value) for value in values]
