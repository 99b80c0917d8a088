"""The services that the API's endpoints share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from config.settings import Settings
from connectors.gateway.rates import Rates
from connectors.kafka.stored_record import StoredRecord
from connectors.outbound.recipient_book import Change, OnKafka, RecipientBook
from connectors.read_store.reader import ReadStore
from portal.api.clients import Client, clients_of
from portal.live.changes import Changes
from portal.tracking.documents import Documents
from portal.views.freshness import View
from streams.contracts.audit import Actor
from streams.contracts.bookings import BookingDecision
from streams.contracts.outbound import CustomerSubscriptions
from streams.contracts.recipients import PastMessage
from streams.kernel.vocabulary import FulfilmentAction


class SubscriptionTopic(Protocol):
    """Reads and writes who is told in words. Each raises Transient where Kafka does not answer, Fatal for what cannot
    be."""

    def known(self) -> Mapping[str, CustomerSubscriptions]:
        """Subscriptions by customer."""

    def book(self, by: str) -> RecipientBook:
        """The recipients as they are now, and who changes them."""

    def write(self, change: Change, done: str, actor: Actor) -> None:
        """Records and writes a change."""

    def send_again(self, message_id: str, customer: str | None, actor: Actor) -> PastMessage:
        """Sends a message again."""


class DeliveryDecisions(Protocol):
    """Takes decisions about deliveries that wait to be confirmed, and about bookings."""

    def decide_delivery(
        self, delivery_id: str, action: FulfilmentAction, actor: Actor, now: int, reason: str
    ) -> None:
        """Returns once the decision and its audit are kept. Raises Transient where Kafka does not answer, Fatal for
        what cannot be. ``now``: UTC ms."""

    def decide_booking(self, wanted: BookingDecision, actor: Actor) -> BookingDecision:
        """Returns the decision that is kept with its audit: this one, or the earlier one with its key. Raises as
        :meth:`decide_delivery`."""


class RawReader(Protocol):
    """Reads one record by its place."""

    def read(self, topic: str, partition: int, offset: int) -> StoredRecord | None:
        """The record; None once it is gone. Raises Transient where no broker answers."""

    def close(self) -> None:
        """Disconnects."""


@dataclass
class PortalServices:
    """The API's services. ``now``: UTC seconds; ``clock``: seconds, monotonic; ``told``: who is told in words, None for
    what Kafka has; ``decisions``: None where none are taken; ``documents``: None where none can be linked to. Raises
    SettingsError for clients that are declared wrongly.

    Rates are counted in this process alone: of two portals each grants the whole rate.
    """

    settings: Settings
    store: ReadStore
    raw: RawReader
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    told: SubscriptionTopic | None = None
    decisions: DeliveryDecisions | None = None
    documents: Documents | None = None
    clients: tuple[Client, ...] = field(init=False)
    subscriptions: SubscriptionTopic = field(init=False)
    view: View = field(init=False)
    rates: Rates = field(init=False)
    unproven: Rates = field(init=False)
    changes: Changes = field(init=False)
    turn: threading.Lock = field(init=False, default_factory=threading.Lock)
    """Held to take from a rate: requests are admitted in several threads."""

    def __post_init__(self) -> None:
        self.subscriptions = self.told or OnKafka(self.settings)
        self.clients = clients_of(self.settings.portal.clients)
        self.view = View(self.store, self.now)
        self.rates = Rates(self.settings.portal.rate, self.clock)
        self.unproven = Rates(self.settings.portal.unproven_rate, self.clock)
        self.changes = Changes(self.store)
