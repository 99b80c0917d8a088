"""Alert signals as they lie on ``alert.signals``."""

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
        """Every signal once, in order. At least once, a successor may send a signal again, byte for byte, that a killed
        worker had sent and not noted; a signal it computed again would carry other times, and counts."""
        values = dict.fromkeys(record.value() for record in read_all(self._bootstrap, topics.ALERT_SIGNALS.name))
        return [self._codec.decode(value) for value in values]
