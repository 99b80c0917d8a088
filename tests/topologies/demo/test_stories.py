"""The story: reproducible, believable, and its expectations add up."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from config import topics
from streams.contracts.ids import shipment_key
from streams.contracts.model import DeliveryRelease, Interchange, MasterRecord, Order
from streams.kernel.vocabulary import MasterKind, Status
from topologies.demo.carrier_desk import CarrierDesk
from topologies.demo.journeys import Step
from topologies.demo.planned import Plan
from topologies.demo.stories import chapter, tell

NOW_MS = 1_790_000_000_000
seeds = st.integers(min_value=0, max_value=2**32)
clocks = st.integers(min_value=1_600_000_000, max_value=2_000_000_000).map(lambda second: second * 1000)


@settings(max_examples=15, deadline=None)
@given(seeds, clocks, st.integers(min_value=1, max_value=40))
def test_the_same_seed_and_clock_tell_the_same_story(seed: int, now_ms: int, count: int) -> None:
    first, second = tell(seed, now_ms, count), tell(seed, now_ms, count)
    assert first.messages == second.messages


@settings(max_examples=15, deadline=None)
@given(seeds, clocks, st.integers(min_value=1, max_value=40), st.floats(min_value=1, max_value=600))
def test_every_message_falls_within_the_demo_in_order(
    seed: int, now_ms: int, count: int, seconds: float
) -> None:
    times = [message.at_s for message in tell(seed, now_ms, count, seconds).messages]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= seconds


@settings(max_examples=25, deadline=None)
@given(seeds, clocks)
def test_journeys_run_forward_and_end_by_now(seed: int, now_ms: int) -> None:
    for way in tell(seed, now_ms, 20).journeys:
        times = [scan.at_ms for scan in way.scans]
        assert times == sorted(set(times))
        assert now_ms - 8 * 86_400_000 < times[0]
        assert times[-1] <= now_ms
        steps = [scan.step for scan in way.scans]
        assert Step.DELIVERED not in steps[:-1]
        hours = [s.place.local(s.at_ms).hour for s in way.scans if s.step is Step.DELIVERED]
        assert all(9 <= hour < 18 for hour in hours)


def usual() -> Plan:
    return tell(7, NOW_MS)


def test_correlation_ids_are_unique_and_bear_the_demos_prefix() -> None:
    plan = usual()
    ids = [message.correlation_id for message in plan.messages]
    assert len(set(ids)) == len(ids)
    assert all(one.startswith(plan.correlation_prefix) for one in ids)


def test_about_a_tenth_of_the_messages_come_twice() -> None:
    bodies = Counter(message.body for message in usual().raw if message.expected.events)
    again = sum(times - 1 for times in bodies.values()) / bodies.total()
    assert 0.06 < again < 0.14


def test_about_nine_shipments_in_ten_have_an_order_some_of_them_shared() -> None:
    plan = usual()
    ours = {shipment_key(way.carrier, way.number) for way in plan.journeys}
    assert 0.8 < len(plan.ordered & ours) / len(ours) < 0.97
    assert any(len(order.shipments) > 1 for order in plan.orders)
    assert plan.ordered - ours, "some orders wait for shipments that are never seen"


def test_orders_come_before_and_after_the_first_word_of_their_shipment() -> None:
    plan = usual()
    first_word: dict[str, float] = {}
    for message in plan.raw:
        for way in plan.journeys:
            if way.number in message.what:
                first_word.setdefault(way.number, message.at_s)
    ahead = [
        message.at_s < first_word[message.order.shipments[0].tracking_number]
        for message in plan.messages
        if message.order is not None and message.order.shipments[0].tracking_number in first_word
    ]
    assert 0.4 < sum(ahead) / len(ahead) < 0.9


def test_some_scans_come_after_the_delivery_they_precede() -> None:
    delivered: set[str] = set()
    late = 0
    for message in usual().raw:
        if message.feed == "ups" and message.channel == "webhook" and " of " in message.what:
            number = message.what.split(" of ")[1].split(":")[0]
            late += number in delivered and not message.what.endswith("delivered")
            if message.what.endswith(": delivered"):
                delivered.add(number)
    assert late > 0


def test_every_kind_of_bad_record_is_among_them_whatever_the_size() -> None:
    for count in (5, 300):
        plan = tell(7, NOW_MS, count)
        assert {
            "empty", "malformed", "not_text", "unexpected_shape", "forbidden_xml", "unsupported_message",
            "invalid_time", "too_large",
        } <= set(plan.dead_letters)
        assert {message.feed for message in plan.raw if message.expected.carrier_error} == {"ups", "fedex", "dhl"}


def told_of(plan: Plan, words: str) -> list[str]:
    return [message.what for message in plan.messages if words in message.what]


def test_whatever_the_size_each_scene_is_among_them() -> None:
    plan = tell(7, NOW_MS, 5)
    for words in ("three packages", "bill of lading", "brings", "says whose", "997", "tender", "dropped file", "Avro"):
        assert told_of(plan, words), words
    assert {one.end for one in plan.staged} == {None, Status.DELIVERED, Status.RETURNED}
    [example] = [order for order in plan.orders if order.order_id == plan.example]
    assert {line.carrier for line in example.shipments} == {"ups", "rlca", "fedex"}
    assert (len(example.shipments), len({line.delivery_id for line in example.shipments})) == (4, 3)


def test_an_order_is_corrected_after_its_shipment_was_delivered() -> None:
    versions: dict[str, list[Order]] = {}
    for order in tell(7, NOW_MS, 5).orders:
        versions.setdefault(order.order_id, []).append(order)
    [(first, second)] = [both for both in versions.values() if len(both) > 1]
    assert first.updated_at < second.updated_at
    assert first.shipments[0].delivery_id == second.shipments[0].delivery_id
    assert first.shipments[0].tracking_number != second.shipments[0].tracking_number


def test_names_and_a_carrier_of_the_demo_are_for_a_stack_of_its_own() -> None:
    def of(plan: Plan) -> tuple[set[str], set[MasterKind], set[type]]:
        values = [message.record.value for message in plan.messages if message.record is not None]
        return (
            {message.feed for message in plan.raw}, {one.kind for one in values if isinstance(one, MasterRecord)},
            {type(one) for one in values},
        )

    feeds, kinds, types = of(tell(7, NOW_MS, 5))
    assert ("northway" in feeds, MasterKind.CUSTOMER in kinds, Interchange in types) == (False, False, True)
    feeds, kinds, _ = of(tell(7, NOW_MS, 5, on_own_stack=True))
    assert ("northway" in feeds, MasterKind.CUSTOMER in kinds) == (True, True)


def test_a_chapter_is_small_new_and_without_scenes() -> None:
    first, second = (chapter(7, number, NOW_MS, 5, 60.0) for number in (0, 1))
    assert first.messages == chapter(7, 0, NOW_MS, 5, 60.0).messages
    assert not first.shipments & second.shipments
    assert not {one.order_id for one in first.orders} & {one.order_id for one in second.orders}
    assert max(len(first.messages), len(second.messages)) < 150
    assert {message.record for message in first.messages} == {None}
    assert sum(message.expected.dead_letter is not None for message in first.messages) <= 1
    assert first.ordered <= first.shipments


def test_what_is_backdated_has_a_correlation_id_to_tell_it_by() -> None:
    plan = tell(7, NOW_MS, 5)
    assert plan.backdated
    assert all(one.startswith(plan.correlation_prefix) for one in plan.backdated)
    assert topics.ERP_ORDERS.name in {one.record.topic.name for one in plan.messages if one.record is not None}


def test_deliveries_whose_carrier_a_booking_finds_are_told_where_carriers_take_bookings() -> None:
    def released(plan: Plan) -> list[DeliveryRelease]:
        values = (message.record.value for message in plan.messages if message.record is not None)
        return [one for one in values if isinstance(one, DeliveryRelease)]

    assert released(tell(7, NOW_MS, 5, on_own_stack=True)) == released(tell(7, NOW_MS, 5, carriers=CarrierDesk())) == []
    desk = CarrierDesk()
    plan = tell(7, NOW_MS, 5, on_own_stack=True, carriers=desk)
    assert {one.order_id for one in released(plan)} == {plan.example}
    assert len(plan.booked) == 2
    assert plan.booked <= plan.delivered - plan.ordered
    links = {one["proof"] for message in plan.raw if message.feed == "meridian"
             if "proof" in (one := msgspec.json.decode(message.body))}
    assert len(links) == 2
    found = [desk.reply(link.rpartition("/")[2]).status for link in sorted(links)]
    assert sorted(found) == [200, 404]
