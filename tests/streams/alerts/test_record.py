"""The record of one alert: each signal and action once, in an order of their own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alerts.record import MOST_NOTE, AlertRecord, decode, encode, timeline, with_action, with_signal
from streams.contracts.model import AlertSignal
from streams.kernel.vocabulary import ActionKind
from tests.support.alert_strategies import MINUTE, OVER, T0, UP, action, actions, signal, signals


def kept(record: AlertRecord, item: object) -> AlertRecord:
    after = with_signal(record, item) if isinstance(item, AlertSignal) else with_action(record, item)  # type: ignore[arg-type]
    return after or record


@settings(deadline=None)
@given(data=st.data(), told=st.lists(signals() | actions(), max_size=12))
def test_a_life_is_the_set_of_what_was_said_and_done(data: st.DataObject, told: list[object]) -> None:
    one, other = AlertRecord(), AlertRecord()
    for item in told:
        one = kept(one, item)
    for item in (*data.draw(st.permutations(told)), *told):
        other = kept(other, item)
    assert one == other
    assert decode(encode(one)) == one


def test_a_repeated_signal_changes_nothing() -> None:
    record = kept(kept(AlertRecord(), signal(UP, 1)), action(ActionKind.RESOLVE, 2))
    assert with_signal(record, signal(UP, 1)) is None
    assert with_action(record, action(ActionKind.RESOLVE, 2)) is None


def test_the_signal_said_last_is_the_latest_whatever_time_it_tells_of() -> None:
    newest = signal(UP, 1, said_at=T0 + 9 * MINUTE)
    record = kept(kept(AlertRecord(), newest), signal(OVER, 5))
    assert record.latest == newest
    assert [word.raised for word in record.signals] == [False, True]


def test_of_signals_said_in_one_moment_the_place_decides() -> None:
    there, over = signal(UP, 1, place=1), signal(OVER, 1, place=0)
    for first, second in ((there, over), (over, there)):
        assert kept(kept(AlertRecord(), first), second).latest == there


def test_the_cause_outlives_the_word_that_it_is_over() -> None:
    record = kept(kept(AlertRecord(), signal(UP, 1, cause="stands still")), signal(OVER, 5, cause=""))
    assert record.cause == "stands still"


def test_an_action_comes_after_what_was_said_in_the_same_moment() -> None:
    record = kept(kept(AlertRecord(), action(ActionKind.ACKNOWLEDGE, 5)), signal(UP, 5))
    assert [type(item).__name__ for _, item in timeline(record)] == ["SeenSignal", "SeenAction"]


def test_a_long_note_is_cut() -> None:
    assert len(kept(AlertRecord(), action(ActionKind.RESOLVE, 1, note="x" * 5_000)).actions[0].note) == MOST_NOTE
