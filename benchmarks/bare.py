"""``python -m benchmarks.bare intake|shipments``: one of the two hops with nothing in it, the latency bench's floor.

A plain consumer and producer copy records from one topic to the next: no decoding, no state, no order. The second hop
commits each batch in a transaction with its offsets, as the shipments stage does, where the broker has them. What a
record takes through both is what the clients, the broker and this machine take without any of our code.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from config import topics
from config.settings import Settings

ASKED_SECONDS, GATHER_SECONDS, REQUEST_SECONDS = 0.25, 0.003, 30.0
FETCH_WAIT_MS, LINGER_MS, MOST = 20, 5, 10_000
WAYS = {
    "intake": (topics.raw("ups").name, topics.CARRIER_EVENTS.name),
    "shipments": (topics.CARRIER_EVENTS.name, topics.SHIPMENT_EVENTS.name),
}


def main(hop: str, transactional: bool) -> None:
    """Copy until SIGTERM."""
    settings, running = Settings(), True

    def stop(_: int, __: FrameType | None) -> None:
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    source, target = WAYS[hop]
    reader = Consumer({
        "bootstrap.servers": settings.kafka.bootstrap, "group.id": f"bare-{hop}", "enable.auto.commit": False,
        "isolation.level": "read_committed", "auto.offset.reset": "earliest", "fetch.wait.max.ms": FETCH_WAIT_MS,
        "fetch.min.bytes": settings.stage.fetch_min_bytes,
    })
    reader.subscribe([source])
    known: dict[str, str | int] = {"bootstrap.servers": settings.kafka.bootstrap, "linger.ms": LINGER_MS}
    writer = Producer({**known, "transactional.id": f"bare-{hop}"} if transactional else known)
    if transactional:
        writer.init_transactions(REQUEST_SECONDS)
    while running:
        first = reader.poll(ASKED_SECONDS)
        if first is None or first.error():
            continue
        found = [one for one in (first, *reader.consume(MOST, GATHER_SECONDS)) if not one.error()]
        if transactional:
            writer.begin_transaction()
        for one in found:
            writer.produce(target, one.value(), one.key(), headers=one.headers())
        writer.flush(REQUEST_SECONDS)
        if transactional:
            writer.send_offsets_to_transaction(_ends(found), reader.consumer_group_metadata(), REQUEST_SECONDS)
            writer.commit_transaction(REQUEST_SECONDS)
        else:
            reader.commit(offsets=_ends(found), asynchronous=True)
    reader.close()


def _ends(found: list[Message]) -> list[TopicPartition]:
    ends = {one.partition(): one for one in found}
    return [TopicPartition(str(one.topic()), number, int(one.offset() or 0) + 1) for number, one in ends.items()]


if __name__ == "__main__":
    main(sys.argv[1], "--transactional" in sys.argv[2:])
