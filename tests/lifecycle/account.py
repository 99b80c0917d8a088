"""Reads the topics of a run as they grow; nothing is read twice."""

from __future__ import annotations

from contextlib import ExitStack

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import Alert, BookingState, DeadLetter, FulfilmentState, ShipmentDocument
from streams.contracts.outbound import OutboundOutcome
from streams.kernel.vocabulary import OutboundStatus, PostingKind
from tests.erp.followed import Followed, T


class Account:
    """The newest of each record, by its id. Close it when done. ``outcomes``: of postings; ``letters``: what became a
    dead letter."""

    def __init__(self, settings: Settings) -> None:
        self._closing = ExitStack()
        registry, bootstrap = Registry(settings), settings.kafka.bootstrap

        def followed(topic: topics.Topic, struct: type[T]) -> Followed[T]:
            one = Followed(bootstrap, ValueCodec(topic, struct, registry))
            self._closing.callback(one.close)
            return one

        self._outcomes = followed(topics.POSTING_OUTCOMES, OutboundOutcome)
        self._deliveries = followed(topics.FULFILMENT_STATE, FulfilmentState)
        self._bookings = followed(topics.BOOKING_STATE, BookingState)
        self._documents = followed(topics.SHIPMENT_DOCUMENTS, ShipmentDocument)
        self._alerts = followed(topics.OPS_ALERTS, Alert)
        self._letters = followed(topics.DEAD_LETTERS, DeadLetter)
        self.outcomes: dict[str, OutboundOutcome] = {}
        self.deliveries: dict[str, FulfilmentState] = {}
        self.bookings: dict[str, BookingState] = {}
        self.documents: dict[str, ShipmentDocument] = {}
        self.alerts: dict[str, Alert] = {}
        self.letters: list[DeadLetter] = []
        self.records = 0

    def look(self) -> None:
        """Read what came since."""
        outcomes, deliveries, bookings = self._outcomes.news(), self._deliveries.news(), self._bookings.news()
        documents, alerts, letters = self._documents.news(), self._alerts.news(), self._letters.news()
        self.outcomes |= {one.message_id: one for one in outcomes}
        self.deliveries |= {one.delivery_id: one for one in deliveries}
        self.bookings |= {one.delivery_id: one for one in bookings}
        self.documents |= {one.source_id: one for one in documents}
        self.alerts |= {one.alert_id: one for one in alerts}
        self.letters += letters
        self.records += sum(map(len, (outcomes, deliveries, bookings, documents, alerts, letters)))

    def posted(self, kind: PostingKind) -> int:
        """How many postings of a kind the ERP took."""
        return sum(one.kind == kind and one.status is OutboundStatus.SENT for one in self.outcomes.values())

    def close(self) -> None:
        """Disconnect."""
        self._closing.close()
