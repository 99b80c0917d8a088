"""The record of one reference holds the newest words and every event, whatever came first."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.model import CarrierEvent
from streams.identity.record import (
    IdentityInput,
    ReferenceRecord,
    decode,
    decode_event,
    encode,
    key_of,
    with_claim,
    with_event,
)
from streams.kernel.vocabulary import SaidBy
from tests.support.reference_inputs import line, said, unresolved, word
from tests.support.strategies import DAY_ONE, MINUTE


def taken(*items: IdentityInput) -> ReferenceRecord:
    known = ReferenceRecord("bol", "B1")
    for item in items:
        changed = with_event(known, item) if isinstance(item, CarrierEvent) else with_claim(known, item)
        known = changed or known
    return known


def test_an_event_comes_back_whole() -> None:
    event = unresolved(3)
    [held] = taken(event).events
    assert decode_event(held.body) == event


def test_of_two_versions_of_an_event_the_one_received_first_is_kept() -> None:
    early, late = unresolved(), unresolved(received_at=DAY_ONE + 9 * MINUTE)
    assert taken(early, late) == taken(late, early) == taken(early)


def test_an_orders_newer_word_takes_the_place_of_its_older_one() -> None:
    old, new = word("N1", SaidBy.ORDER), word("N1", SaidBy.ORDER, 5, withdrawn=True)
    [said_last] = taken(new, old).claims
    assert (said_last.withdrawn, said_last.since, said_last.until) == (True, DAY_ONE, DAY_ONE + 5 * MINUTE)
    assert with_claim(taken(new, old), old) is None


def test_a_reference_has_one_manual_resolution() -> None:
    known = taken(word("N1", SaidBy.PERSON), word("N2", SaidBy.PERSON, 1), word("N3", SaidBy.PERSON, valid_at=0))
    assert [(one.tracking_number, one.since) for one in known.claims] == [("N2", DAY_ONE + MINUTE)]


def test_a_line_is_told_by_order_and_delivery() -> None:
    known = taken(line(), line("D-2"), line(minutes=1, customer_id="C-2"))
    assert [(one.delivery_id, one.customer_id) for one in known.lines] == [("D-1", "C-2"), ("D-2", "C-1")]


def test_a_record_knows_the_time_of_its_last_input() -> None:
    assert taken(word("N1"), unresolved(7)).updated_at == DAY_ONE + 8 * MINUTE
    assert ReferenceRecord("bol", "B1").updated_at == 0


@given(st.lists(said().filter(lambda item: key_of(item) == "bol:B1"), max_size=6), st.randoms())
def test_the_record_is_a_function_of_the_set_and_survives_storing(
    history: Sequence[IdentityInput], chance: object
) -> None:
    shuffled = [*history, *history]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert taken(*shuffled) == taken(*history)
    assert decode(encode(taken(*history))) == taken(*history)
