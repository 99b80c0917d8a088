"""The edi handler: interchanges and acknowledgements in, exchanges kept, alerts out; the clock is a number."""

from __future__ import annotations

import pytest

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import Acknowledgement, AlertSignal, Exchange, Interchange
from streams.edi.exchange import KEPT_MS
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import AlertKind, AlertState, RejectReason, Verdict
from tests.support.edi_inputs import DAY, SENT_AT, acknowledged, sent
from tests.support.framing import framed_wrong
from tests.support.messages import sent_to
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from tests.support.stage_store import Store
from topologies.runtime.handler import Handled
from topologies.runtime.state.due_index import DUE
from topologies.stages.edi import EdiHandler

REGISTRY = fake_registry()
INTERCHANGES = ValueCodec(topics.EDI_INTERCHANGES, Interchange, REGISTRY)
ACKNOWLEDGEMENTS = ValueCodec(topics.EDI_ACKNOWLEDGEMENTS, Acknowledgement, REGISTRY)
STATES = ValueCodec(topics.EDI_STATE, Exchange, REGISTRY)
ALERTS = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, REGISTRY)
KEY = b"north.edi:NORTH:4711"
GOOD = INTERCHANGES.encode(sent())


@pytest.fixture
def handler() -> EdiHandler:
    return EdiHandler(Settings(), REGISTRY, {})


def take(handler: EdiHandler, store: Store, *values: Interchange | Acknowledgement | bytes | None) -> Handled:
    is_sent = not isinstance(values[0], Acknowledgement)
    topic = topics.EDI_INTERCHANGES if is_sent else topics.EDI_ACKNOWLEDGEMENTS
    records = []
    for place, one in enumerate(values):
        value = one
        if isinstance(one, Interchange):
            value = INTERCHANGES.encode(one)
        elif isinstance(one, Acknowledgement):
            value = ACKNOWLEDGEMENTS.encode(one)
        records.append(FakeRecord(topic.name, 0, place, value=value))
    return store.apply(handler.handle(records, store, SENT_AT))


def said(handled: Handled) -> list[tuple[AlertKind, AlertState]]:
    alerts = [ALERTS.decode(message["value"]) for message in sent_to(handled, topics.ALERT_SIGNALS.name)]
    return [(alert.kind, alert.state) for alert in alerts]


def test_what_is_overdue_is_told_once_though_the_worker_loses_its_disk(handler: EdiHandler) -> None:
    store = Store()
    take(handler, store, sent())
    restored = store.restored(handler)
    assert restored.held == store.held
    assert said(restored.apply(handler.sweep(restored, SENT_AT + DAY - 1))) == []
    assert said(restored.apply(handler.sweep(restored, SENT_AT + DAY))) == [
        (AlertKind.EDI_UNACKNOWLEDGED, AlertState.RAISED)
    ]
    assert handler.sweep(restored, SENT_AT + 2 * DAY) == Handled()
    assert STATES.decode(restored.held[KEY]).unacknowledged_since == SENT_AT + DAY


def test_an_acknowledged_exchange_is_forgotten_in_the_end(handler: EdiHandler) -> None:
    store = Store()
    take(handler, store, sent())
    take(handler, store, acknowledged())
    assert said(store.apply(handler.sweep(store, SENT_AT + 2 * DAY))) == []
    assert KEY in store.held
    gone = store.apply(handler.sweep(store, SENT_AT + 2 * DAY + KEPT_MS))
    assert gone.counts == {"forgotten": 1}
    assert (store.held, store.changelog) == ({}, {})


def test_a_rejection_goes_out_with_its_chunk(handler: EdiHandler) -> None:
    store = Store()
    assert said(take(handler, store, acknowledged(Verdict.REJECTED))) == [
        (AlertKind.EDI_REJECTED, AlertState.RAISED)
    ]
    assert [key for key in store.held if key.startswith(DUE)]


@pytest.mark.parametrize(("value", "reason"), framed_wrong(GOOD, b"north"))
def test_a_value_framed_wrong_is_refused_and_its_neighbours_go_on(
    handler: EdiHandler, value: bytes | None, reason: RejectReason
) -> None:
    out = take(handler, Store(), value, GOOD)
    assert [(one.record.offset, one.reject.reason) for one in out.refused] == [(0, reason)]
    assert out.counts == {"sent": 1}


def test_without_its_state_the_stage_goes_no_further(handler: EdiHandler) -> None:
    with pytest.raises(Fatal):
        handler.handle([FakeRecord(topics.EDI_INTERCHANGES.name, 0, 0, value=GOOD)], None, 0)
