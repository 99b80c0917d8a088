"""Closed tables of what has to be told."""

from streams.kernel.vocabulary import ExceptionType, Milestone, Reason
from streams.shipments.audiences import FACT_BITS, FACTS, HEARD_OF, public_trouble


def test_every_fact_has_a_bit_and_a_name_of_its_own() -> None:
    facts = {fact for pair in FACTS.values() for fact in pair}
    assert len({fact.bit for fact in facts}) == len({fact.name for fact in facts}) == len(facts)
    assert all(fact.bit.bit_count() == 1 for fact in facts)


def test_the_bits_are_stored_data() -> None:
    bits = {fact.name: fact.bit for pair in FACTS.values() for fact in pair}
    assert bits == {
        "picked_up": 1, "booking_cancelled": 2, "delivery_attempted": 4, "delivered": 8, "pod_received": 16,
        "returning": 32, "returned": 64, "lost": 128, "destroyed": 256, "damage": 512, "shortage": 1024,
        "refusal": 2048,
    }, "renumbering makes stored shipments tell facts twice"  # fmt: skip


def test_lost_said_as_milestone_and_as_exception_is_one_fact() -> None:
    assert FACT_BITS[Milestone.LOST, ExceptionType.LOSS] == FACT_BITS[Milestone.LOST, ExceptionType.NONE]


def test_every_fact_is_kept_for_telling() -> None:
    assert all((milestone, exception, True) in HEARD_OF for milestone, exception in FACTS)


def test_a_planned_delivery_is_no_news() -> None:
    assert (Milestone.DELIVERED, ExceptionType.NONE, False) not in HEARD_OF
    assert (Milestone.ETA_UPDATED, ExceptionType.NONE, False) in HEARD_OF


def test_what_customers_may_know_passes_as_it_is() -> None:
    assert public_trouble(ExceptionType.CUSTOMS, Reason.DUTIES_UNPAID) == (
        ExceptionType.CUSTOMS, Reason.DUTIES_UNPAID,
    )  # fmt: skip
