"""Events known by a reference alone become a shipment's: exactly one that can be meant, and never a guess."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.model import CarrierEvent, OrderReference, Reference
from streams.identity import step as identification
from streams.identity.matching import MatchingRules
from streams.identity.record import IdentityInput
from streams.identity.resolved_events import BY_REFERENCE
from streams.kernel.vocabulary import AlertKind, AlertState, Correction, Milestone, RejectReason, SaidBy, Status
from streams.shipments import step as shipments
from streams.shipments.facts import Facts
from streams.shipments.record import Shipment, View, decode
from streams.shipments.reuse.archive import Keeping, due_at
from streams.shipments.state_view import state_of
from streams.shipments.timers.deadlines import Patience, deadlines, fall_due
from tests.support.laws import tell as tell_shipments
from tests.support.reference_inputs import BOL, DAYS, World, histories, line, tell, unresolved, word
from tests.support.strategies import AGGREGATOR, DAY_ONE, HOUR, MINUTE, Said, batchings, received

HERE, THERE = "north:N1", "north:N2"
PATIENCE = Patience(
    dict.fromkeys(Status, 2 * HOUR), late=HOUR, order_not_found=HOUR, never_shipped=3 * HOUR, proof_missing=HOUR,
    delivery_unreported=HOUR,
)
KEEPING = Keeping(60 * HOUR, 180 * HOUR)


def told(world: World) -> list[tuple[str, Milestone, Correction]]:
    return [(key, event.milestone, event.correction) for key, event in world.events]


def test_an_event_without_a_claim_waits() -> None:
    world = tell([[unresolved()]])
    assert (world.events, world.alerts) == ([], [])
    assert world.counts == {"accepted": 1}


@pytest.mark.parametrize("chunks", [[[unresolved(), word("N1")]], [[word("N1")], [unresolved()]]])
def test_it_goes_out_with_the_number_once_one_shipment_is_claimed_whatever_came_first(chunks: list[list]) -> None:
    [(key, event)] = tell(chunks).events
    assert (key, event.carrier, event.tracking_number) == (HERE, "north", "N1")
    assert event.flags == ["resolved_by_event"]
    assert event.source.channel == "webhook" + BY_REFERENCE
    assert event.event_id not in ("", unresolved().event_id)
    assert (event.occurred_at, event.references) == (unresolved().occurred_at, [BOL])


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        ([word("N1", SaidBy.ORDER)], "resolved_by_order"),
        ([word("N1"), word("N1", SaidBy.ORDER)], "resolved_by_order"),
        ([word("N1"), word("N1", SaidBy.PERSON)], "resolved_by_person"),
    ],
)
def test_a_resolved_event_is_flagged_with_the_source_of_the_claim(words: list, flag: str) -> None:
    [(_, event)] = tell([[*words, unresolved()]]).events
    assert event.flags == [flag]


def test_of_two_shipments_none_is_guessed() -> None:
    world = tell([[unresolved(), word("N1"), word("N2")]])
    assert world.events == []
    [alert] = world.alerts
    assert (alert.kind, alert.state, alert.subject) == (AlertKind.REFERENCE_AMBIGUOUS, AlertState.RAISED, "bol:B1")
    assert "north:N1, north:N2" in alert.message


def test_a_manual_resolution_wins_and_resolves_the_alert() -> None:
    world = tell([[unresolved(), word("N1"), word("N2")], [word("N2", SaidBy.PERSON)]])
    assert told(world) == [(THERE, Milestone.PICKED_UP, Correction.NEW)]
    assert world.open_alerts == {}


def test_only_a_shipment_of_the_carrier_that_speaks_can_be_meant() -> None:
    world = tell([[unresolved(), word("S1", carrier="south")]])
    assert world.events == []
    assert told(tell([[word("N1")]], world)) == [(HERE, Milestone.PICKED_UP, Correction.NEW)]


def test_a_person_may_name_another_carrier() -> None:
    world = tell([[unresolved(), word("S1", SaidBy.PERSON, carrier="south")]])
    assert told(world) == [("south:S1", Milestone.PICKED_UP, Correction.NEW)]


def test_a_number_given_again_is_the_shipment_of_its_time() -> None:
    first, second = unresolved(0), unresolved(9 * DAYS, Milestone.DELIVERED)
    world = tell([[word("N1", minutes=5), word("N2", minutes=9 * DAYS), first, second]])
    assert sorted(told(world)) == [
        (HERE, Milestone.PICKED_UP, Correction.NEW), (THERE, Milestone.DELIVERED, Correction.NEW),
    ]
    assert world.alerts == []


def test_a_claim_holds_between_its_first_and_its_last_word() -> None:
    world = tell([[word("N1"), word("N1", minutes=30 * DAYS), unresolved(15 * DAYS)]])
    assert [key for key, _ in world.events] == [HERE]


def test_what_was_resolved_wrongly_is_taken_back_and_told_where_it_belongs() -> None:
    world = tell([[unresolved(), word("N1")], [word("N2", SaidBy.PERSON, 1)]])
    (_, wrong), (key, back), (right_key, right) = world.events
    assert (key, back.correction, back.corrects) == (HERE, Correction.RETRACTS, wrong.event_id)
    assert back.flags == ["resolved_anew"]
    assert (right_key, right.tracking_number) == (THERE, "N2")
    assert world.counts["taken_back"] == 1


def test_an_event_whose_reference_becomes_ambiguous_is_retracted_and_waits() -> None:
    world = tell([[unresolved(), word("N1")], [word("N2")]])
    assert world.stories == {}
    assert len(world.open_alerts) == 1


def test_what_is_found_again_where_it_was_taken_back_stands_there_again() -> None:
    """A shipment's history keeps a retraction for good, so the event comes under another id."""
    world = tell([[unresolved(), word("N1")], [word("N2", SaidBy.PERSON, 1)], [word("N1", SaidBy.PERSON, 2)]])
    assert len({event.event_id for _, event in world.events}) == len(world.events) == 5
    assert {key: len(story) for key, story in world.stories.items()} == {HERE: 1}
    first, last = world.events[0][1], world.events[-1][1]
    assert (last.tracking_number, first.tracking_number) == ("N1", "N1")


def test_the_shipments_histories_follow() -> None:
    """The outcome of the shipments stage: one story, at the right shipment."""
    world = tell([
        [unresolved(), unresolved(9, Milestone.DELIVERED), word("N1")], [word("N2", SaidBy.PERSON, 1)],
        [word("N1", SaidBy.PERSON, 2)],
    ])
    chunk = [shipments.Received(event, event.event_id.encode()) for _, event in world.events]
    outcome = tell_shipments([chunk])
    statuses = {key: decode(data).view.status for key, data in outcome.records.items()}
    assert statuses == {HERE: Status.DELIVERED, THERE: Status.UNKNOWN}


def test_every_source_that_told_of_it_is_heard() -> None:
    world = tell([[unresolved(), unresolved(source=AGGREGATOR), word("N1")]])
    assert sorted(event.source.feed for _, event in world.events) == ["north.track", "west.all"]
    assert len({event.event_id for _, event in world.events}) == 1


def test_a_correction_corrects_what_it_was_about() -> None:
    event = unresolved()
    correction = unresolved(5, Milestone.INFO, correction=Correction.RETRACTS, corrects=event.event_id)
    world = tell([[event, correction, word("N1")]])
    ids = {one.correction: one for _, one in world.events}
    assert ids[Correction.RETRACTS].corrects == ids[Correction.NEW].event_id


def test_an_orders_line_claims_the_shipment_it_turns_out_to_be() -> None:
    world = tell([[line()], [word("N1")]])
    [claim] = world.references
    assert (claim.carrier, claim.tracking_number, claim.order_id, claim.delivery_id) == ("north", "N1", "O-1", "D-1")
    assert (claim.updated_at, claim.withdrawn) == (DAY_ONE, False)


def test_a_line_that_names_no_carrier_is_any_carriers() -> None:
    world = tell([[line(carrier=""), word("S1", carrier="south")]])
    assert [claim.carrier for claim in world.references] == ["south"]


def test_a_line_moves_with_what_is_claimed() -> None:
    world = tell([[line(), word("N1")], [word("N2", SaidBy.PERSON, 1)], [word("N1", SaidBy.PERSON, 2)]])
    assert list(world.claims) == [("north", "N1", "O-1", "D-1")]


def test_a_claim_found_good_again_is_told_with_its_own_time_in_another_turn() -> None:
    world = tell([[line(), word("N1")], [word("N2")], [word("N1", SaidBy.PERSON, 1)]])
    assert [(one.updated_at, one.withdrawn, one.turn) for one in world.references] == [
        (DAY_ONE, False, 0), (DAY_ONE, True, 0), (DAY_ONE, False, 1),
    ]


@pytest.mark.parametrize("doubted", [True, False])
def test_of_two_references_with_other_terms_the_same_win_whatever_was_in_doubt_for_a_while(*, doubted: bool) -> None:
    po = {"type": "po", "value": "P9"}
    first = [line(customer_id="C-1"), word("N1"), line(customer_id="C-2", **po), word("N1", **po)]
    last = [word("N2"), word("N1", SaidBy.PERSON, 1)]
    world = tell([[one] for one in (*first, *last)] if doubted else [[*first, *last]])
    assert world.claims == {("north", "N1", "O-1", "D-1"): (DAY_ONE, "C-2", -1)}


def test_a_claim_says_what_it_is_made_by_and_so_does_what_takes_it_back() -> None:
    po = {"type": "po", "value": "P9"}
    world = tell([[line(), line(**po), word("N1"), word("N1", **po)], [word("N2")]])
    assert [(one.by, one.withdrawn) for one in world.references] == [
        ("bol:B1", False), ("po:P9", False), ("bol:B1", True),
    ]
    assert list(world.claims) == [("north", "N1", "O-1", "D-1")], "the purchase order is in no doubt"


def test_a_doubtful_reference_leaves_the_line_with_the_number_its_shipment() -> None:
    world = tell([[line(), word("N1")], [word("N2")]])
    itself = OrderReference("north", "N1", "O-1", "D-1", "C-1", None, DAY_ONE)
    for said_in_turn in ([itself, *world.references], [*world.references, itself]):
        outcome = tell_shipments([[one] for one in said_in_turn])
        assert [one.order_id for one in decode(outcome.records[HERE]).orders] == ["O-1"]


@given(histories(), st.data())
def test_shipments_take_the_claims_as_this_world_does(
    history: list[IdentityInput], data: st.DataObject
) -> None:
    world = tell([[item] for item in history])
    outcome = tell_shipments([data.draw(st.permutations(world.references))])
    shipments_told = {key: decode(record) for key, record in outcome.records.items()}
    claimed = {
        (*key.split(":"), one.order_id, one.delivery_id): (at, one.customer_id, one.promised_delivery_at or -1)
        for key, told_of in shipments_told.items()
        for one, at in zip(told_of.orders, told_of.claimed_at, strict=True)
    }
    assert claimed == world.claims


def test_a_line_given_up_by_its_order_claims_nothing_and_leaves_what_is_said_later() -> None:
    world = tell([[line(), word("N1")], [line(withdrawn=True, minutes=1)]])
    assert world.claims == {}
    assert world.references[-1].updated_at == DAY_ONE, "a newer claim on the shipment by its number has to stand"


@pytest.mark.parametrize("chunked", [True, False])
def test_of_two_lines_of_one_claim_the_one_that_still_means_the_shipment_holds(*, chunked: bool) -> None:
    """The later names no carrier, so that it becomes doubtful: the earlier, of the carrier's, counts as before."""
    later = [word("N1", minutes=5 * DAYS), line(carrier="", minutes=5 * DAYS, customer_id="C-2")]
    said = [*later, word("S1", carrier="south", minutes=5 * DAYS), word("N1"), line()]
    world = tell([[one] for one in said] if chunked else [said])
    assert world.claims == {("north", "N1", "O-1", "D-1"): (DAY_ONE, "C-1", -1)}


def test_a_line_told_anew_renews_its_claim() -> None:
    world = tell([[line(), word("N1")], [line(minutes=3, customer_id="C-2")]])
    assert world.claims == {("north", "N1", "O-1", "D-1"): (DAY_ONE + 3 * MINUTE, "C-2", -1)}


def test_a_repeat_says_nothing() -> None:
    said_once = [unresolved(), word("N1"), line()]
    world = tell([said_once])
    again = tell([said_once], world)
    assert (again.events, again.references, again.alerts) == (world.events, world.references, world.alerts)
    assert again.counts["duplicates"] == 1
    assert again.counts["claims_repeated"] == 2


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (unresolved(references=[]), RejectReason.NO_REFERENCE),
        (unresolved(references=[Reference("bol", " ")]), RejectReason.NO_REFERENCE),
        (unresolved(tracking_number="N1"), RejectReason.CONTRACT_BROKEN),
        (word("N1", carrier=""), RejectReason.CONTRACT_BROKEN),
        (word(""), RejectReason.CONTRACT_BROKEN),
        (word("N1", value=""), RejectReason.NO_REFERENCE),
    ],
)
def test_what_cannot_be_used_is_refused_alone(bad: IdentityInput, reason: RejectReason) -> None:
    out = identification.step([bad, unresolved()], {}, MatchingRules())
    assert [(place, reject.reason) for place, reject in out.refused] == [(0, reason)]
    assert out.counts == {"refused": 1, "accepted": 1}


def test_a_reference_holds_no_more_than_its_record_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identification, "MOST_EVENT_BYTES", 2_000)
    events = [unresolved(minutes) for minutes in range(9)]
    out = identification.step(events, {}, MatchingRules())
    assert 0 < len(out.refused) < 9
    assert {reject.reason for _, reject in out.refused} == {RejectReason.TOO_LARGE}
    assert "placeholder" in out.refused[0][1].detail
    monkeypatch.setattr(identification, "MOST_CLAIMS", 2)
    out = identification.step([word(f"N{number}") for number in range(4)], {}, MatchingRules())
    assert len(out.refused) == 2


def holds(one: World, other: World) -> None:
    assert one.known == other.known
    assert one.stories == other.stories
    assert one.claims == other.claims
    assert one.open_alerts == other.open_alerts


@given(st.data())
def test_order_repetition_and_batching_change_nothing_in_the_end(data: st.DataObject) -> None:
    history = data.draw(histories())
    again = data.draw(st.lists(st.sampled_from(history), max_size=4)) if history else []
    retold = data.draw(st.permutations([*history, *again]))
    plain = tell([history])
    for chunks in (data.draw(batchings(retold)), [[item] for item in retold]):
        holds(plain, tell(chunks))


Ends = dict[str, tuple[Any, ...]]


def ends(world: World) -> Ends:
    """The shipments as they end, as others read them, with what is open and what falls due; of those nothing is
    known of, nothing is and does."""
    outcome = tell_shipments([[item] for item in _told(world)])
    opened = outcome.open_alerts.values()
    ended: Ends = {}
    for key, record in outcome.records.items():
        shipment = decode(record)
        state = state_of(shipment, b"", shipment.view.updated_at)
        alerts = [one for one in opened if one.subject == key]
        due = sorted(deadlines(shipment, PATIENCE)), due_at(shipment, KEEPING, PATIENCE)
        alerts += fall_due(shipment, PATIENCE, DAY_ONE + 400 * DAYS * MINUTE)
        one = state, shipment.claimed_at, due, sorted(alerts, key=lambda alert: alert.alert_id)
        if state.event_count or state.orders:
            ended[key] = one
        else:
            unheard_of = state_of(Shipment(Facts(shipment.carrier, shipment.tracking_number), View()), b"", 0)
            assert one == (unheard_of, [], ([], None), [])
    return ended


@given(st.data())
def test_the_shipments_end_alike_whatever_they_were_thought_to_be_for_a_while(data: st.DataObject) -> None:
    """No alert, deadline or public word tells what was told of a shipment and taken back."""
    history = data.draw(histories())
    retold = data.draw(st.permutations(history))
    assert ends(tell([history])) == ends(tell([[item] for item in retold]))


@given(st.data())
def test_customers_and_the_erp_were_told_the_same_in_the_end(data: st.DataObject) -> None:
    """Beliefs of a while do not matter, nor whether orders were known before or come later: what was told of an event
    found to be another shipment's, or to an order found to claim another, is taken back, and an event found again is
    no second occurrence."""
    history = data.draw(histories())
    first, last = tell([history]), tell([[item] for item in data.draw(st.permutations(history))])
    orders = [
        OrderReference("north", number, f"O-{number}", f"D-{number}", "C-1", None, DAY_ONE) for number in ("N1", "N2")
    ]
    told_before = tell_shipments([[one] for one in [*orders, *_told(first)]])
    told_later = tell_shipments([[one] for one in [*_told(last), *orders]])
    assert told_before.standing == told_later.standing


def _told(world: World) -> list[Said]:
    return [*(received(event) for _, event in world.events), *world.references]


@given(histories())
def test_every_input_is_accounted_for(history: list[IdentityInput]) -> None:
    world = tell([history])
    events = sum(isinstance(item, CarrierEvent) for item in history)
    counts = world.counts
    assert counts["accepted"] + counts["duplicates"] == events
    assert counts["claimed"] + counts["claims_repeated"] == len(history) - events


@given(histories())
def test_nothing_stands_at_two_shipments_and_nothing_goes_out_twice(history: list[IdentityInput]) -> None:
    world = tell([[item] for item in history])
    standing = [fact for story in world.stories.values() for fact in story]
    assert len(standing) == len(set(standing)), "one event, one shipment"
    sent = [(event.event_id, event.source.feed, event.received_at) for _, event in world.events]
    assert len(sent) == len(set(sent))


@given(histories())
def test_telling_everything_again_emits_nothing(history: list[IdentityInput]) -> None:
    first = tell([history])
    second = tell([history], first)
    assert (second.records, second.events, second.references) == (first.records, first.events, first.references)
    assert second.alerts == first.alerts
