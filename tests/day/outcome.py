"""The outcome of a day: read from its topics, or told by the pure step in one go; and how two outcomes differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from config import headers, topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import AlertSignal, CustomerUpdate, DeliveryMilestone, EnrichedEvent, ShipmentState
from streams.kernel.vocabulary import AlertState, Correction
from streams.shipments.record import Shipment, encode
from streams.shipments.state_view import state_of
from streams.shipments.step import Received, step
from tests.day.recording import Day, key_of
from tests.support.topics import read_all

READ = (
    topics.SHIPMENT_STATE, topics.ALERT_SIGNALS, topics.CUSTOMER_UPDATES, topics.DELIVERY_MILESTONES,
    topics.SHIPMENT_EVENTS, topics.DLQ_SHIPMENTS,
)
SHOWN = 5


class Outcome(NamedTuple):
    """``states``: shipment.state.v1 as compaction leaves it; ``alerts``: those said to be open at the end.

    ``updates`` and ``milestones``: ids of the outputs that stand, of orders that were not cancelled: where a worker
    dies just then, a cancelled one may have been told what its successor does not know of. ``events``: ids in the
    history; ``refused``: records among the dead letters.
    """

    states: Mapping[bytes, bytes]
    alerts: Mapping[bytes, bytes]
    updates: frozenset[str]
    milestones: frozenset[str]
    events: frozenset[str]
    refused: int


def read(settings: Settings, day: Day) -> Outcome:
    """The outcome as it lies on the topics."""
    known = Registry(settings)
    alerts = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, known)
    updates = ValueCodec(topics.CUSTOMER_UPDATES, CustomerUpdate, known)
    milestones = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, known)
    enriched = ValueCodec(topics.SHIPMENT_EVENTS, EnrichedEvent, known)
    told = [updates.decode(value) for _, value in _values(settings, topics.CUSTOMER_UPDATES)]
    facts = [milestones.decode(value) for _, value in _values(settings, topics.DELIVERY_MILESTONES)]
    history = [enriched.decode(value).event for _, value in _values(settings, topics.SHIPMENT_EVENTS)]
    return Outcome(
        dict(_values(settings, topics.SHIPMENT_STATE)),
        {
            key: alerts.encode(_bare(one)) for key, value in dict(_values(settings, topics.ALERT_SIGNALS)).items()
            if (one := alerts.decode(value)).state is AlertState.RAISED
        },
        _standing(day, ((one.update_id, one) for one in told)),
        _standing(day, ((one.milestone_id, one) for one in facts)),
        frozenset(event.event_id for event in history if not isinstance(event, bytes)),
        len(_origins(settings)),
    )


def expected(known: Registry, day: Day) -> Outcome:
    """The outcome of the pure step for the day in one chunk, events first."""
    states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, known)
    alerts = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, known)
    said = [*(Received(event, event.event_id.encode()) for event in day.events), *day.references]
    nothing: dict[str, Shipment | None] = {key_of(one).decode(): None for one in (*day.events, *day.references)}
    out = step(said, nothing)
    latest = {one.alert_id.encode(): one for one in out.outputs.alerts}
    return Outcome(
        {
            key.encode(): states.encode(state_of(one, encode(one), one.view.updated_at))
            for key, one in out.states.items()
        },
        {key: alerts.encode(one) for key, one in latest.items() if one.state is AlertState.RAISED},
        _standing(day, ((one.update_id, one) for one in out.outputs.customer_updates)),
        _standing(day, ((one.milestone_id, one) for one in out.outputs.delivery_milestones)),
        frozenset(bytes(event.event).decode() for _, event in out.outputs.events if isinstance(event.event, bytes)),
        len(day.bad),
    )


def _standing(day: Day, told: Iterable[tuple[str, CustomerUpdate | DeliveryMilestone]]) -> frozenset[str]:
    """Ids whose last word does not take them back."""
    last = {key: one.correction for key, one in told if one.order_id not in day.cancelled}
    return frozenset(key for key, word in last.items() if word is not Correction.RETRACTS)


def _bare(one: AlertSignal) -> AlertSignal:
    """The signal without what the stage adds to what the step says: the moment, and the feed."""
    return replace(one, said_at=0, place=0, feed=None)


def differences(name: str, found: Outcome, other: Outcome) -> Iterator[str]:
    """One line for each kind of thing in which the two differ, with some examples."""
    for what in ("states", "alerts"):
        here, there = getattr(found, what), getattr(other, what)
        unlike = sorted(key for key in {*here, *there} if here.get(key) != there.get(key))
        if unlike:
            yield f"{name}: {len(unlike)} {what} differ, such as {b', '.join(unlike[:SHOWN]).decode()}"
    for what in ("updates", "milestones", "events"):
        unlike = sorted(getattr(found, what) ^ getattr(other, what))
        if unlike:
            yield f"{name}: {len(unlike)} ids of {what} differ, such as {', '.join(unlike[:SHOWN])}"
    if found.refused != other.refused:
        yield f"{name}: {found.refused} dead letters, not {other.refused}"


def unaccounted(day: Day, found: Outcome, states: ValueCodec[ShipmentState]) -> Iterator[str]:
    """How in = accepted + duplicates + refused does not hold, with the duplicates known of the recording."""
    duplicates = len(day.events) - day.distinct
    sent = len(day.events) + len(day.bad)
    if sent != len(found.events) + duplicates + found.refused:
        yield f"{sent} in, {len(found.events)} accepted, {duplicates} duplicates, {found.refused} refused"
    held = sum(states.decode(value).event_count for value in found.states.values())
    if held != len(found.events):
        yield f"{len(found.events)} accepted, {held} in the shipments' records"


def _values(settings: Settings, topic: topics.Topic) -> Iterator[tuple[bytes, bytes]]:
    for record in read_all(settings.kafka.bootstrap, topic.name):
        yield record.key() or b"", record.value() or b""


def _origins(settings: Settings) -> set[tuple[bytes, ...]]:
    """Where the dead letters came from, each place once."""
    named = (headers.ERROR_TOPIC, headers.ERROR_PARTITION, headers.ERROR_OFFSET)
    found = set()
    for record in read_all(settings.kafka.bootstrap, topics.DLQ_SHIPMENTS.name):
        attached = dict(record.headers() or [])
        found.add(tuple(bytes(attached[name]) for name in named))
    return found
