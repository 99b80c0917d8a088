"""The sender of bookings: asks carriers what ``carrier.bookings.v1`` says, and writes what they answer at once to
``booking.answers.v1``, and EDI that is to be acknowledged to ``edi.interchanges.v1``.

A request is done once its answer is on Kafka. If the process dies before that, the request is made again, under the
same idempotency key or control number.
"""

from __future__ import annotations

import asyncio

from config import apps, topics
from config.settings import Settings
from connectors.bookings import declared, metrics
from connectors.bookings.sender import BookingSender
from connectors.kafka.log_writer import KafkaWriter, NotWritten
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import BookingAnswer, BookingRequest, Interchange
from topologies.runtime.outbound.outbound_sender import (
    ACK_SECONDS,
    REST_SECONDS,
    Gauges,
    Requests,
    SenderKind,
    run_until_told,
)
from topologies.runtime.watching.health import Health

GROUP = "shipsync-booking-sender"
KIND = SenderKind(
    apps.App(apps.BOOKINGS.name, GROUP, None, topics.DLQ_BOOKINGS), topics.CARRIER_BOOKINGS,
    topics.BOOKING_ANSWERS,
    Gauges(metrics.IN_FLIGHT, metrics.BEHIND, metrics.UNREADABLE, metrics.UNWRITTEN, metrics.READY),
    BookingRequest, BookingAnswer,
)
"""Its dead letters lie beside those of the stage."""
MOST_IN_HAND = 100


def run(settings: Settings, health: Health | None = None) -> int:
    """Ask until SIGTERM or SIGINT; the exit code. Raises Fatal for a faulty file of rules or a missing secret, and, as
    Transient, where it cannot go on."""
    run_until_told(settings, lambda: Booking(settings), health or Health())
    return 0


class Booking:
    """One sender and the carriers it asks."""

    def __init__(self, settings: Settings) -> None:
        """Raises Fatal for a faulty file of rules."""
        self._settings = settings
        self._partners = declared.load(settings.bookings.file).partners
        self._requests = Requests(KIND, settings, MOST_IN_HAND)

    def missing(self) -> str | None:
        """Tells what keeps it from sending, in words."""
        return self._requests.missing()

    async def run(self, stopping: asyncio.Event) -> None:
        """Ask until told to stop. Raises Transient where the registry does not answer at the start, Fatal for a missing
        secret."""
        registry = await asyncio.to_thread(Registry, self._settings)
        writer = KafkaWriter(self._settings, ACK_SECONDS)
        try:
            codec = await asyncio.to_thread(ValueCodec, topics.EDI_INTERCHANGES, Interchange, registry)

            async def tell(one: Interchange) -> None:
                record = Record(topics.EDI_INTERCHANGES.name, one.feed.encode(), codec.encode(one))
                while True:
                    try:
                        await writer.write(record)
                        return
                    except NotWritten:
                        await asyncio.sleep(REST_SECONDS)

            sender = BookingSender(self._partners, self._settings.drop.dir, tell)
            try:
                await self._requests.make(sender, registry, stopping)
            finally:
                await sender.close()
        finally:
            await asyncio.to_thread(writer.close)
