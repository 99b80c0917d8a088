"""Reports of carriers and the ERP about a shipment, and their outcome."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from streams.contracts.model import ProofOfDelivery
from streams.kernel.vocabulary import (
    AlertState,
    Classifier,
    Correction,
    ExceptionType,
    Milestone,
    Reason,
    RejectReason,
    Severity,
    Status,
)
from streams.shipments.facts import Facts, encode_entry, entry_of
from streams.shipments.record import Shipment, View
from streams.shipments.step import Received, step
from tests.support.laws import tell
from tests.support.shipment_told import DELIVERED, KEY, OUT, state, told
from tests.support.strategies import DAY_ONE, HOUR, MINUTE, carrier_event, received, reference

PICKED_UP = carrier_event(Milestone.PICKED_UP, 0)
IN_TRANSIT = carrier_event(Milestone.IN_TRANSIT, 10)


def test_a_late_scan_does_not_undo_delivered() -> None:
    outcome = told(DELIVERED, IN_TRANSIT)
    assert state(outcome).status is Status.DELIVERED
    assert state(outcome).event_count == 2
    assert [event.late for _, event in outcome.events] == [False, True]


def test_an_old_event_sent_again_after_a_newer_one_is_a_duplicate() -> None:
    outcome = told(PICKED_UP, OUT, PICKED_UP)
    assert outcome.counts["duplicates"] == 1
    assert len(outcome.events) == 2
    assert state(outcome).status is Status.OUT_FOR_DELIVERY


def test_a_scan_after_delivery_does_not_reopen_it() -> None:
    later = carrier_event(Milestone.ARRIVED_FACILITY, 40)
    assert state(told(DELIVERED, later)).status is Status.DELIVERED


def test_a_return_leaves_delivered_and_scans_on_the_way_back_leave_it_returning() -> None:
    back = carrier_event(Milestone.RETURNING, 40)
    scan = carrier_event(Milestone.ARRIVED_FACILITY, 50)
    assert state(told(DELIVERED, back, scan)).status is Status.RETURNING
    returned = carrier_event(Milestone.RETURNED, 60)
    assert state(told(DELIVERED, returned, scan, back)).status is Status.RETURNED


def test_what_is_said_of_a_piece_is_no_way_back_for_a_shipment_that_has_ended() -> None:
    rejected, other = (carrier_event(Milestone.BOOKING_REJECTED, 0, piece=piece) for piece in (None, "1"))
    returning = carrier_event(Milestone.RETURNING, 0, piece="2")
    for said in permutations([rejected, other, returning]):
        assert state(told(*said)).status is Status.CANCELLED


def test_a_failed_attempt_loops_back_to_out_for_delivery() -> None:
    attempt = carrier_event(Milestone.DELIVERY_ATTEMPTED, 25)
    again = carrier_event(Milestone.OUT_FOR_DELIVERY, 28)
    assert state(told(OUT, attempt, again)).status is Status.OUT_FOR_DELIVERY


@pytest.mark.parametrize("classifier", [Classifier.ESTIMATED, Classifier.PLANNED, Classifier.REQUESTED])
def test_planned_and_estimated_events_never_move_the_status(classifier: Classifier) -> None:
    forecast = carrier_event(Milestone.DELIVERED, 30, classifier=classifier)
    assert state(told(IN_TRANSIT, forecast)).status is Status.IN_TRANSIT


@pytest.mark.parametrize("milestone", [Milestone.UNKNOWN, Milestone.INFO, Milestone.TRACKING_EXPIRED])
def test_an_event_that_says_nothing_of_the_journey_never_moves_the_status(milestone: Milestone) -> None:
    assert state(told(IN_TRANSIT, carrier_event(milestone, 30))).status is Status.IN_TRANSIT


def test_a_delivery_dated_in_the_future_counts_from_its_receipt() -> None:
    bogus = carrier_event(
        Milestone.IN_TRANSIT, 40_000_000, received_at=DAY_ONE + 5 * MINUTE, flags=["timestamp_future"]
    )
    assert state(told(bogus, OUT)).status is Status.OUT_FOR_DELIVERY


def test_a_retracted_delivery_does_not_count_whichever_came_first() -> None:
    retraction = carrier_event(
        Milestone.DELIVERED, 35, correction=Correction.RETRACTS, corrects=DELIVERED.event_id
    )
    one, other = told(OUT, DELIVERED, retraction), told(retraction, DELIVERED, OUT)
    assert state(one).status is Status.OUT_FOR_DELIVERY
    assert state(one).delivered_at is None
    assert one.records == other.records


def test_a_replacement_counts_in_the_place_of_what_it_replaces() -> None:
    attempt = carrier_event(
        Milestone.DELIVERY_ATTEMPTED, 30, correction=Correction.REPLACES, corrects=DELIVERED.event_id
    )
    assert state(told(OUT, DELIVERED, attempt)).status is Status.DELIVERY_ATTEMPTED


def test_what_a_carrier_sends_again_with_other_facts_replaces_them_whichever_came_first() -> None:
    first = carrier_event(Milestone.DELIVERED, 30, carrier_event_id="E-7")
    again = carrier_event(
        Milestone.DELIVERY_ATTEMPTED, 29, carrier_event_id="E-7", received_at=first.received_at + MINUTE
    )
    one, other = told(OUT, first, again), told(again, first, OUT)
    assert state(one).status is Status.DELIVERY_ATTEMPTED
    assert state(one).delivered_at is None
    assert one.records == other.records


def test_two_events_of_one_message_hold_though_its_carrier_gave_them_one_id() -> None:
    loaded = carrier_event(Milestone.LOADED, 1, carrier_event_id="E-7")
    left = carrier_event(Milestone.DEPARTED_PICKUP, 2, carrier_event_id="E-7", received_at=loaded.received_at)
    assert state(told(loaded, left)).status is Status.IN_TRANSIT
    assert state(told(loaded, left)).last_milestone is Milestone.DEPARTED_PICKUP


def test_the_estimate_is_the_one_stated_last_and_stands_apart_from_the_status() -> None:
    first = carrier_event(Milestone.IN_TRANSIT, 5, estimated_delivery_at=DAY_ONE + HOUR)
    second = carrier_event(
        Milestone.ETA_UPDATED, 6, classifier=Classifier.ESTIMATED, estimated_delivery_at=DAY_ONE + 2 * HOUR
    )
    for outcome in (told(first, second), told(second, first)):
        assert state(outcome).estimated_delivery_at == DAY_ONE + 2 * HOUR
        assert state(outcome).status is Status.IN_TRANSIT


def test_the_state_says_who_signed_and_when_it_last_changed() -> None:
    proof = carrier_event(Milestone.POD_RECEIVED, 90, proof_of_delivery=ProofOfDelivery(signed_by="A. Berg"))
    seen = state(told(DELIVERED, proof))
    assert (seen.delivered_at, seen.signed_by) == (DELIVERED.occurred_at, "A. Berg")
    assert seen.updated_at == proof.received_at
    assert seen.last_milestone is Milestone.POD_RECEIVED
    assert seen.status_at == DELIVERED.occurred_at


def test_an_event_before_its_order_goes_out_unmatched_and_its_outputs_wait() -> None:
    outcome = told(PICKED_UP, OUT)
    assert [event.matched for _, event in outcome.events] == [False, False]
    assert not outcome.updates
    assert not outcome.milestones


def test_what_waited_goes_out_once_in_event_time_order_when_the_order_comes() -> None:
    outcome = told(DELIVERED, PICKED_UP, IN_TRANSIT, OUT, reference(), reference())
    assert [update.milestone for update in outcome.updates] == [
        Milestone.PICKED_UP, Milestone.OUT_FOR_DELIVERY, Milestone.DELIVERED,
    ]  # fmt: skip
    assert [update.superseded for update in outcome.updates] == [True, True, False]
    assert [fact.milestone for fact in outcome.milestones] == [Milestone.PICKED_UP, Milestone.DELIVERED]
    assert outcome.counts["links_repeated"] == 1


def test_with_the_order_known_outputs_go_out_at_once() -> None:
    outcome = told(reference(), PICKED_UP)
    assert outcome.events[0][1].matched
    assert outcome.events[0][1].orders[0].order_id == "O-1"
    assert [update.customer_id for update in outcome.updates] == ["customer of O-1"]
    assert [fact.delivery_id for fact in outcome.milestones] == ["D-1"]


def test_a_second_order_on_the_shipment_gets_the_whole_story_too() -> None:
    outcome = told(reference(), PICKED_UP, DELIVERED, reference("O-2", "D-2"))
    assert [update.order_id for update in outcome.updates] == ["O-1", "O-1", "O-2", "O-2"]
    assert [fact.delivery_id for fact in outcome.milestones] == ["D-1", "D-1", "D-2", "D-2"]


def test_a_second_delivery_of_the_order_tells_the_customer_nothing_twice() -> None:
    outcome = told(reference(), PICKED_UP, reference("O-1", "D-2"))
    assert len(outcome.updates) == 1
    assert [fact.delivery_id for fact in outcome.milestones] == ["D-1", "D-2"]


def test_a_changed_promise_updates_the_link_and_an_older_version_does_not() -> None:
    new = reference(promised_delivery_at=DAY_ONE + 9 * HOUR, updated_at=DAY_ONE + HOUR)
    for outcome in (told(reference(), PICKED_UP, new), told(new, PICKED_UP, reference())):
        assert state(outcome).orders[0].promised_delivery_at == DAY_ONE + 9 * HOUR
        assert len(outcome.updates) == 1


def test_a_shipment_an_order_expects_is_planned_until_the_carrier_speaks() -> None:
    assert state(told(reference())).status is Status.PLANNED
    assert state(told(reference(), PICKED_UP)).status is Status.PICKED_UP


def test_a_fact_reported_by_a_second_event_is_not_told_again_but_each_attempt_is() -> None:
    loaded = carrier_event(Milestone.LOADED, 3)
    attempts = [carrier_event(Milestone.DELIVERY_ATTEMPTED, minute) for minute in (21, 22)]
    outcome = told(reference(), PICKED_UP, loaded, *attempts)
    assert [fact.milestone for fact in outcome.milestones] == [
        Milestone.PICKED_UP, Milestone.DELIVERY_ATTEMPTED, Milestone.DELIVERY_ATTEMPTED,
    ]  # fmt: skip


def test_damage_at_delivery_is_a_fact_beside_the_delivery() -> None:
    broken = carrier_event(Milestone.DELIVERED, 31, exception=ExceptionType.DAMAGE, reason=Reason.ACCIDENT)
    outcome = told(reference(), DELIVERED, broken)
    assert [(fact.milestone, fact.exception) for fact in outcome.milestones] == [
        (Milestone.DELIVERED, ExceptionType.NONE),
        (Milestone.INFO, ExceptionType.DAMAGE),
    ]


def test_customers_hear_no_internal_trouble_and_no_internal_reason() -> None:
    misrouted = carrier_event(
        Milestone.OUT_FOR_DELIVERY, 20, exception=ExceptionType.MISROUTE, reason=Reason.MISSORTED
    )
    delayed = carrier_event(
        Milestone.ARRIVED_FACILITY, 22, exception=ExceptionType.DELAY, reason=Reason.DISPATCH_ERROR
    )
    outcome = told(reference(), misrouted, delayed)
    assert [(update.exception, update.reason) for update in outcome.updates] == [
        (ExceptionType.NONE, Reason.NORMAL),
        (ExceptionType.DELAY, Reason.OTHER),
    ]


def test_a_hub_scan_is_no_news_for_customers() -> None:
    assert not told(reference(), carrier_event(Milestone.ARRIVED_FACILITY, 5)).updates


def test_an_exception_raises_an_alert_and_the_next_good_milestone_resolves_it() -> None:
    delay = carrier_event(
        Milestone.ARRIVED_FACILITY, 5, exception=ExceptionType.DELAY, reason=Reason.WEATHER
    )
    outcome = told(PICKED_UP, delay)
    assert state(outcome).open_exceptions == [ExceptionType.DELAY]
    assert [(alert.state, alert.severity) for alert in outcome.alerts] == [
        (AlertState.RAISED, Severity.WARNING)
    ]
    outcome = tell([[received(OUT)]], outcome)
    assert not state(outcome).open_exceptions
    assert outcome.alerts[-1].state is AlertState.RESOLVED
    assert len({alert.alert_id for alert in outcome.alerts}) == 1


def test_an_exception_known_too_late_opens_nothing() -> None:
    delay = carrier_event(Milestone.ARRIVED_FACILITY, 5, exception=ExceptionType.DELAY)
    assert not told(OUT, delay).alerts


def test_damage_is_critical_and_outlives_scans_until_the_goods_arrive_sound() -> None:
    damage = carrier_event(Milestone.ARRIVED_FACILITY, 5, exception=ExceptionType.DAMAGE)
    outcome = told(damage, OUT)
    assert outcome.open_alerts
    assert outcome.alerts[0].severity is Severity.CRITICAL
    assert not tell([[received(DELIVERED)]], outcome).open_alerts


def test_lost_opens_a_loss_without_being_told_so() -> None:
    outcome = told(carrier_event(Milestone.LOST, 50))
    assert state(outcome).open_exceptions == [ExceptionType.LOSS]


def test_of_two_sightings_of_one_event_the_one_received_first_is_kept() -> None:
    poll = replace(OUT, received_at=OUT.received_at + HOUR, estimated_delivery_at=DAY_ONE + HOUR)
    one, other = told(OUT, poll), told(poll, OUT)
    assert one.records == other.records
    assert state(one).updated_at == OUT.received_at
    assert other.counts["duplicates"] == 1


def test_the_body_goes_out_as_it_came() -> None:
    out = step([Received(OUT, b"its avro body")], {KEY: None})
    [(key, event)] = out.outputs.events
    assert (key, event.event) == (KEY, b"its avro body")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"event_id": "7"}, RejectReason.CONTRACT_BROKEN),
        ({"event_id": "AB" * 16}, RejectReason.CONTRACT_BROKEN),
        ({"event_id": " " * 32}, RejectReason.CONTRACT_BROKEN),
        ({"tracking_number": ""}, RejectReason.NO_REFERENCE),
        ({"correction": Correction.RETRACTS, "corrects": None}, RejectReason.CONTRACT_BROKEN),
        ({"correction": Correction.RETRACTS, "corrects": "7"}, RejectReason.CONTRACT_BROKEN),
    ],
)
def test_an_unusable_event_is_refused_and_its_neighbours_go_on(
    changes: dict[str, Any], reason: RejectReason
) -> None:
    out = step([received(replace(OUT, **changes)), received(DELIVERED)], {})
    assert [(place, reject.reason) for place, reject in out.refused] == [(0, reason)]
    assert out.counts == {"accepted": 1, "unmatched": 1, "refused": 1}
    assert list(out.states) == [KEY]


def test_a_number_under_which_everything_comes_is_full_one_day_and_says_so() -> None:
    scan = replace(entry_of(OUT, b""), piece="x" * 4_000)
    filled = Shipment(Facts("north", "N100", history=[encode_entry(scan)] * 102, seen=bytes(16 * 102)), View())
    out = step([received(OUT)], {KEY: filled})
    [(place, reject)] = out.refused
    assert (place, reject.reason) == (0, RejectReason.TOO_LARGE)
    assert "102 events" in reject.detail
    assert out.states == {}
    assert out.counts == {"refused": 1}


def test_a_shipment_of_many_events_that_has_room_takes_more() -> None:
    scans = [carrier_event(Milestone.ARRIVED_FACILITY, hour) for hour in range(150)]
    assert state(told(*scans)).event_count == 150


def test_an_event_with_a_novel_in_it_is_refused_alone() -> None:
    novel = replace(DELIVERED, proof_of_delivery=ProofOfDelivery(signed_by="B. " * 2_000))
    outcome = told(PICKED_UP, novel, OUT)
    assert outcome.counts["refused"] == 1
    assert state(outcome).status is Status.OUT_FOR_DELIVERY


def test_a_repeat_with_a_novel_in_it_does_not_take_the_place_of_the_event() -> None:
    novel = replace(
        DELIVERED, received_at=DELIVERED.received_at - 1, proof_of_delivery=ProofOfDelivery(signed_by="B. " * 2_000)
    )
    outcome = told(DELIVERED, novel)
    assert outcome.counts["duplicates"] == 1
    assert state(outcome).signed_by is None
