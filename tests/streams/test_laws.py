"""The laws hold for generated histories: any permutation, any repetition, any batching.

``SHIPSYNC_LAWS`` is the number of histories for each law; ``make laws`` asks for thousands.
"""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.streams import laws
from tests.streams.strategies import batchings, histories, retellings

HISTORIES = int(os.environ.get("SHIPSYNC_LAWS", "100"))
moderate = settings(
    max_examples=HISTORIES, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@moderate
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


@moderate
@given(st.data())
def test_a_chunk_does_what_its_parts_do_one_after_the_other(data: st.DataObject) -> None:
    history = data.draw(histories().flatmap(retellings))
    at_once = laws.tell([history])
    one_by_one = laws.tell([[item] for item in history])
    assert at_once == one_by_one


@moderate
@given(st.data())
def test_telling_everything_again_changes_and_emits_nothing(data: st.DataObject) -> None:
    history = data.draw(histories())
    first = laws.tell([history])
    second = laws.tell(data.draw(batchings(data.draw(st.permutations(history)))), first)
    laws.check_same(first, second)
    assert second.alerts == first.alerts


@moderate
@given(histories())
def test_a_terminal_status_is_left_only_by_a_return_or_a_correction(history: list[laws.Said]) -> None:
    laws.check_terminal_is_left_by_return_or_correction_only(history)
