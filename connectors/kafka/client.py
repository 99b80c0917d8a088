"""The logger of every Kafka client, and the error for a broker that does not answer."""

from __future__ import annotations

import logging

from confluent_kafka import KafkaException

from streams.kernel.errors import Transient

client_log = logging.getLogger("confluent_kafka")


def no_broker(bootstrap: str, error: KafkaException) -> Transient:
    """The error of a request that no broker answered; its text says what to do."""
    return Transient(
        f"no broker answers at {bootstrap} ({error.args[0].str()}):"
        " start one with shipsync up, or set SHIPSYNC_BOOTSTRAP"
    )
