"""The effect of a fault: the day's outcome compared with what the pure step makes of the same day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from msgspec.msgpack import encode

from config import topics
from config.settings import Processing, Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import DeliveryMilestone, EnrichedEvent
from tests.day.outcome import Outcome
from tests.support.topics import read_all


class Verdict(NamedTuple):
    """``lost``, ``doubled``: events, customer updates and postable milestones; ``unequal``: shipments whose record
    differs; ``recovery``: seconds from the end of the fault until the workers had caught up with the load."""

    fault: str
    mode: Processing
    lost: int
    doubled: int
    unequal: int
    recovery: float

    @property
    def holds(self) -> bool:
        """Whether the promise was kept. At least once repeats with the same id; exactly once does not."""
        repeats = self.doubled if self.mode is Processing.EXACTLY_ONCE else 0
        return not (self.lost or self.unequal or repeats)


def compared(
    fault: str, mode: Processing, found: Outcome, plain: Outcome, doubled: int, recovery: float
) -> Verdict:
    """The verdict on what lies on the topics, beside what should."""
    lost = sum(
        len(getattr(plain, what) - getattr(found, what)) for what in ("events", "updates", "milestones")
    ) + max(0, plain.refused - found.refused)
    unequal = sum(found.states.get(key) != plain.states.get(key) for key in {*found.states, *plain.states})
    return Verdict(fault, mode, lost, doubled, unequal, recovery)


def doubled(settings: Settings) -> int:
    """Events in the history more than once, and milestones said again in the very words they were said in before."""
    known = Registry(settings)
    enriched = ValueCodec(topics.SHIPMENT_EVENTS, EnrichedEvent, known)
    facts = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, known)
    events: Counter[str] = Counter()
    for record in read_all(settings.kafka.bootstrap, topics.SHIPMENT_EVENTS.name):
        event = enriched.decode(record.value()).event
        assert not isinstance(event, bytes)
        events[event.event_id] += 1
    told = [facts.decode(one.value()) for one in read_all(settings.kafka.bootstrap, topics.DELIVERY_MILESTONES.name)]
    return events.total() - len(events) + repeats(told)


def repeats(told: Iterable[DeliveryMilestone]) -> int:
    """How many say no more than one before them. A fact may be replaced twice, by other events or for other causes."""
    words = Counter(encode(one) for one in told)
    return words.total() - len(words)
