"""Orders hear of a shipment they claim as claims come, change and go, and of events that turn out not its own."""

from __future__ import annotations

from itertools import permutations

import pytest
from msgspec.structs import replace

from streams.identity.resolved_events import resolved_event
from streams.kernel.vocabulary import Correction, ExceptionType, Milestone, SaidBy
from streams.shipments import record as records
from tests.support.laws import Outcome, Said, tell
from tests.support.reference_inputs import mistaken
from tests.support.shipment_told import DELIVERED, KEY, OUT, state, told
from tests.support.strategies import AGGREGATOR, DAY_ONE, HOUR, carrier_event, received, reference


def test_a_shipment_every_order_claims_is_full_one_day() -> None:
    claims = [replace(reference(), order_id=f"O-{n}", delivery_id=f"D-{n}") for n in range(501)]
    outcome = told(*claims)
    assert (outcome.counts["linked"], outcome.counts["refused"]) == (500, 1)
    again = told(*claims, claims[0])
    assert again.counts["links_repeated"] == 1


def said_of(outcome: Outcome) -> list[tuple[Milestone, Correction]]:
    return [(update.milestone, update.correction) for update in outcome.updates]


OUT_TOLD = Milestone.OUT_FOR_DELIVERY, Correction.NEW
OUT_TAKEN_BACK = Milestone.OUT_FOR_DELIVERY, Correction.RETRACTS


def test_a_cancelled_order_hears_no_more_and_an_older_word_of_it_does_not_bring_it_back() -> None:
    cancelled = reference(updated_at=DAY_ONE + HOUR, withdrawn=True)
    outcome = told(reference(), OUT, cancelled, reference(), DELIVERED)
    assert said_of(outcome) == [OUT_TOLD, OUT_TAKEN_BACK]
    assert len({update.update_id for update in outcome.updates}) == 1
    assert state(outcome).orders == []
    assert (outcome.counts["withdrawn"], outcome.counts["links_repeated"]) == (1, 1)


def test_what_is_taken_back_is_told_the_customer_who_heard_it() -> None:
    cancelled = reference(updated_at=DAY_ONE + HOUR, withdrawn=True, customer_id="")
    for outcome in (told(reference(), OUT, cancelled), tell([[reference(), received(OUT), cancelled]])):
        assert {update.customer_id for update in outcome.updates} == {reference().customer_id}


def test_an_order_claimed_again_after_its_cancellation_hears_the_whole_story() -> None:
    cancelled = reference(updated_at=DAY_ONE + HOUR, withdrawn=True)
    again = reference(updated_at=DAY_ONE + 2 * HOUR)
    outcome = told(cancelled, OUT, DELIVERED, again)
    assert [update.milestone for update in outcome.updates] == [Milestone.OUT_FOR_DELIVERY, Milestone.DELIVERED]
    assert outcome.counts["relinked"] == 1


N1_ITSELF = reference()
BY_BOL = reference(by="bol:B1")
BOL_IN_DOUBT = replace(BY_BOL, withdrawn=True)


@pytest.mark.parametrize("said", list(permutations([N1_ITSELF, BY_BOL, BOL_IN_DOUBT])))
def test_a_reference_that_becomes_doubtful_leaves_the_claim_by_the_number_itself(said: tuple[Said, ...]) -> None:
    outcome = told(OUT, *said, DELIVERED)
    assert [order.order_id for order in state(outcome).orders] == ["O-1"]
    assert [update.milestone for update in outcome.updates][-1] is Milestone.DELIVERED
    assert outcome.records == told(N1_ITSELF, BOL_IN_DOUBT, OUT, DELIVERED).records


def test_of_a_claim_made_twice_nothing_goes_out_twice_nor_where_one_word_is_taken_back() -> None:
    first = told(OUT, carrier_event(Milestone.INFO, 25, exception=ExceptionType.DAMAGE), N1_ITSELF)
    later = tell([[BY_BOL], [BOL_IN_DOUBT]], first)
    assert (later.updates, later.milestones, later.alerts) == (first.updates, first.milestones, first.alerts)
    assert later.counts - first.counts == {"links_repeated": 2}


def test_what_is_known_by_two_references_is_claimed_until_both_are_taken_back() -> None:
    by_po = reference(by="po:P9")
    assert len(state(told(BY_BOL, by_po, BOL_IN_DOUBT)).orders) == 1
    gone = told(OUT, BY_BOL, by_po, BOL_IN_DOUBT, replace(by_po, withdrawn=True), DELIVERED)
    assert state(gone).orders == []
    assert said_of(gone) == [OUT_TOLD, OUT_TAKEN_BACK]
    assert (gone.counts["linked"], gone.counts["links_repeated"], gone.counts["withdrawn"]) == (1, 2, 1)


def test_a_reference_found_good_again_claims_again() -> None:
    again = replace(BY_BOL, turn=1)
    outcome = told(BY_BOL, OUT, BOL_IN_DOUBT, DELIVERED, again)
    assert [order.order_id for order in state(outcome).orders] == ["O-1"]
    assert [update.milestone for update in outcome.updates][-1] is Milestone.DELIVERED
    assert (outcome.counts["linked"], outcome.counts["withdrawn"]) == (2, 1)


def test_a_claim_has_the_terms_of_its_newest_word_that_stands() -> None:
    newer = reference(by="bol:B1", updated_at=DAY_ONE + HOUR, promised_delivery_at=DAY_ONE + 9 * HOUR)
    outcome = told(N1_ITSELF, newer)
    assert state(outcome).promised_delivery_at == DAY_ONE + 9 * HOUR
    assert outcome.counts["relinked"] == 1
    back = tell([[replace(newer, withdrawn=True)]], outcome)
    assert state(back).promised_delivery_at is None
    assert back.counts["relinked"] == 2
    assert state(back).updated_at == DAY_ONE, "of what was taken back nothing tells any more"


def test_the_words_of_one_claim_have_an_end_too() -> None:
    words = [reference(by=f"bol:B{n}") for n in range(501)]
    outcome = told(*words)
    assert (outcome.counts["linked"], outcome.counts["refused"]) == (1, 1)
    assert state(tell([[replace(one, withdrawn=True) for one in words[:500]]], outcome)).orders == []


def test_a_record_has_one_version_of_a_claim_by_each_thing() -> None:
    shipment = records.decode(told(N1_ITSELF, reference("O-2", withdrawn=True), OUT).records[KEY])
    assert [one.by for one in shipment.facts.claims] == ["", ""]
    by_reference = records.decode(told(BY_BOL, OUT).records[KEY])
    assert [(one.claim, one.by) for one in by_reference.facts.claims] == [(("O-1", "D-1"), "bol:B1")]


FOUND, GONE = mistaken(DELIVERED)
FOUND_AGAIN = resolved_event(replace(DELIVERED, tracking_number=""), "north", "N100", SaidBy.EVENT, 1, 0)
DELIVERY_TOLD = Milestone.DELIVERED, Correction.NEW


def test_what_is_told_of_another_shipments_event_is_taken_back_and_found_again_no_second_occurrence() -> None:
    outcome = told(reference(), FOUND, GONE, FOUND_AGAIN)
    assert said_of(outcome) == [DELIVERY_TOLD, (Milestone.DELIVERED, Correction.RETRACTS), DELIVERY_TOLD]
    assert len({update.update_id for update in outcome.updates}) == 1
    assert [one.correction for one in outcome.milestones] == ["new", "retracts", "new"]
    assert {one.corrects for one in outcome.milestones} == {None, FOUND.event_id}


def test_an_order_known_later_hears_nothing_of_what_was_taken_back() -> None:
    assert said_of(told(FOUND, GONE, reference())) == []
    assert said_of(told(GONE, FOUND, reference())) == []
    assert said_of(told(reference(), GONE, FOUND)) == []


def test_what_stands_by_another_event_is_told_by_that() -> None:
    outcome = told(reference(), FOUND, DELIVERED, GONE)
    assert said_of(outcome) == [DELIVERY_TOLD, (Milestone.DELIVERED, Correction.REPLACES)]
    assert [one.event_id for one in outcome.updates] == [FOUND.event_id, DELIVERED.event_id]


TAKEN_BACK = carrier_event(
    Milestone.INFO, 40, correction=Correction.RETRACTS, corrects=DELIVERED.event_id, carrier_code="void"
)


def test_a_delivery_its_carrier_takes_back_is_taken_back_from_customers_and_the_erp() -> None:
    outcome = told(reference(), DELIVERED, TAKEN_BACK)
    assert said_of(outcome) == [DELIVERY_TOLD, (Milestone.DELIVERED, Correction.RETRACTS)]
    assert [(one.correction, one.corrects) for one in outcome.milestones] == [
        (Correction.NEW, None), (Correction.RETRACTS, DELIVERED.event_id),
    ]
    assert said_of(told(TAKEN_BACK, DELIVERED, reference())) == said_of(told(reference(), TAKEN_BACK, DELIVERED)) == []


def test_what_a_carrier_sends_in_its_place_is_told_in_its_place() -> None:
    first = carrier_event(Milestone.DELIVERED, 30, carrier_event_id="S-1")
    better = carrier_event(Milestone.DELIVERED, 33, carrier_event_id="S-1")
    outcome = told(reference(), first, better)
    assert said_of(outcome) == [DELIVERY_TOLD, (Milestone.DELIVERED, Correction.REPLACES)]
    assert [one.event_id for one in outcome.updates] == [first.event_id, better.event_id]
    assert len({one.update_id for one in outcome.updates}) == len({one.milestone_id for one in outcome.milestones}) == 1
    assert [one.event_id for one in told(better, first, reference()).updates] == [better.event_id]


def test_a_repeat_of_what_was_taken_back_by_another_source_is_kept_whichever_came_first() -> None:
    """Or the record would tell what came first."""
    other = replace(FOUND, source=AGGREGATOR, received_at=FOUND.received_at + 1)
    assert told(FOUND, other, GONE).records == told(FOUND, GONE, other).records
