"""The fulfilment handler: delivery milestones in, ERP postings out, each once, when the policy lets them go; bad
framing is refused alone."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import fastavro
import pytest
from msgspec.structs import replace

from config import contracts, topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import (
    AlertSignal,
    DeliveryMilestone,
    ErpPosting,
    FulfilmentDecision,
    FulfilmentState,
    ProofOfDelivery,
    WmsConfirmation,
)
from streams.fulfilment.policy import Patience, Policies, Policy, ProofNeeded
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import (
    AlertState,
    ExceptionType,
    FulfilmentAction,
    Milestone,
    PostingKind,
    Reason,
    RejectReason,
    WaitKind,
)
from tests.fakes.memory import Memory
from tests.support.framing import framed_wrong
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from topologies.runtime.handler import Handled
from topologies.runtime.state import due_index
from topologies.stages.fulfilment import FulfilmentHandler

REGISTRY = fake_registry()
MILESTONES = ValueCodec(topics.DELIVERY_MILESTONES, DeliveryMilestone, REGISTRY)
POSTINGS = ValueCodec(topics.ERP_POSTINGS, ErpPosting, REGISTRY)
STATES = ValueCodec(topics.FULFILMENT_STATE, FulfilmentState, REGISTRY)
NOON = 1_790_000_000_000
HOUR = 3_600_000


def fact(milestone: Milestone, at: int = NOON, delivery: str = "D-80", number: str = "1Z1") -> DeliveryMilestone:
    return DeliveryMilestone(
        f"m-{milestone}-{at}", delivery, "SO-8", "C-3", "ups", number, milestone, at, ExceptionType.NONE,
        Reason.NORMAL, None, f"e-{milestone}-{at}",
    )


def chunk(*values: DeliveryMilestone | bytes | None, first: int = 0) -> list[FakeRecord]:
    return [
        FakeRecord(
            topics.DELIVERY_MILESTONES.name, 0, first + place,
            value=MILESTONES.encode(value) if isinstance(value, DeliveryMilestone) else value,
        )
        for place, value in enumerate(values)
    ]


def posted(out: Handled) -> list[ErpPosting]:
    return [POSTINGS.decode(message["value"]) for message in out.outputs.get(topics.ERP_POSTINGS.name, [])]


def restored(handler: FulfilmentHandler) -> Memory:
    """Records that come back through the changelog, as after a restore."""
    return Memory(lambda change: handler.local_writes(b"", change.changelog or b"")[b""])


@pytest.fixture
def handler() -> FulfilmentHandler:
    return FulfilmentHandler(Settings(), REGISTRY, {})


@pytest.fixture
def memory(handler: FulfilmentHandler) -> Memory:
    return restored(handler)


def test_a_delivery_is_posted_with_what_the_carrier_proved(handler: FulfilmentHandler, memory: Memory) -> None:
    proof = ProofOfDelivery("Ingrid Bakke", "reception", "https://pod.example/77")
    delivered = replace(
        fact(Milestone.DELIVERED), proof_of_delivery=proof, reason=Reason.CONSIGNEE_REQUESTED_LATER
    )
    out = handler.handle(chunk(delivered), memory, NOON)
    assert list(out.outputs) == [topics.ERP_POSTINGS.name]
    [message] = out.outputs[topics.ERP_POSTINGS.name]
    [posting] = posted(out)
    assert message["key"] == b"D-80"
    assert posting == ErpPosting(
        posting.posting_id, PostingKind.DELIVERY_CONFIRMATION, "D-80", "SO-8", "C-3", "ups", "1Z1", NOON,
        Reason.CONSIGNEE_REQUESTED_LATER, proof, delivered.event_id, pieces_delivered=1, pieces_known=1,
    )
    assert (out.refused, out.counts) == ([], {"posted": 1})


def test_any_avro_reader_reads_a_posting_by_its_contract(handler: FulfilmentHandler, memory: Memory) -> None:
    out = handler.handle(chunk(fact(Milestone.PICKED_UP)), memory, NOON)
    value = out.outputs[topics.ERP_POSTINGS.name][0]["value"]
    assert value is not None
    assert value[:5] == b"\x00" + REGISTRY.schema_id(topics.ERP_POSTINGS).to_bytes(4, "big")
    read = fastavro.schemaless_reader(io.BytesIO(value[5:]), contracts.schema("erp_posting"), None)
    assert isinstance(read, dict)
    assert (read["kind"], read["delivery_id"], read["occurred_at"]) == (
        "goods_issue", "D-80", datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("milestone", "kind"),
    [
        (Milestone.PICKED_UP, PostingKind.GOODS_ISSUE),
        (Milestone.DELIVERY_ATTEMPTED, PostingKind.DELIVERY_ATTEMPT),
        (Milestone.DELIVERED, PostingKind.DELIVERY_CONFIRMATION),
        (Milestone.POD_RECEIVED, PostingKind.PROOF_OF_DELIVERY),
        (Milestone.RETURNING, PostingKind.RETURN_STARTED),
        (Milestone.RETURNED, PostingKind.RETURN_RECEIPT),
        (Milestone.LOST, PostingKind.LOSS),
        (Milestone.DESTROYED, PostingKind.LOSS),
        (Milestone.BOOKING_CANCELLED, PostingKind.CANCELLATION),
        (Milestone.BOOKING_REJECTED, PostingKind.CANCELLATION),
    ],
)
def test_each_financially_relevant_milestone_has_its_posting(
    handler: FulfilmentHandler, memory: Memory, milestone: Milestone, kind: PostingKind
) -> None:
    assert [one.kind for one in posted(handler.handle(chunk(fact(milestone)), memory, NOON))] == [kind]


def test_a_milestone_without_a_posting_says_and_keeps_nothing(handler: FulfilmentHandler, memory: Memory) -> None:
    out = handler.handle(chunk(fact(Milestone.INFO)), memory, NOON)
    assert (out.outputs, out.changes, out.refused, out.counts) == ({}, {}, [], {"not_posted": 1})


def test_postings_of_a_chunk_keep_its_order_and_go_to_their_own_deliveries(
    handler: FulfilmentHandler, memory: Memory
) -> None:
    out = handler.handle(
        chunk(
            fact(Milestone.PICKED_UP, delivery="D-81"), fact(Milestone.PICKED_UP, delivery="D-80"),
            fact(Milestone.DELIVERED, delivery="D-81"),
        ), memory, NOON,
    )
    messages = out.outputs[topics.ERP_POSTINGS.name]
    assert [(message["key"], one.kind) for message, one in zip(messages, posted(out), strict=True)] == [
        (b"D-81", PostingKind.GOODS_ISSUE), (b"D-80", PostingKind.GOODS_ISSUE),
        (b"D-81", PostingKind.DELIVERY_CONFIRMATION),
    ]
    assert set(out.changes) == {b"D-80", b"D-81"}


def test_a_repeat_inside_a_chunk_is_posted_once(handler: FulfilmentHandler, memory: Memory) -> None:
    delivered = fact(Milestone.DELIVERED)
    out = handler.handle(chunk(delivered, delivered), memory, NOON)
    assert len(posted(out)) == 1
    assert out.counts == {"posted": 1, "duplicates": 1}


def test_a_repeated_chunk_posts_and_changes_nothing(handler: FulfilmentHandler, memory: Memory) -> None:
    again = chunk(fact(Milestone.PICKED_UP), fact(Milestone.DELIVERED, NOON + HOUR))
    memory.apply(handler.handle(again, memory, NOON))
    out = handler.handle(again, memory, NOON)
    assert (out.outputs, out.changes, out.counts) == ({}, {}, {"duplicates": 2})


def test_without_its_state_a_repeat_carries_the_id_it_had(handler: FulfilmentHandler) -> None:
    once, again = (
        posted(handler.handle(chunk(fact(Milestone.DELIVERED)), restored(handler), NOON + wait)) for wait in (0, HOUR)
    )
    assert once == again


def test_another_event_of_the_same_fact_is_posted_once_but_each_attempt_by_itself(
    handler: FulfilmentHandler, memory: Memory
) -> None:
    memory.apply(handler.handle(
        chunk(fact(Milestone.DELIVERED), fact(Milestone.DELIVERY_ATTEMPTED, NOON - 2 * HOUR)), memory, NOON
    ))
    out = handler.handle(
        chunk(fact(Milestone.DELIVERED, NOON + HOUR), fact(Milestone.DELIVERY_ATTEMPTED, NOON - HOUR)),
        memory, NOON,
    )
    assert [one.kind for one in posted(out)] == [PostingKind.DELIVERY_ATTEMPT]
    assert out.counts == {"posted": 1, "duplicates": 1}


def test_each_shipment_of_a_delivery_is_posted(handler: FulfilmentHandler, memory: Memory) -> None:
    memory.apply(handler.handle(chunk(fact(Milestone.DELIVERED, number="1Z1")), memory, NOON))
    [posting] = posted(handler.handle(chunk(fact(Milestone.DELIVERED, number="1Z2")), memory, NOON))
    assert posting.tracking_number == "1Z2"


def test_the_changelog_holds_what_was_posted_for_the_delivery(handler: FulfilmentHandler, memory: Memory) -> None:
    out = handler.handle(chunk(fact(Milestone.PICKED_UP), fact(Milestone.DELIVERED, NOON + HOUR)), memory, NOON)
    [(key, change)] = out.changes.items()
    assert change.changelog is not None
    assert handler.local_writes(b"D", change.changelog) == {b"D": change.local, b"\x00waitD": None}
    state = STATES.decode(change.changelog)
    assert key == b"D-80"
    assert (state.delivery_id, state.order_id, state.updated_at) == ("D-80", "SO-8", NOON + HOUR)
    assert sorted(state.posted) == sorted(one.posting_id for one in posted(out))


GOOD = MILESTONES.encode(fact(Milestone.DELIVERED))


@pytest.mark.parametrize(("value", "reason"), framed_wrong(GOOD, b"D-80"))
def test_a_value_framed_wrong_is_refused_and_its_neighbours_are_posted(
    handler: FulfilmentHandler, memory: Memory, value: bytes | None, reason: RejectReason
) -> None:
    out = handler.handle(chunk(fact(Milestone.PICKED_UP), value, GOOD, first=40), memory, NOON)
    assert [(one.record.offset, one.record.value, one.reject.reason) for one in out.refused] == [(41, value, reason)]
    assert [one.kind for one in posted(out)] == [PostingKind.GOODS_ISSUE, PostingKind.DELIVERY_CONFIRMATION]


def test_a_chunk_of_nothing_usable_posts_and_keeps_nothing(handler: FulfilmentHandler, memory: Memory) -> None:
    out = handler.handle(chunk(None, b"\x00"), memory, NOON)
    assert (out.outputs, out.changes) == ({}, {})
    assert [one.record.offset for one in out.refused] == [0, 1]


def test_a_time_of_more_than_64_bits_is_refused_alone(handler: FulfilmentHandler, memory: Memory) -> None:
    least = MILESTONES.encode(fact(Milestone.PICKED_UP, at=-(1 << 63)))
    beyond = least.replace(b"\xff" * 9 + b"\x01", b"\xff" * 9 + b"\x7f")
    assert beyond != least
    out = handler.handle(chunk(beyond, GOOD), memory, NOON)
    assert [one.record.offset for one in out.refused] == [0]
    assert len(posted(out)) == 1


def test_the_clock_alone_posts_nothing(handler: FulfilmentHandler, memory: Memory) -> None:
    memory.apply(handler.handle(chunk(fact(Milestone.PICKED_UP)), memory, NOON))
    assert handler.sweep(memory, NOON + 1000 * HOUR) == Handled()


def test_without_its_state_nothing_is_posted(handler: FulfilmentHandler) -> None:
    with pytest.raises(Fatal):
        handler.handle(chunk(fact(Milestone.DELIVERED)), None, NOON)


DAY = 24 * HOUR
GATED = Policies(Policy(
    proof=ProofNeeded.ANY, grace_ms=3 * DAY, waits={WaitKind.PROOF: Patience("finance", DAY)},
))
DECISIONS = ValueCodec(topics.FULFILMENT_DECISIONS, FulfilmentDecision, REGISTRY)
CONFIRMATIONS = ValueCodec(topics.WMS_CONFIRMATIONS, WmsConfirmation, REGISTRY)
ALERTS = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, REGISTRY)


@pytest.fixture
def gated() -> FulfilmentHandler:
    return FulfilmentHandler(Settings(), REGISTRY, {}, GATED)


def said_afterwards(out: Handled) -> list[ErpPosting]:
    return [
        POSTINGS.decode(message["value"]) for messages in out.afterwards.values()
        for message in messages.get(topics.ERP_POSTINGS.name, [])
    ]


def alerts(out: Handled) -> list[AlertState]:
    return [
        ALERTS.decode(message["value"]).state for messages in out.afterwards.values()
        for message in messages.get(topics.ALERT_SIGNALS.name, [])
    ]


def a_decision(value: bytes | None) -> list[FakeRecord]:
    return [FakeRecord(topics.FULFILMENT_DECISIONS.name, 0, 7, value=value)]


def waived(by: str = "Olga Fink") -> bytes | None:
    return DECISIONS.encode(FulfilmentDecision("D-80", FulfilmentAction.WAIVE, by, "customer agreed", NOON + HOUR))


def test_what_waits_is_found_by_the_clock_before_and_after_a_restore(gated: FulfilmentHandler) -> None:
    lived = Memory()
    out = gated.handle(chunk(fact(Milestone.DELIVERED)), lived, NOON)
    assert (out.outputs, said_afterwards(out), out.counts) == ({}, [], {"held": 1})
    lived.apply(out)
    [(key, change)] = out.changes.items()
    assert change.changelog is not None
    restored_writes = gated.local_writes(key, change.changelog)
    assert restored_writes == lived.held
    assert due_index.entry(NOON + DAY, key) in restored_writes
    assert gated.sweep(lived, NOON + DAY - 1) == Handled()
    late = gated.sweep(lived, NOON + DAY)
    assert (alerts(late), said_afterwards(late)) == ([AlertState.RAISED], [])
    lived.apply(late)
    graced = gated.sweep(lived, NOON + 3 * DAY)
    assert [one.kind for one in said_afterwards(graced)] == [PostingKind.DELIVERY_CONFIRMATION]
    assert alerts(graced) == [AlertState.RESOLVED]
    lived.apply(graced)
    assert gated.sweep(lived, NOON + 90 * DAY) == Handled()
    assert [entry for entry in lived.held if entry.startswith(due_index.DUE)] == []


def test_what_may_be_taken_back_goes_out_once_the_record_is_kept(gated: FulfilmentHandler) -> None:
    lived = Memory()
    out = gated.handle(chunk(fact(Milestone.DELIVERED), fact(Milestone.POD_RECEIVED)), lived, NOON)
    assert out.outputs == {}
    assert [one.kind for one in said_afterwards(out)] == [
        PostingKind.PROOF_OF_DELIVERY, PostingKind.DELIVERY_CONFIRMATION,
    ]
    assert out.afterwards.keys() <= out.changes.keys()


def test_a_waiver_lets_it_go_and_one_without_a_name_is_a_dead_letter(gated: FulfilmentHandler) -> None:
    lived = Memory()
    lived.apply(gated.handle(chunk(fact(Milestone.DELIVERED)), lived, NOON))
    nameless = gated.handle(a_decision(waived("")), lived, NOON)
    assert [(one.record.offset, one.reject.reason) for one in nameless.refused] == [
        (7, RejectReason.ILLEGAL_DECISION)
    ]
    assert (nameless.changes, nameless.afterwards) == ({}, {})
    out = gated.handle(a_decision(waived()), lived, NOON)
    assert [one.kind for one in said_afterwards(out)] == [PostingKind.DELIVERY_CONFIRMATION]
    assert out.counts == {"decided": 1}


def test_the_warehouse_says_which_shipments_a_delivery_has(handler: FulfilmentHandler, memory: Memory) -> None:
    told = WmsConfirmation("W-1", "D-80", "SO-8", "east", "shipped", NOON, "ups", ["1z1", "1Z 2"], [])
    record = FakeRecord(topics.WMS_CONFIRMATIONS.name, 0, 0, value=CONFIRMATIONS.encode(told))
    out = handler.handle([record], memory, NOON)
    [change] = out.changes.values()
    assert change.changelog is not None
    assert STATES.decode(change.changelog).expected == ["1Z1", "1Z2"]
    assert out.counts == {"expected": 1}


def test_a_delivery_that_waits_is_noted_for_the_metrics_until_it_waits_no_more() -> None:
    rules = Policies(Policy(proof=ProofNeeded.ANY, waits={WaitKind.PROOF: Patience("finance", HOUR)}))
    handler = FulfilmentHandler(Settings(), REGISTRY, {}, rules)
    memory = restored(handler)
    for milestone, noted in ((Milestone.PICKED_UP, []), (Milestone.DELIVERED, [b"\x00waitD-80"]),
                             (Milestone.POD_RECEIVED, [])):
        out = handler.handle(chunk(fact(milestone)), memory, NOON)
        memory.apply(out)
        assert [key for key, _ in memory.scan(b"\x00wait")] == noted
        assert (b"\x00waitD-80" in out.local) is (milestone is not Milestone.PICKED_UP)
