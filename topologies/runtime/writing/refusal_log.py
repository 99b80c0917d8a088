"""Dead letters in the log: a line for the first few of a chunk, with what leads back to the record."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from config import headers
from topologies.runtime import logs
from topologies.runtime.handler import Refused

log = logging.getLogger(__name__)

MOST_LINES = 5
"""Limits the lines logged of one chunk. All refusals are counted, and all are on the dead-letter topic."""


def log_refused(refused: Sequence[Refused]) -> None:
    """Log the refused records of one chunk, by topic, partition, offset and correlation id."""
    for record, reject in refused[:MOST_LINES]:
        correlation_id = dict(record.headers).get(headers.CORRELATION_ID)
        with logs.about(
            topic=record.topic, partition=record.partition, offset=record.offset,
            correlation_id=None if correlation_id is None else correlation_id.decode("utf-8", "replace"),
        ):
            log.warning("dead letter: %s", reject)
    if len(refused) > MOST_LINES:
        log.warning("%d more dead letters in the same chunk", len(refused) - MOST_LINES)
