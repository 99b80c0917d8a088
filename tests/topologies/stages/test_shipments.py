"""The shipments handler: framed bytes in, framed bytes out; what is not framed right is refused alone."""

import io

import fastavro
import pytest
from msgspec.structs import replace

from config import contracts, topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.dwell_keys import key_of
from streams.contracts.model import (
    AlertSignal,
    CustomerUpdate,
    DeliveryMilestone,
    Dwell,
    ErpNotice,
    OrderReference,
    ShipmentLink,
)
from streams.kernel.vocabulary import (
    AlertKind,
    AlertState,
    ExceptionType,
    LinkKind,
    Milestone,
    RejectReason,
    Status,
)
from streams.shipments.record import decode
from streams.shipments.state_view import state_of
from streams.shipments.timers.expected_dwell import Usual
from tests.fakes.memory import Memory
from tests.support.framing import framed_wrong
from tests.support.messages import sent_to
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from tests.support.shipment_records import (
    DAY,
    ENRICHED,
    EVENTS,
    HOUR,
    NOON,
    REFERENCES,
    REGISTRY,
    SIGNALS,
    STATES,
    carrier_events,
    event,
    hear,
    keep_hearing,
)
from topologies.runtime.state.due_index import DUE
from topologies.stages.shipments import ShipmentsHandler, keeping

LINKS = ValueCodec(topics.SHIPMENT_LINKS, ShipmentLink, REGISTRY)


@pytest.fixture
def handler() -> ShipmentsHandler:
    return ShipmentsHandler(Settings(), REGISTRY, {})


def test_an_event_goes_out_enriched_with_its_own_bytes(handler: ShipmentsHandler) -> None:
    sent = event(Milestone.OUT_FOR_DELIVERY, NOON)
    out = handler.handle(carrier_events(EVENTS.encode(sent)), Memory(), NOON)
    [message] = out.outputs[topics.SHIPMENT_EVENTS.name]
    assert message["key"] == b"ups:1Z1"
    enriched = ENRICHED.decode(message["value"])
    assert (enriched.event, enriched.status, enriched.matched) == (sent, Status.OUT_FOR_DELIVERY, False)


def test_the_changelog_holds_the_record_that_is_restored(handler: ShipmentsHandler) -> None:
    out = handler.handle(carrier_events(EVENTS.encode(event(Milestone.PICKED_UP, NOON))), Memory(), NOON)
    change = out.changes[b"ups:1Z1"]
    assert change.changelog is not None
    assert handler.local_writes(b"ups:1Z1", change.changelog)[b"ups:1Z1"] == change.local
    assert STATES.decode(change.changelog).status is Status.PICKED_UP


def test_what_waits_for_an_order_goes_out_when_it_comes(handler: ShipmentsHandler) -> None:
    memory = Memory()
    first = handler.handle(carrier_events(EVENTS.encode(event(Milestone.DELIVERED, NOON))), memory, NOON)
    assert set(first.outputs) == {topics.SHIPMENT_EVENTS.name}
    memory.apply(first)
    claim = OrderReference("ups", "1Z1", "SO-1", "D-1", "C-1", None, NOON)
    record = FakeRecord(topics.ORDER_REFERENCES.name, 0, 0, value=REFERENCES.encode(claim))
    out = handler.handle([record], memory, NOON)
    [update] = out.outputs[topics.CUSTOMER_UPDATES.name]
    [milestone] = out.outputs[topics.DELIVERY_MILESTONES.name]
    assert (update["key"], milestone["key"]) == (b"C-1", b"D-1")
    told = ValueCodec(topics.CUSTOMER_UPDATES, CustomerUpdate, REGISTRY).decode(update["value"])
    fact = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, REGISTRY).decode(milestone["value"])
    assert (told.milestone, fact.milestone) == (Milestone.DELIVERED, Milestone.DELIVERED)


def test_an_exception_is_a_notice_under_the_delivery_that_claims_it(handler: ShipmentsHandler) -> None:
    memory = Memory()
    late = replace(event(Milestone.INFO, NOON), exception=ExceptionType.DELAY)
    memory.apply(handler.handle(carrier_events(EVENTS.encode(late)), memory, NOON))
    claim = OrderReference("ups", "1Z1", "SO-1", "D-1", "C-1", None, NOON)
    record = FakeRecord(topics.ORDER_REFERENCES.name, 0, 0, value=REFERENCES.encode(claim))
    [message] = handler.handle([record], memory, NOON).outputs[topics.ERP_NOTICES.name]
    told = ValueCodec(topics.ERP_NOTICES, ErpNotice, REGISTRY).decode(message["value"])
    assert (message["key"], told.exception, told.tracking_number) == (b"D-1", ExceptionType.DELAY, "1Z1")


def test_what_a_child_passes_on_goes_to_its_parent_by_its_own_topic(handler: ShipmentsHandler) -> None:
    memory = Memory()
    memory.apply(handler.handle(carrier_events(EVENTS.encode(event(Milestone.DELIVERED, NOON))), memory, NOON))
    link = ShipmentLink("ups", "1Z1", "dhl", "J7", LinkKind.HANDED_OVER)
    record = FakeRecord(topics.SHIPMENT_LINKS.name, 0, 0, value=LINKS.encode(link))
    out = handler.handle([record], memory, NOON)
    told = out.outputs[topics.SHIPMENT_ADOPTIONS.name]
    assert [message["key"] for message in told] == [b"dhl:J7", b"dhl:J7"]
    records = [
        FakeRecord(topics.SHIPMENT_ADOPTIONS.name, 1, offset, value=message["value"])
        for offset, message in enumerate(told)
    ]
    whole = handler.handle(records, Memory(), NOON)
    change = whole.changes[b"dhl:J7"]
    assert change.changelog is not None
    state = STATES.decode(change.changelog)
    assert (state.status, [one.key for one in state.parts]) == (Status.DELIVERED, ["ups:1Z1"])
    assert whole.counts == {"adopted": 2}


GOOD = EVENTS.encode(event(Milestone.DELIVERED, NOON))


@pytest.mark.parametrize(("value", "reason"), framed_wrong(GOOD, b"Lyon"))
def test_a_value_framed_wrong_is_refused_and_its_neighbours_go_on(
    handler: ShipmentsHandler, value: bytes | None, reason: RejectReason
) -> None:
    out = handler.handle(carrier_events(value, GOOD), Memory(), NOON)
    [refused] = out.refused
    assert (refused.reject.reason, refused.record.offset) == (reason, 0)
    assert len(out.outputs[topics.SHIPMENT_EVENTS.name]) == 1
    assert out.counts["refused"] == 1


def test_an_event_that_only_the_step_refuses_is_refused_with_its_own_record(handler: ShipmentsHandler) -> None:
    nameless = event(Milestone.DELIVERED, NOON)
    nameless.tracking_number = ""
    out = handler.handle(carrier_events(b"", GOOD, EVENTS.encode(nameless)), Memory(), NOON)
    assert [(one.record.offset, one.reject.reason) for one in out.refused] == [
        (0, RejectReason.EMPTY), (2, RejectReason.NO_REFERENCE),
    ]


def test_a_value_of_another_version_of_the_contract_is_read() -> None:
    registry = fake_registry()
    theirs = {**contracts.schema("order_reference")}
    theirs["fields"] = [
        {**field, "type": "long"} if field["name"] == "updated_at" else field
        for field in theirs["fields"] if field["name"] != "promised_delivery_at"
    ] + [{"name": "priority", "type": "string"}]
    registry.add(900, theirs)  # type: ignore[attr-defined]
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(theirs), {
        "carrier": "ups", "tracking_number": "1Z1", "order_id": "SO-1", "delivery_id": "D-1",
        "customer_id": "C-1", "updated_at": NOON, "priority": "high",
    })
    codec = ValueCodec(topics.ORDER_REFERENCES, OrderReference, registry)
    value, ours = codec.decode_with_body(b"\x00" + (900).to_bytes(4, "big") + body.getvalue())
    assert value == OrderReference("ups", "1Z1", "SO-1", "D-1", "C-1", None, NOON)
    assert codec.decode(codec.encode(value)) == value
    assert codec.encode(value)[5:] == ours


def test_a_repeated_chunk_changes_nothing_and_says_nothing(handler: ShipmentsHandler) -> None:
    memory = Memory()
    chunk = carrier_events(GOOD, EVENTS.encode(event(Milestone.PICKED_UP, NOON - 5000)))
    memory.apply(handler.handle(chunk, memory, NOON))
    again = handler.handle(chunk, memory, NOON)
    assert (again.outputs, again.afterwards, again.changes, again.counts) == ({}, {}, {}, {"duplicates": 2})


def look(handler: ShipmentsHandler, memory: Memory, now: int) -> list[AlertSignal]:
    handled = handler.sweep(memory, now)
    memory.apply(handled)
    return [SIGNALS.decode(message["value"]) for message in sent_to(handled, topics.ALERT_SIGNALS.name)]


def test_a_shipment_that_stands_still_raises_one_alert_and_its_next_event_resolves_it(
    handler: ShipmentsHandler,
) -> None:
    memory = Memory()
    hear(handler, memory, NOON, event(Milestone.IN_TRANSIT, NOON))
    keep_hearing(handler, memory, NOON + 5 * DAY)
    kinds = {alert.kind for alert in look(handler, memory, NOON + 5 * DAY) if alert.subject == "ups:1Z1"}
    assert kinds == {AlertKind.SHIPMENT_STALLED, AlertKind.ORDER_NOT_FOUND}
    assert look(handler, memory, NOON + 5 * DAY + 1) == []
    [resolved] = hear(handler, memory, NOON + 5 * DAY + 2, event(Milestone.OUT_FOR_DELIVERY, NOON + 5 * DAY))
    assert (resolved.kind, resolved.state) == (AlertKind.SHIPMENT_STALLED, AlertState.RESOLVED)


def test_while_nothing_at_all_is_heard_nothing_is_raised(handler: ShipmentsHandler) -> None:
    memory = Memory()
    hear(handler, memory, NOON, event(Milestone.IN_TRANSIT, NOON))
    assert look(handler, memory, NOON + 9 * DAY) == []
    hear(handler, memory, NOON + 9 * DAY, event(Milestone.IN_TRANSIT, NOON, "1Z2"))
    assert look(handler, memory, NOON + 9 * DAY + 60_000) == []
    keep_hearing(handler, memory, NOON + 9 * DAY + HOUR)
    assert {alert.subject for alert in look(handler, memory, NOON + 9 * DAY + HOUR)} >= {"ups:1Z1"}


def test_events_leave_the_index_alone_and_the_sweep_puts_right_what_it_meets(handler: ShipmentsHandler) -> None:
    memory = Memory()
    hear(handler, memory, NOON, event(Milestone.IN_TRANSIT, NOON))
    index = [key for key, _ in memory.scan(DUE)]
    hear(handler, memory, NOON + 3 * DAY, event(Milestone.IN_TRANSIT, NOON + 3 * DAY))
    assert [key for key, _ in memory.scan(DUE)] == index
    claim = OrderReference("ups", "1Z1", "SO-1", "D-1", "C-1", None, NOON)
    memory.apply(handler.handle(
        [FakeRecord(topics.ORDER_REFERENCES.name, 0, 0, value=REFERENCES.encode(claim))], memory, NOON
    ))
    keep_hearing(handler, memory, NOON + 4 * DAY + HOUR)
    assert [alert for alert in look(handler, memory, NOON + 4 * DAY + HOUR) if alert.subject == "ups:1Z1"] == []
    moved = [key for key, _ in memory.scan(DUE) if key.endswith(b"ups:1Z1")]
    assert len(moved) == 1
    assert moved > index


def test_what_is_restored_falls_due_as_what_was_there(handler: ShipmentsHandler) -> None:
    memory, restored = Memory(), Memory()
    for at in (NOON, NOON + HOUR):
        handled = handler.handle(carrier_events(EVENTS.encode(event(Milestone.IN_TRANSIT, at))), memory, at)
        memory.apply(handled)
        for key, change in handled.changes.items():
            assert change.changelog is not None
            restored.held.update(handler.local_writes(key, change.changelog))
    keep_hearing(handler, memory, NOON + 5 * DAY)
    here = [one for one in look(handler, memory, NOON + 5 * DAY) if one.subject == "ups:1Z1"]
    assert [one for one in look(handler, restored, NOON + 5 * DAY) if one.subject == "ups:1Z1"] == here
    assert len(here) == 2


class Learnt:
    """Norms a test sets, and how often they were looked for."""

    def __init__(self) -> None:
        self.norms: dict[str, Usual] = {}
        self.looks = 0

    def know(self, usual_ms: int, observations: int = 50) -> None:
        one = Usual("ups", "FR>FR", Status.IN_TRANSIT, observations, usual_ms // 2, usual_ms)
        self.norms[key_of(one.carrier, one.lane, one.status)] = one

    def look(self) -> None:
        self.looks += 1


@pytest.fixture
def learnt() -> Learnt:
    return Learnt()


@pytest.fixture
def learning(learnt: Learnt) -> ShipmentsHandler:
    return ShipmentsHandler(Settings(), REGISTRY, {}, learnt)


def claim(handler: ShipmentsHandler, memory: Memory, promise: int | None) -> None:
    value = REFERENCES.encode(OrderReference("ups", "1Z1", "SO-1", "D-1", "C-1", promise, NOON))
    memory.apply(handler.handle([FakeRecord(topics.ORDER_REFERENCES.name, 0, 0, value=value)], memory, NOON))


def alerts_of(handler: ShipmentsHandler, memory: Memory, now: int) -> list[tuple[AlertKind, AlertState]]:
    keep_hearing(handler, memory, now)
    return [(one.kind, one.state) for one in look(handler, memory, now) if one.subject == "ups:1Z1"]


def test_a_shipment_is_looked_at_again_when_its_norm_has_passed(learnt: Learnt, learning: ShipmentsHandler) -> None:
    memory = Memory()
    learnt.know(100 * HOUR)
    claim(learning, memory, None)
    hear(learning, memory, NOON, event(Milestone.PICKED_UP, NOON - HOUR), event(Milestone.IN_TRANSIT, NOON))
    assert alerts_of(learning, memory, NOON + 5 * DAY) == []
    assert alerts_of(learning, memory, NOON + 150 * HOUR) == []
    assert alerts_of(learning, memory, NOON + 150 * HOUR + 1000) == [(AlertKind.SHIPMENT_STALLED, AlertState.RAISED)]
    assert learnt.looks == 3


def test_a_new_status_is_not_forgotten_behind_a_norm(learnt: Learnt, learning: ShipmentsHandler) -> None:
    memory = Memory()
    learnt.know(1000 * HOUR)
    claim(learning, memory, None)
    hear(learning, memory, NOON, event(Milestone.PICKED_UP, NOON - HOUR), event(Milestone.IN_TRANSIT, NOON))
    assert alerts_of(learning, memory, NOON + 5 * DAY) == []
    hear(learning, memory, NOON + 6 * DAY, event(Milestone.OUT_FOR_DELIVERY, NOON + 6 * DAY))
    assert alerts_of(learning, memory, NOON + 7 * DAY + HOUR) == [(AlertKind.SHIPMENT_STALLED, AlertState.RAISED)]


def test_a_promise_is_put_at_risk_by_a_dwell_beyond_the_norm_though_there_is_news(
    learnt: Learnt, learning: ShipmentsHandler
) -> None:
    memory = Memory()
    learnt.know(40 * HOUR)
    claim(learning, memory, NOON + 8 * DAY)
    hear(learning, memory, NOON, event(Milestone.PICKED_UP, NOON - HOUR), event(Milestone.IN_TRANSIT, NOON))
    assert alerts_of(learning, memory, NOON + DAY + 1) == []
    hear(learning, memory, NOON + 59 * HOUR, event(Milestone.ARRIVED_FACILITY, NOON + 59 * HOUR))
    assert alerts_of(learning, memory, NOON + 60 * HOUR) == [(AlertKind.DELIVERY_AT_RISK, AlertState.RAISED)]
    [resolved] = hear(learning, memory, NOON + 61 * HOUR, event(Milestone.OUT_FOR_DELIVERY, NOON + 61 * HOUR))
    assert (resolved.kind, resolved.state) == (AlertKind.DELIVERY_AT_RISK, AlertState.RESOLVED)


def test_what_was_learnt_from_too_little_counts_for_nothing(learnt: Learnt, learning: ShipmentsHandler) -> None:
    memory = Memory()
    learnt.know(100 * HOUR, observations=49)
    claim(learning, memory, None)
    hear(learning, memory, NOON, event(Milestone.PICKED_UP, NOON - HOUR), event(Milestone.IN_TRANSIT, NOON))
    assert alerts_of(learning, memory, NOON + 5 * DAY) == [(AlertKind.SHIPMENT_STALLED, AlertState.RAISED)]


def test_the_dwells_of_a_shipment_that_has_ended_go_out_once_also_after_a_restore(handler: ShipmentsHandler) -> None:
    memory, restored = Memory(), Memory()
    hear(handler, memory, NOON, *(
        event(milestone, NOON - hours * HOUR)
        for milestone, hours in ((Milestone.PICKED_UP, 9), (Milestone.IN_TRANSIT, 7), (Milestone.DELIVERED, 1))
    ))
    keep_hearing(handler, memory, NOON + DAY + HOUR)
    handled = handler.sweep(memory, NOON + DAY + HOUR)
    told = handled.outputs[topics.SHIPMENT_DWELLS.name]
    read = [ValueCodec(topics.SHIPMENT_DWELLS, Dwell, REGISTRY).decode(message["value"]) for message in told]
    assert [message["key"] for message in told] == [b"ups:FR>FR:picked_up", b"ups:FR>FR:in_transit"]
    assert [(one.status, one.dwelt_ms) for one in read] == [(Status.PICKED_UP, 2 * HOUR), (Status.IN_TRANSIT, 6 * HOUR)]
    assert handled.counts["dwells"] == 2
    memory.apply(handled)
    for key, change in handled.changes.items():
        assert change.changelog is not None
        restored.held.update(handler.local_writes(key, change.changelog))
    for state in (memory, restored):
        keep_hearing(handler, state, NOON + 2 * DAY)
        assert topics.SHIPMENT_DWELLS.name not in handler.sweep(state, NOON + 2 * DAY).outputs


def test_a_shipment_under_way_tells_no_dwells(handler: ShipmentsHandler) -> None:
    memory = Memory()
    hear(handler, memory, NOON, event(Milestone.PICKED_UP, NOON - HOUR), event(Milestone.IN_TRANSIT, NOON))
    keep_hearing(handler, memory, NOON + 5 * DAY)
    assert topics.SHIPMENT_DWELLS.name not in handler.sweep(memory, NOON + 5 * DAY).outputs


EVERY_WAIT = 12 * DAY
STUCK: dict[AlertKind, tuple[list[tuple[Milestone, int]], int | None]] = {
    AlertKind.SHIPMENT_STALLED: ([(Milestone.IN_TRANSIT, 0)], None),
    AlertKind.DELIVERY_LATE: ([(Milestone.IN_TRANSIT, 0)], NOON + DAY),
    AlertKind.NEVER_SHIPPED: ([], None),
    AlertKind.PROOF_MISSING: ([(Milestone.DELIVERED, 0)], None),
    AlertKind.DELIVERY_UNREPORTED: ([(Milestone.IN_TRANSIT, 0), (Milestone.POD_RECEIVED, HOUR)], None),
}


def stuck(handler: ShipmentsHandler, kind: AlertKind) -> Memory:
    """A shipment that will raise an alert of this kind, as the changelog would give it back."""
    memory, restored = Memory(), Memory()
    said, promise = STUCK[kind]
    claim(handler, memory, promise)
    events = [EVENTS.encode(event(milestone, NOON + after)) for milestone, after in said]
    if events:
        memory.apply(handler.handle(carrier_events(*events), memory, NOON))
    record = memory.held[b"ups:1Z1"]
    public = STATES.encode(state_of(decode(record), record, NOON))
    restored.held.update(handler.local_writes(b"ups:1Z1", public))
    return restored


@pytest.mark.parametrize("kind", STUCK)
def test_an_alert_that_falls_due_is_raised_once_after_a_takeover(handler: ShipmentsHandler, kind: AlertKind) -> None:
    restored = stuck(handler, kind)
    second, third = (ShipmentsHandler(Settings(), REGISTRY, {}) for _ in range(2))
    assert (kind, AlertState.RAISED) in alerts_of(second, restored, NOON + EVERY_WAIT)
    assert alerts_of(third, restored, NOON + EVERY_WAIT + HOUR) == []


def test_a_worker_that_comes_back_after_an_outage_says_nothing_before_it_has_heard_for_a_while(
    handler: ShipmentsHandler,
) -> None:
    restored = stuck(handler, AlertKind.SHIPMENT_STALLED)
    returned = ShipmentsHandler(Settings(), REGISTRY, {})
    back = NOON + EVERY_WAIT
    assert look(returned, restored, back) == []
    hear(returned, restored, back, event(Milestone.DELIVERED, back, "1Z-OTHER"))
    assert look(returned, restored, back + 60_000) == []
    hear(returned, restored, back + 60_000, event(Milestone.OUT_FOR_DELIVERY, back))
    hear(returned, restored, back + 20 * 60_000, event(Milestone.DELIVERED, back, "1Z-MORE"))
    assert [one for one in look(returned, restored, back + 20 * 60_000) if one.subject == "ups:1Z1"] == []


@pytest.mark.parametrize(("hours", "after"), [("48", 48 * HOUR), ("96", 96 * HOUR), ("0", None)])
def test_how_old_a_delivery_an_order_may_claim_is_a_setting(
    monkeypatch: pytest.MonkeyPatch, hours: str, after: int | None
) -> None:
    monkeypatch.setenv("SHIPSYNC_ORDERED_LATE_HOURS", hours)
    assert keeping(Settings()).ordered_late == after
    old = event(Milestone.DELIVERED, NOON)
    claim = OrderReference("ups", "1Z1", "SO-1", "D-1", "C-1", None, NOON + 4 * DAY)
    handler, memory = ShipmentsHandler(Settings(), REGISTRY, {}), Memory()
    memory.apply(handler.handle(carrier_events(EVENTS.encode(old)), memory, NOON))
    value = REFERENCES.encode(claim)
    handled = handler.handle([FakeRecord(topics.ORDER_REFERENCES.name, 0, 0, value=value)], memory, NOON + 4 * DAY)
    assert (topics.DELIVERY_MILESTONES.name in handled.outputs) is (hours != "48")
