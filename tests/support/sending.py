"""Writes records of a test to a broker that may be slow."""

from __future__ import annotations

from collections.abc import Iterable

from config.settings import Settings
from connectors.kafka.producer import Record, deliver, producer
from tests.support.waiting import PATIENCE


def write(settings: Settings, records: Iterable[Record]) -> None:
    """Return once all are acknowledged; on a busy machine that may take minutes."""
    deliver(producer(settings, ack_seconds=PATIENCE), records, PATIENCE)
