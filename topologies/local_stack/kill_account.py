"""The account of all records of an embedded stack, by which a kill is judged: what went in, and what came of it.

Plain entries, and one reader that makes them. Everything is kept by id, so what is sent again changes nothing but the
count of repeats.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import msgspec
from confluent_kafka import Message

from config import headers, topics
from config.settings import Settings
from config.topics import Topic
from connectors.embedded.stage_kill import KillCheck
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import CarrierEvent, CustomerUpdate, EnrichedEvent, ErpPosting
from streams.kernel.vocabulary import Correction, PostingKind

T = TypeVar("T", bound=msgspec.Struct)
GROUP = "shipsync-stage-kill"
MOST_EXAMPLES = 3


class Place(NamedTuple):
    """A record's place on Kafka."""

    topic: str
    partition: int
    offset: int


class Account:
    """Events in, and history, postings and updates out."""

    def __init__(self) -> None:
        self._taken: dict[str, Place] = {}
        self._history: set[str] = set()
        self._refused: set[Place] = set()
        self._posted: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._told: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._facts: dict[str, tuple[str, ...]] = {}
        self._updates: set[tuple[str, str]] = set()
        self.repeated = 0
        self.entries = 0

    def event(self, event_id: str, place: Place) -> None:
        """A record of ``carrier.events``. Carriers repeat themselves: the place of the first counts."""
        self._taken.setdefault(event_id, place)

    def refused(self, place: Place) -> None:
        """A dead letter of the shipments stage, by the place of its record."""
        self._refused.add(place)

    def history(self, event_id: str) -> None:
        """A record of ``shipment.events``."""
        self.repeated += event_id in self._history
        self._history.add(event_id)

    def posting(self, one: ErpPosting) -> None:
        """A record of ``erp.postings``; a reversed posting stands no more."""
        if one.reverses is not None:
            if one.reverses in self._facts:
                self._posted[self._facts[one.reverses]].discard(one.reverses)
            return
        attempt = one.event_id if one.kind is PostingKind.DELIVERY_ATTEMPT else ""
        fact = (one.kind.value, one.delivery_id, f"{one.carrier}:{one.tracking_number}", one.piece or "", attempt)
        self.repeated += one.posting_id in self._facts
        self._facts[one.posting_id] = fact
        self._posted[fact].add(one.posting_id)

    def update(self, one: CustomerUpdate) -> None:
        """A record of ``customer.updates``; the last of an id counts."""
        what = (one.order_id, f"{one.carrier}:{one.tracking_number}", one.milestone.value, one.event_id)
        if one.correction is Correction.NEW:
            self.repeated += (one.update_id, one.event_id) in self._updates
            self._updates.add((one.update_id, one.event_id))
        for ids in self._told.values() if one.correction is not Correction.NEW else ():
            ids.discard(one.update_id)
        if one.correction is not Correction.RETRACTS:
            self._told[what].add(one.update_id)

    @property
    def missing(self) -> list[str]:
        """Events that neither are in the history nor were refused, by id."""
        return [
            one for one, place in self._taken.items() if one not in self._history and place not in self._refused
        ]

    def check(self) -> KillCheck:
        """The count of the entries."""
        lost = self.missing
        posted = [fact for fact, ids in self._posted.items() if len(ids) > 1]
        told = [what for what, ids in self._told.items() if len(ids) > 1]
        refused = sum(one not in self._history and place in self._refused for one, place in self._taken.items())
        wrong = [f"event {one} is lost" for one in lost] + [
            f"{' '.join(one)}: {count} times" for found in (posted, told)
            for one in found for count in [len((self._posted if found is posted else self._told)[one])]
        ]
        return KillCheck(
            len(self._taken), len(self._taken) - len(lost) - refused, refused, len(lost),
            sum(map(len, self._posted.values())), len(posted), sum(map(len, self._told.values())), len(told),
            self.repeated, wrong[:MOST_EXAMPLES],
        )


class AccountReader:
    """Reads the topics from their beginning into an account. Raises Transient where broker or registry is away."""

    def __init__(self, settings: Settings) -> None:
        self.account = Account()
        registry, account = Registry(settings), self.account

        def decoded(topic: Topic, struct: type[T], enter: Callable[[T], Any]) -> Callable[[Message], None]:
            codec = ValueCodec(topic, struct, registry)
            return lambda message: enter(codec.decode(message.value()))

        events = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, registry)

        def event(message: Message) -> None:
            account.event(events.decode(message.value()).event_id, _place(message))

        self._entries = {
            topics.CARRIER_EVENTS.name: event,
            topics.SHIPMENT_EVENTS.name: decoded(topics.SHIPMENT_EVENTS, EnrichedEvent, self._history),
            topics.ERP_POSTINGS.name: decoded(topics.ERP_POSTINGS, ErpPosting, account.posting),
            topics.CUSTOMER_UPDATES.name: decoded(topics.CUSTOMER_UPDATES, CustomerUpdate, account.update),
            topics.DLQ_SHIPMENTS.name: self._refused,
        }
        self._reader = PartitionReader(settings, GROUP)
        try:
            self._reader.assign_whole(list(self._entries))
        except BaseException:
            self._reader.close()
            raise

    def _history(self, one: EnrichedEvent) -> None:
        if isinstance(one.event, CarrierEvent):
            self.account.history(one.event.event_id)

    def _refused(self, message: Message) -> None:
        told = {name: value.decode() for name, value in message.headers() or [] if isinstance(value, bytes)}
        self.account.refused(Place(
            told.get(headers.ERROR_TOPIC, ""), int(told.get(headers.ERROR_PARTITION) or -1),
            int(told.get(headers.ERROR_OFFSET) or -1),
        ))

    def read(self, seconds: float) -> bool:
        """Enter what came within ``seconds``; whether anything did."""
        records = self._reader.read(seconds)
        for message in records:
            self._entries[str(message.topic())](message)
        return bool(records)

    @property
    def at_end(self) -> bool:
        """Whether every topic was read to its end once."""
        return self._reader.at_end

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()


def _place(message: Message) -> Place:
    return Place(str(message.topic()), int(message.partition() or 0), int(message.offset() or 0))
