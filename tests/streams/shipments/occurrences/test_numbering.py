"""One occurrence that several sources report is told once, and stays visible in the history."""

from __future__ import annotations

import pytest

from streams.contracts.model import CarrierEvent, Source
from streams.kernel.vocabulary import Correction, Milestone, Precision
from streams.shipments.audiences import KIND_NUMBERS, NEWS_KINDS
from tests.support.laws import Outcome, tell
from tests.support.strategies import AGGREGATOR, MINUTE, POLLED, SOURCE, carrier_event, received, reference


def scan(milestone: Milestone, minutes: int, source: Source = SOURCE, **changes: object) -> CarrierEvent:
    return carrier_event(milestone, minutes, source=source, piece=None, **changes)


def told(*said: CarrierEvent) -> Outcome:
    return tell([[reference(), *map(received, said)]])


OUT = scan(Milestone.OUT_FOR_DELIVERY, 20)
ROUNDED = scan(
    Milestone.OUT_FOR_DELIVERY, 21, AGGREGATOR, carrier_code="OFD", carrier_text="Wird zugestellt", location=None
)


@pytest.mark.parametrize("said", [(OUT, ROUNDED), (ROUNDED, OUT)])
def test_another_sources_word_for_the_same_is_told_once_and_names_what_it_is_the_same_as(
    said: tuple[CarrierEvent, CarrierEvent],
) -> None:
    outcome = told(*said)
    assert len(outcome.updates) == 1
    assert [enriched.same_as for _, enriched in outcome.events] == [None, said[0].event_id]
    assert (outcome.counts["accepted"], outcome.counts["merged"]) == (2, 1)


def test_two_scans_a_minute_apart_of_one_source_stay_two_whatever_others_say() -> None:
    again = scan(Milestone.OUT_FOR_DELIVERY, 21)
    assert len(told(OUT, again).updates) == 2
    assert len(told(OUT, again, ROUNDED).updates) == 2
    assert len(told(ROUNDED, again, OUT).updates) == 2
    assert told(OUT, again, ROUNDED).ids[1] == told(ROUNDED, again, OUT).ids[1]


def test_webhook_poll_and_edi_with_a_date_alone_tell_of_one_delivery() -> None:
    delivered = scan(Milestone.DELIVERED, 30)
    polled = scan(Milestone.DELIVERED, 30, POLLED, location=None)
    edi = scan(Milestone.DELIVERED, 0, AGGREGATOR, precision=Precision.DATE_ONLY)
    outcome = told(edi, polled, delivered)
    assert len(outcome.updates) == 1
    assert len(outcome.milestones) == 1


def test_attempts_told_by_two_sources_are_as_many_as_there_were() -> None:
    first, second = scan(Milestone.DELIVERY_ATTEMPTED, 10), scan(Milestone.DELIVERY_ATTEMPTED, 600)
    also = scan(Milestone.DELIVERY_ATTEMPTED, 10, AGGREGATOR, location=None)
    outcome = told(also, first, second)
    assert [len(outcome.updates), len(outcome.milestones)] == [2, 2]
    assert outcome.milestones[0].milestone_id != outcome.milestones[1].milestone_id


def test_an_order_that_comes_late_is_told_as_much_as_one_that_was_there() -> None:
    again = scan(Milestone.OUT_FOR_DELIVERY, 21)
    said = [received(event) for event in (ROUNDED, again, OUT, scan(Milestone.DELIVERED, 30))]
    early, late = tell([[reference(), *said]]), tell([[*said, reference()]])
    assert early.ids[1:] == late.ids[1:]
    assert len(late.updates) == 3


def test_the_very_same_event_by_another_source_is_a_duplicate_and_counts_as_its_word() -> None:
    twice = scan(Milestone.OUT_FOR_DELIVERY, 20, AGGREGATOR, received_at=OUT.received_at + MINUTE)
    assert twice.event_id == OUT.event_id
    outcome = told(OUT, twice, ROUNDED)
    assert outcome.counts["duplicates"] == 1
    assert len(outcome.updates) == 2, "the aggregator tells of two"
    assert told(ROUNDED, OUT, twice).ids == outcome.ids
    assert told(ROUNDED, twice, OUT).records == outcome.records


def test_every_kind_of_news_has_a_number_of_its_own() -> None:
    assert set(KIND_NUMBERS) == set(NEWS_KINDS.values())
    assert sorted(KIND_NUMBERS.values()) == list(range(len(KIND_NUMBERS)))
    assert len(KIND_NUMBERS) < 256


def test_a_late_event_takes_the_next_number_and_leaves_the_others_what_they_told() -> None:
    first, second = scan(Milestone.DELIVERY_ATTEMPTED, 20), scan(Milestone.DELIVERY_ATTEMPTED, 40)
    late = scan(Milestone.DELIVERY_ATTEMPTED, 10, received_at=second.received_at + MINUTE)
    outcome = told(first, second, late)
    assert [one.event_id for one in outcome.milestones] == [first.event_id, second.event_id, late.event_id]
    assert {one.correction for one in outcome.milestones} == {Correction.NEW}


def test_an_event_processed_late_is_told_under_the_new_number_though_it_was_received_first() -> None:
    first, second = scan(Milestone.DELIVERY_ATTEMPTED, 20), scan(Milestone.DELIVERY_ATTEMPTED, 40)
    outcome = told(second, first)
    assert [one.event_id for one in outcome.milestones] == [second.event_id, first.event_id]
    assert {one.correction for one in outcome.milestones} == {Correction.NEW}
    assert outcome.ids[1:] == told(first, second).ids[1:]
