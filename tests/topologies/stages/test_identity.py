"""The identity handler: framed events and claims in, framed events with their number out, the clock's alerts."""

from __future__ import annotations

from typing import TypeVar

import pytest
from msgspec import Struct

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import AlertSignal, CarrierEvent, OrderReference, ReferenceState
from streams.kernel.vocabulary import AlertKind, AlertState, RejectReason, SaidBy
from tests.fakes.memory import Memory
from tests.support.framing import framed_wrong
from tests.support.messages import sent_to
from tests.support.records import FakeRecord
from tests.support.reference_inputs import line, unresolved, word
from tests.support.reference_records import REGISTRY, UNRESOLVED, claims, events
from tests.support.strategies import DAY_ONE, HOUR, MINUTE
from topologies.runtime.handler import Handled
from topologies.runtime.state.due_index import DUE
from topologies.stages.identity import IdentityHandler

T = TypeVar("T", bound=Struct)
EVENTS = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, REGISTRY)
REFERENCES = ValueCodec(topics.ORDER_REFERENCES, OrderReference, REGISTRY)
ALERTS = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, REGISTRY)
STATES = ValueCodec(topics.REFERENCE_STATE, ReferenceState, REGISTRY)
DAY = 24 * HOUR
WAITED = DAY_ONE + MINUTE + 4 * HOUR


def values(out: Handled, codec: ValueCodec[T]) -> list[T]:
    return [codec.decode(message["value"]) for message in sent_to(out, codec.topic.name)]


class Stage:
    """The handler with its state."""

    def __init__(self) -> None:
        self.handler = IdentityHandler(Settings(), REGISTRY, {})
        self.memory = Memory()

    def take(self, records: list[FakeRecord]) -> Handled:
        handled = self.handler.handle(records, self.memory, 0)
        self.memory.apply(handled)
        return handled

    def sweep(self, now: int) -> Handled:
        handled = self.handler.sweep(self.memory, now)
        gone = [key for key, change in handled.changes.items() if change.local is None]
        for key in gone:
            del handled.changes[key], self.memory.held[key]
        self.memory.apply(handled)
        return handled

    @property
    def index(self) -> list[bytes]:
        return [key for key, _ in self.memory.scan(DUE)]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_an_event_goes_out_under_the_shipments_key_once_it_is_claimed(stage: Stage) -> None:
    first = stage.take(events(unresolved()))
    assert (first.outputs, first.afterwards, first.counts) == ({}, {}, {"accepted": 1})
    out = stage.take(claims(word("N1")))
    [message] = sent_to(out, topics.CARRIER_EVENTS.name)
    assert message["key"] == b"north:N1"
    [event] = values(out, EVENTS)
    assert (event.tracking_number, event.flags) == ("N1", ["resolved_by_event"])
    assert out.counts == {"claimed": 1, "resolved": 1}


def test_an_orders_line_goes_out_as_a_claim_on_the_shipment(stage: Stage) -> None:
    stage.take(claims(line()))
    out = stage.take(claims(word("N1", SaidBy.ORDER)))
    [message] = sent_to(out, topics.ORDER_REFERENCES.name)
    assert message["key"] == b"north:N1"
    assert [one.delivery_id for one in values(out, REFERENCES)] == ["D-1"]


def test_others_read_in_the_changelog_what_waits(stage: Stage) -> None:
    out = stage.take(events(unresolved()))
    change = out.changes[b"bol:B1"]
    assert change.changelog is not None
    state = STATES.decode(change.changelog)
    assert (state.type, state.value, state.events_waiting) == ("bol", "B1", 1)
    assert stage.handler.local_writes(b"bol:B1", change.changelog)[b"bol:B1"] == change.local


@pytest.mark.parametrize(("value", "reason"), framed_wrong(UNRESOLVED.encode(unresolved()), b"Lund"))
def test_a_value_framed_wrong_is_refused_and_its_neighbours_go_on(
    stage: Stage, value: bytes | None, reason: RejectReason
) -> None:
    out = stage.take(events(value, unresolved(7)))
    assert [(one.record.offset, one.reject.reason) for one in out.refused] == [(0, reason)]
    assert out.counts == {"accepted": 1, "refused": 1}


def test_what_only_the_step_refuses_is_refused_with_its_own_record(stage: Stage) -> None:
    out = stage.take(events(b"", unresolved(), unresolved(references=[])))
    assert [(one.record.offset, one.reject.reason) for one in out.refused] == [
        (0, RejectReason.EMPTY), (2, RejectReason.NO_REFERENCE),
    ]


def test_a_repeated_chunk_changes_nothing_and_says_nothing(stage: Stage) -> None:
    stage.take(claims(word("N1")))
    stage.take(events(unresolved()))
    again = stage.take(events(unresolved()))
    assert (again.afterwards, again.changes, again.counts) == ({}, {}, {"duplicates": 1})


def test_who_waits_too_long_raises_one_alert_and_a_word_resolves_it(stage: Stage) -> None:
    stage.take(events(unresolved()))
    assert stage.sweep(WAITED - 1).afterwards == {}
    [raised] = values(stage.sweep(WAITED), ALERTS)
    assert (raised.kind, raised.state) == (AlertKind.REFERENCE_UNRESOLVED, AlertState.RAISED)
    assert stage.sweep(WAITED + DAY).afterwards == {}
    [resolved] = values(stage.take(claims(word("N1"))), ALERTS)
    assert (resolved.alert_id, resolved.state) == (raised.alert_id, AlertState.RESOLVED)


def test_what_is_restored_falls_due_as_what_was_there(stage: Stage) -> None:
    change = stage.take(events(unresolved())).changes[b"bol:B1"]
    assert change.changelog is not None
    restored = Stage()
    restored.memory.held.update(restored.handler.local_writes(b"bol:B1", change.changelog))
    assert restored.index == stage.index != []
    assert len(values(restored.sweep(WAITED), ALERTS)) == 1


def test_a_reference_nobody_needs_any_more_is_forgotten(stage: Stage) -> None:
    stage.take(events(unresolved()))
    stage.take(claims(word("N1")))
    assert stage.sweep(WAITED).changes == {}
    assert len(stage.index) == 1
    out = stage.sweep(DAY_ONE + MINUTE + 360 * DAY)
    assert out.counts == {"forgotten": 1}
    assert stage.memory.held == {}


def test_a_claim_told_after_its_reference_was_forgotten_is_newer_than_what_was_taken_back(stage: Stage) -> None:
    stage.take(claims(line(), word("N1")))
    stage.take(claims(word("N2")))
    stage.take(claims(line(withdrawn=True, minutes=1)))
    assert stage.sweep(DAY_ONE + 400 * DAY).counts == {"forgotten": 1}
    assert stage.index == []
    later = 400 * 24 * 60
    [again] = values(stage.take(claims(line(minutes=later), word("N1", minutes=later))), REFERENCES)
    assert (again.tracking_number, again.turn) == ("N1", 1)
