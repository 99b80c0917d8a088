"""A number that is used again is another shipment's; what is told of it depends on when it happened."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.model import Adoption, DeliveryMilestone
from streams.fulfilment.step import step as post
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import AlertState, Correction, ExceptionType, LinkKind, Milestone, Reason, Status
from streams.shipments.chunk import Outputs
from streams.shipments.facts import Child
from streams.shipments.record import Shipment, encode
from streams.shipments.reuse.archive import archived
from streams.shipments.reuse.split import BEGINNINGS
from streams.shipments.step import Received, step
from tests.support.number_reuse import FIRST, KEEPING, KEY, SECOND, Result, Said, at, claim, found, tell
from tests.support.reference_inputs import mistaken
from tests.support.strategies import received


def ids(out: Result) -> set[str]:
    return {one.update_id for one in out.outputs.customer_updates}


def grave(*said: Said) -> dict[str, Shipment | None]:
    return {KEY: archived(tell(*said).states[KEY])[0]}


def test_a_late_event_of_an_archived_shipment_enters_the_history_and_changes_nothing_else() -> None:
    out = tell(at(-0.5, Milestone.OUT_FOR_DELIVERY), states=grave(*FIRST))
    [(key, event)] = out.outputs.events
    assert (key, event.late, event.matched, event.status) == (KEY, True, False, Status.DELIVERED)
    assert (out.outputs.customer_updates, out.outputs.delivery_milestones, out.outputs.alerts) == ([], [], [])
    assert out.states[KEY].facts.history == []
    assert out.counts == {"accepted": 1, "unmatched": 1, "late": 1, "past": 1}


def test_what_was_heard_before_the_archiving_and_late_is_a_repeat_when_it_comes_again() -> None:
    late = at(-0.5, Milestone.OUT_FOR_DELIVERY)
    after = tell(late, states=grave(*FIRST)).states
    again = tell(late, FIRST[1], FIRST[2], states=dict(after))
    assert again.counts == {"duplicates": 3}
    assert (again.outputs.events, again.states) == ([], {})


def test_the_first_order_of_a_shipment_that_ended_without_one_is_that_shipments_however_late() -> None:
    orders = [claim(100, "O-1"), at(-1, Milestone.PICKED_UP), at(0, Milestone.DELIVERED)]
    before, after = tell(*orders), tell(*orders[1:], orders[0])
    assert encode(before.states[KEY]) == encode(after.states[KEY])
    assert after.states[KEY].facts.stub is None
    assert ids(after) == ids(before)


def test_a_beginning_long_after_begins_another_shipment_with_ids_of_its_own() -> None:
    before = tell(*FIRST)
    out = tell(*SECOND, claim(98, "O-1b"), states=grave(*FIRST))
    shipment = out.states[KEY]
    assert (shipment.view.generation, shipment.view.status) == (2, Status.OUT_FOR_DELIVERY)
    assert len(shipment.facts.history) == 3
    assert [one.order_id for one in shipment.orders] == ["O-1b"]
    assert {one.milestone for one in out.outputs.customer_updates} == {
        Milestone.PRE_ADVISED, Milestone.PICKED_UP, Milestone.OUT_FOR_DELIVERY,
    }
    same_order = tell(*SECOND, claim(98, "O-1", tracking_number="N100"), states={KEY: None})
    assert not ids(before) & ids(out)
    assert not ids(same_order) & ids(out)


def test_the_orders_of_the_first_do_not_claim_the_second() -> None:
    states = grave(*FIRST)
    out = tell(*SECOND, claim(102, "O-1"), claim(20, "O-OLD"), states=states)
    assert out.states[KEY].orders == []
    assert out.outputs.customer_updates == []
    assert out.counts["links_past"] == 2
    later = tell(claim(110, "O-OLD"), states=dict(out.states))
    assert later.counts == {"links_past": 1}


def test_a_new_orders_claim_begins_another_too() -> None:
    out = tell(claim(90, "O-2"), states=grave(*FIRST))
    assert out.states[KEY].view.generation == 2
    assert out.states[KEY].status is Status.PLANNED


def test_a_cancellation_begins_nothing_and_an_older_claim_of_it_stays_cancelled() -> None:
    cancelled = tell(claim(91, "O-2", withdrawn=True), states=grave(*FIRST))
    assert cancelled.states[KEY].view.archived
    out = tell(claim(90, "O-2"), states=dict(cancelled.states))
    assert out.counts == {"links_repeated": 1}
    assert out.states[KEY].view.archived


def test_no_beginning_no_shipment_but_one_that_comes_after_finds_what_was_held() -> None:
    overtaking = at(101, Milestone.OUT_FOR_DELIVERY)
    held = tell(overtaking, states=grave(*FIRST))
    assert held.counts == {"accepted": 1, "unmatched": 1, "late": 1, "held": 1}
    assert held.states[KEY].status is Status.DELIVERED
    assert tell(overtaking, states=dict(held.states)).counts == {"duplicates": 1}
    out = tell(at(100, Milestone.PICKED_UP), claim(98, "O-2"), states=dict(held.states))
    assert out.states[KEY].view.status is Status.OUT_FOR_DELIVERY
    assert {one.milestone for one in out.outputs.customer_updates} == {Milestone.PICKED_UP, Milestone.OUT_FOR_DELIVERY}


def test_where_the_old_record_is_still_there_it_is_archived_at_once() -> None:
    old = tell(*FIRST).states
    out = tell(at(46, Milestone.PRE_ADVISED), states=dict(old))
    assert [encode(one) for one in out.outputs.archived] == [encode(old[KEY])]
    assert (out.states[KEY].view.generation, out.states[KEY].orders) == (2, [])
    assert out.counts["archived"] == 1


@pytest.mark.parametrize("word", [at(44, Milestone.PRE_ADVISED), at(50, Milestone.POD_RECEIVED), claim(44, "O-2"),
                                  claim(90, "O-1")])
def test_what_comes_sooner_or_is_no_beginning_is_about_the_shipment_that_ended(word: Said) -> None:
    out = tell(word, states=dict(tell(*FIRST).states))
    assert out.outputs.archived == []
    assert out.states[KEY].view.generation == 1


def test_what_is_open_when_another_begins_is_resolved_under_its_own_id() -> None:
    damaged = tell(at(-1, Milestone.INFO, exception=ExceptionType.DAMAGE, reason=Reason.OTHER), at(0, Milestone.LOST))
    raised = {one.alert_id for one in damaged.outputs.alerts if one.state is AlertState.RAISED}
    out = tell(at(99, Milestone.PICKED_UP), states=dict(damaged.states))
    assert raised == {one.alert_id for one in out.outputs.alerts if one.state is AlertState.RESOLVED}
    again = tell(at(99, Milestone.INFO, exception=ExceptionType.DAMAGE, reason=Reason.OTHER), states=dict(out.states))
    assert not raised & {one.alert_id for one in again.outputs.alerts}


def test_an_end_that_comes_late_divides_what_seemed_one_shipment() -> None:
    running = tell(claim(-1, "O-1"), claim(99, "O-2"), *SECOND).states
    out = tell(at(0, Milestone.DELIVERED), states=dict(running))
    [old] = out.outputs.archived
    assert [one.order_id for one in old.orders] == ["O-1"]
    assert old.status is Status.DELIVERED
    assert [one.order_id for one in out.states[KEY].orders] == ["O-2"]
    assert (out.states[KEY].view.generation, out.states[KEY].view.status) == (2, Status.OUT_FOR_DELIVERY)


@pytest.mark.parametrize("late", [True, False])
def test_what_was_found_not_to_be_its_own_keeps_no_shipment_from_its_end(*, late: bool) -> None:
    wrong = [received(one) for one in mistaken(at(-0.5, Milestone.PICKED_UP, piece="2").event)]
    end = at(0, Milestone.DELIVERED, piece="1")
    said = [*SECOND, *wrong, end] if late else [*wrong, end, *SECOND]
    states: dict[str, Shipment | None] = {KEY: None}
    for one in said:
        states |= tell(one, states=states).states
    shipment = states[KEY]
    assert shipment is not None
    assert (shipment.view.generation, shipment.view.status) == (2, Status.OUT_FOR_DELIVERY)


def test_the_words_of_a_claim_go_with_it() -> None:
    first = [claim(-1, "O-1"), claim(-1, "O-1", by="bol:B1"), claim(-1, "O-3", by="po:P9", withdrawn=True)]
    second = [claim(99, "O-2"), claim(99, "O-2", by="bol:B1"), claim(99, "O-2", by="bol:B1", withdrawn=True)]
    out = tell(at(0, Milestone.DELIVERED), states=dict(tell(*first, *second, *SECOND).states))
    [old] = out.outputs.archived
    assert [(one.claim[0], one.by) for one in old.facts.claims] == [("O-1", ""), ("O-1", "bol:B1"), ("O-3", "po:P9")]
    new = out.states[KEY]
    assert [(one.claim[0], one.by, one.withdrawn) for one in new.facts.claims] == [
        ("O-2", "", False), ("O-2", "bol:B1", True),
    ]
    assert [one.order_id for one in new.orders] == ["O-2"]


def test_a_reference_in_doubt_takes_no_order_of_the_next_shipment() -> None:
    out = tell(claim(98, "O-2"), claim(98, "O-2", by="bol:B1"), states=grave(*FIRST))
    assert (out.states[KEY].view.generation, out.counts["linked"]) == (2, 1)
    doubtful = tell(claim(98, "O-2", by="bol:B1", withdrawn=True), states=dict(out.states))
    assert [one.order_id for one in doubtful.states[KEY].orders] == ["O-2"]


def test_what_a_reference_takes_back_of_the_past_leaves_no_trace_there() -> None:
    states = grave(*FIRST)
    out = tell(claim(1, "O-2", by="bol:B1", withdrawn=True), states=states)
    assert (out.counts, out.states) == ({"links_past": 1}, {})


def test_what_references_took_back_is_no_order_of_the_first_that_would_make_the_next_another_shipments() -> None:
    found, lost = (claim(-1, "O-1", by="bol:B1", withdrawn=withdrawn) for withdrawn in (False, True))
    delivered = at(0, Milestone.DELIVERED)
    out = tell(claim(99, "O-2"), states=dict(tell(found, lost, delivered).states))
    assert out.outputs.archived == []
    assert (out.states[KEY].view.generation, [one.order_id for one in out.states[KEY].orders]) == (1, ["O-2"])


def test_what_a_child_passes_on_to_an_archived_parent_is_of_the_past() -> None:
    told = Adoption("north", "N100", "north:P1", LinkKind.PIECE)
    out = step([told], grave(*FIRST), keeping=KEEPING)
    assert (out.counts, out.states) == ({"adoptions_past": 1}, {})


def test_a_shipment_with_parts_is_one_however_long() -> None:
    tied = tell(*FIRST).states[KEY]
    tied.facts.children = (Child("north:P1", LinkKind.PIECE),)
    assert tell(at(99, Milestone.PICKED_UP), states={KEY: tied}).outputs.archived == []


def test_every_life_ends_the_same_way() -> None:
    states = dict(grave(*FIRST))
    for life in (2, 3):
        begins = (life - 1) * 100
        out = tell(claim(begins, f"O-{life}"), at(begins, Milestone.PICKED_UP), states=states)
        assert out.states[KEY].view.generation == life
        ended = tell(at(begins + 1, Milestone.DELIVERED), states=dict(out.states)).states
        stone, _ = archived(ended[KEY])
        assert stone.facts.stub is not None
        assert stone.facts.stub.generations == life
        states = {KEY: stone}
    assert tell(claim(300, "O-1"), states=states).counts == {"links_past": 1}


def test_without_a_time_after_which_numbers_are_used_again_all_of_it_is_one_shipment() -> None:
    out = step((*FIRST, *SECOND), {KEY: None})
    assert (out.outputs.archived, out.states[KEY].view.generation) == ([], 1)
    kept = step(SECOND, grave(*FIRST))
    assert kept.counts["past"] == len(SECOND)


def test_beginnings_are_what_is_said_of_a_shipment_first() -> None:
    assert {Milestone.PRE_ADVISED, Milestone.BOOKING_CONFIRMED, Milestone.PICKED_UP} < BEGINNINGS
    assert not BEGINNINGS & {Milestone.DELIVERED, Milestone.RETURNED, Milestone.POD_RECEIVED, Milestone.IN_TRANSIT}


EVENTS = [item for item in (*FIRST, *SECOND) if isinstance(item, Received)]


@given(st.permutations(EVENTS), st.lists(st.sampled_from(EVENTS), max_size=4), st.booleans())
def test_two_shipments_under_a_number_end_in_the_same_record_whatever_came_first(
    said: list[Received], again: list[Received], whole: bool
) -> None:
    states: dict[str, Shipment | None] = {KEY: None}
    for chunk in [[*said, *again]] if whole else [[one] for one in (*said, *again)]:
        states |= tell(*chunk, states=states).states
    expected = tell(*EVENTS).states[KEY]
    shipment = states[KEY]
    assert shipment is not None
    assert encode(shipment) == encode(expected)
    assert shipment.view.generation == 2


def test_an_event_known_by_a_reference_alone_begins_nothing_and_goes_with_what_begins() -> None:
    [picked_up, _] = found(98, Milestone.PICKED_UP)
    for start in (dict(tell(*FIRST).states), grave(*FIRST)):
        waits = tell(picked_up, states=start)
        assert waits.outputs.archived == []
        assert waits.states[KEY].view.generation == 1
        out = tell(at(97, Milestone.BOOKING_CONFIRMED), states=dict(waits.states))
        shipment = out.states[KEY]
        assert (shipment.view.generation, shipment.view.status) == (2, Status.PICKED_UP)
        assert len(shipment.facts.history) == 2


def test_where_the_claim_that_began_it_is_withdrawn_it_has_not_begun() -> None:
    scanned = at(100, Milestone.INFO, exception=ExceptionType.DAMAGE, reason=Reason.OTHER)
    begun = tell(claim(99, "O-2", by="bol:B1"), scanned, states=grave(*FIRST))
    assert begun.states[KEY].view.generation == 2
    raised = {one.alert_id for one in begun.outputs.alerts if one.state is AlertState.RAISED}
    out = tell(claim(99, "O-2", by="bol:B1", withdrawn=True), states=dict(begun.states))
    assert out.states[KEY].view.archived
    assert raised == {one.alert_id for one in out.outputs.alerts if one.state is AlertState.RESOLVED}
    told = {one.update_id for one in begun.outputs.customer_updates}
    assert told == {one.update_id for one in out.outputs.customer_updates if one.correction is Correction.RETRACTS}
    assert told
    again = tell(claim(101, "O-3"), states=dict(out.states))
    assert (again.states[KEY].view.generation, len(again.states[KEY].facts.history)) == (2, 1)


WORDS = [
    claim(99, "O-2"), claim(99.5, "O-2", withdrawn=True), claim(98, "O-3", by="bol:B1"),
    claim(98, "O-3", by="bol:B1", withdrawn=True), claim(98, "O-3", by="bol:B1", turn=1),
    claim(98, "O-3", by="bol:B1", turn=1, withdrawn=True), claim(102, "O-4", withdrawn=True),
]
HELD = [
    at(100, Milestone.INFO, exception=ExceptionType.DAMAGE, reason=Reason.OTHER), at(101, Milestone.IN_TRANSIT),
    *found(97, Milestone.PICKED_UP), *found(103, Milestone.DELIVERED),
]


REPLACED = at(0.2, Milestone.DELIVERED, carrier_event_id="E-1")
ENDS = [
    at(0, Milestone.DELIVERED, piece="1"), at(3, Milestone.RETURNING, piece="2"),
    at(10, Milestone.RETURNED), at(60, Milestone.IN_TRANSIT),
    at(200, Milestone.DELIVERED), at(300, Milestone.PICKED_UP), *found(0.5, Milestone.DELIVERED),
    at(1, Milestone.IN_TRANSIT, correction=Correction.RETRACTS, corrects=FIRST[2].event.event_id),
    REPLACED, at(2, Milestone.IN_TRANSIT, carrier_event_id="E-1"),
]
CLAIMS = [
    claim(-2, "O-1", by="po:P9"), claim(100, "O-5"), claim(120, "O-1"), claim(120, "O-4"), claim(130, "O-1"),
    claim(301, "O-6"), claim(40, "O-2"), claim(20, "O-6"),
]
ANYTHING = [*FIRST, *SECOND, *WORDS, *HELD, *ENDS, *CLAIMS]
Ends = tuple[bytes, set[str], set[str], list[str]]


def ended(start: Mapping[str, Shipment | None], chunks: list[list[Said]]) -> Ends:
    """The record, what is open, what customers were told and stands, and what is posted."""
    states: dict[str, Shipment | None] = {KEY: None}
    first = tell(*FIRST)
    known = first if start.get(KEY) else StepResult(Outputs())
    alerts = {alert.alert_id: alert.state for alert in known.outputs.alerts}
    told = {update.update_id: update.correction for update in known.outputs.customer_updates}
    milestones = list(known.outputs.delivery_milestones)
    states |= start
    for chunk in chunks:
        out = tell(*chunk, states=states)
        states |= out.states
        alerts |= {alert.alert_id: alert.state for alert in out.outputs.alerts}
        told |= {update.update_id: update.correction for update in out.outputs.customer_updates}
        milestones += out.outputs.delivery_milestones
    shipment = states[KEY]
    standing = {key for key, word in told.items() if word is not Correction.RETRACTS}
    record = b"" if shipment is None else encode(shipment)
    return record, {key for key, one in alerts.items() if one is AlertState.RAISED}, standing, posted(milestones)


def posted(milestones: list[DeliveryMilestone]) -> list[str]:
    """The postings of them that stand in the end."""
    postings = post(milestones, {}).outputs.postings
    undone = {one.reverses for one in postings}
    return sorted(
        f"{one.delivery_id} {one.kind} {one.piece}" for one in postings
        if one.reverses is None and one.posting_id not in undone
    )


@given(st.data(), st.booleans())
def test_whatever_is_said_of_a_number_used_again_ends_alike_whatever_came_first(
    data: st.DataObject, archived: bool
) -> None:
    """Ends, beginnings, claims made, said again and withdrawn, events found, taken back and replaced; of a number never
    used before, or over a grave."""
    start: Mapping[str, Shipment | None] = grave(*FIRST) if archived else {}
    said = data.draw(st.lists(st.sampled_from(ANYTHING), unique_by=id, max_size=12))
    again = data.draw(st.lists(st.sampled_from(said), max_size=4)) if said else []
    ends = ended(start, [[one] for one in said])
    assert ends == ended(start, [[one] for one in data.draw(st.permutations([*said, *again]))])
    assert ends == ended(start, [said])
