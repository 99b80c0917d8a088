"""The laws hold for generated histories: any permutation, any repetition, any batching.

How many histories a law is held against goes by the Hypothesis profile (``tests/conftest.py``).
"""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.model import CarrierEvent
from tests.support import laws
from tests.support.reference_inputs import mistaken
from tests.support.strategies import batchings, counted_pieces, events, histories, received, references, retellings


@given(st.data())
def test_order_repetition_and_batching_change_nothing(data: st.DataObject) -> None:
    history = data.draw(histories())
    retold = data.draw(retellings(history))
    plain = laws.tell([history])
    again = laws.tell(data.draw(batchings(retold)))
    laws.check_same(plain, again)
    for said, outcome in ((history, plain), (retold, again)):
        laws.check_each_once(outcome)
        laws.check_all_accounted_for(said, outcome)
        laws.check_record_tells_its_alerts(outcome)


@given(st.data())
def test_a_chunk_does_what_its_parts_do_one_after_the_other(data: st.DataObject) -> None:
    taken_back = [received(one) for event in data.draw(st.lists(events(), max_size=2)) for one in mistaken(event)]
    withdrawn = data.draw(st.lists(references(withdrawn=True), max_size=3))
    history = data.draw(st.permutations([*data.draw(histories().flatmap(retellings)), *taken_back, *withdrawn]))
    at_once = laws.tell([history])
    one_by_one = laws.tell([[item] for item in history])
    assert at_once == one_by_one


@given(st.data())
def test_telling_everything_again_changes_and_emits_nothing(data: st.DataObject) -> None:
    history = data.draw(histories())
    first = laws.tell([history])
    second = laws.tell(data.draw(batchings(data.draw(st.permutations(history)))), first)
    laws.check_same(first, second)
    assert second.ids == first.ids
    assert second.alerts == first.alerts


@given(st.data())
def test_with_orders_cancelled_too_the_records_and_open_alerts_depend_on_the_set_alone(data: st.DataObject) -> None:
    """A cancelled order's updates and postings are taken back."""
    history = [*data.draw(histories()), *data.draw(st.lists(references(withdrawn=True), max_size=4))]
    plain, again = laws.tell([history]), laws.tell(data.draw(batchings(data.draw(retellings(history)))))
    assert again.records == plain.records
    assert again.open_alerts == plain.open_alerts
    assert again.ids[0] == plain.ids[0]
    assert again.standing == plain.standing
    assert laws.posted(again) == laws.posted(plain)
    laws.check_all_accounted_for(history, plain)
    laws.check_record_tells_its_alerts(again)


@given(st.data())
def test_with_events_found_to_be_other_shipments_too_everything_depends_on_the_set_alone(data: st.DataObject) -> None:
    """The updates and postings of such events are taken back: in the end customers and the ERP were told what they
    would have been told without them, and posted is what would have been."""
    right = data.draw(histories())
    wrong = [received(one) for event in data.draw(st.lists(events(), max_size=3)) for one in mistaken(event)]
    history = [*right, *wrong]
    plain, again = laws.tell([history]), laws.tell([[item] for item in data.draw(st.permutations(history))])
    assert again.records == plain.records
    assert again.open_alerts == plain.open_alerts
    assert set(again.ids[0]) == set(plain.ids[0])
    assert again.standing == plain.standing == laws.tell([right]).standing
    assert not again.standing_events & {item.event.event_id for item in wrong}
    assert laws.posted(again) == laws.posted(plain) == laws.posted(laws.tell([right]))
    laws.check_record_tells_its_alerts(again)


@given(st.data())
def test_what_is_told_again_after_a_crash_is_posted_and_reversed_no_second_time(data: st.DataObject) -> None:
    wrong = [received(one) for event in data.draw(st.lists(events(), max_size=3)) for one in mistaken(event)]
    cancelled = data.draw(st.lists(references(withdrawn=True), max_size=4))
    history = data.draw(st.permutations([*data.draw(histories()), *wrong, *cancelled]))
    told = laws.tell([[item] for item in history]).milestones
    end = data.draw(st.integers(0, len(told)))
    laws.check_same_postings(told, [*told[:end], *told[data.draw(st.integers(0, end)):]])


@given(histories())
def test_a_terminal_status_is_left_only_by_a_return_or_a_correction(history: list[laws.Said]) -> None:
    laws.check_terminal_is_left_by_return_or_correction_only(history)


@given(st.lists(counted_pieces(), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_whenever_the_pieces_are_counted_a_shipment_is_delivered_with_all_of_them(
    said: list[CarrierEvent], luck: Random
) -> None:
    history = [*map(received, said)]
    plain = laws.tell([history])
    laws.check_a_delivery_is_that_of_all_pieces(plain)
    luck.shuffle(history)
    laws.check_same(plain, laws.tell([[item] for item in history]))
