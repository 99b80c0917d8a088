"""The alerts step as a whole: the same set of signals and actions gives the same records, however it comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alerts.feed_silence import AlertInput, feeds_of, silence_of
from streams.alerts.step import AlertIndexes, step, sweep
from streams.contracts.model import Alert, AlertSignal, AtStake
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import ActionKind, AlertKind, AlertState, AlertStep, RejectReason, Severity
from tests.support.alert_strategies import (
    DAY,
    MINUTE,
    OVER,
    POLICY,
    T0,
    UP,
    action,
    histories,
    signal,
    silence,
)
from tests.support.strategies import batchings

N1, N2 = "north:N1", "north:N2"


class Stage:
    """The stage between chunks: what is stored, what stands with which feed, and when the clock is due."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert | None] = {}
        self.standing: dict[str, str] = {}
        self.due: dict[str, int] = {}

    def hear(self, items: Sequence[AlertInput], minute: float) -> StepResult[AlertIndexes, Alert | None]:
        feeds = feeds_of(items, self.alerts, POLICY)
        return self._keep(step(items, self.alerts, self._with(feeds), POLICY, T0 + round(minute * MINUTE)))

    def look(self, minute: float) -> None:
        """Let the clock do what it is due for until then."""
        now = T0 + round(minute * MINUTE)
        names = [name for name, at in self.due.items() if at <= now]
        about = [alert for name in names if (alert := self.alerts[name]) is not None]
        self._keep(sweep(names, self.alerts, self._with(feeds_of(about, self.alerts, POLICY)), POLICY, now))

    def alert(self, subject: str = N1) -> Alert:
        [found] = [one for one in self.alerts.values() if one is not None and one.subject == subject]
        return found

    def _with(self, feeds: Iterable[str]) -> dict[str, list[str]]:
        return {feed: [name for name, of in self.standing.items() if of == feed] for feed in feeds}

    def _keep(self, out: StepResult[AlertIndexes, Alert | None]) -> StepResult[AlertIndexes, Alert | None]:
        self.alerts |= out.states
        for name in out.states:
            self.due.pop(name, None)
        self.due |= out.outputs.due
        for name, (feed, stands) in out.outputs.by_feed.items():
            self.standing.pop(name, None)
            if stands:
                self.standing[name] = feed
        return out


def told(*items: AlertInput, at: float) -> Stage:
    stage = Stage()
    stage.hear(items, at)
    stage.look(at)
    return stage


@given(history=histories, data=st.data())
def test_the_records_depend_on_the_set_of_what_was_said_and_done_alone(
    history: list[AlertInput], data: st.DataObject
) -> None:
    plain, other = Stage(), Stage()
    for minute, item in enumerate(history):
        plain.hear([item], minute * 20)
    again = data.draw(st.lists(st.sampled_from(history), max_size=6)) if history else []
    for minute, chunk in enumerate(data.draw(batchings(data.draw(st.permutations([*history, *again]))))):
        other.hear(chunk, minute * 40)
        other.look(minute * 40 + data.draw(st.integers(0, 30)))
    end = 1_000
    plain.look(end)
    other.look(end)
    assert plain.alerts == other.alerts
    assert plain.standing == other.standing


@given(history=histories)
def test_every_item_is_counted_once(history: list[AlertInput]) -> None:
    out = Stage().hear(history, 0)
    assert sum(out.counts.values()) + len(out.refused) == len(history)


@given(history=histories)
def test_looking_again_at_the_same_time_changes_nothing(history: list[AlertInput]) -> None:
    stage = told(*history, at=1_000)
    before = dict(stage.alerts)
    stage._keep(sweep(list(before), before, stage._with({"north.track"}), POLICY, T0 + 1_000 * MINUTE))
    assert stage.alerts == before


def test_a_shipment_of_a_silent_feed_stands_under_the_feed_and_is_not_raised_on_its_own() -> None:
    stage = told(silence(UP, 0), signal(UP, 5), signal(UP, 6, N2), at=10)
    assert (stage.alert().state, stage.alert().under) == (AlertState.GATHERED, silence_of("north.track"))
    assert stage.alert().times_raised == 0
    feed = stage.alert("north.track")
    assert (feed.state, feed.affected, feed.shipments) == (AlertState.RAISED, 2, [N1, N2])
    assert feed.at_stake == [AtStake("EUR", 200.0)]


def test_an_order_of_two_gathered_shipments_is_worth_its_value_once() -> None:
    one = signal(UP, 5)
    other = signal(UP, 6, N2, orders=one.orders)
    assert told(silence(UP, 0), one, other, at=10).alert("north.track").at_stake == [AtStake("EUR", 100.0)]


def test_what_still_stands_comes_out_a_grace_time_after_the_feed_speaks() -> None:
    stage = told(silence(UP, 0), signal(UP, 5), signal(UP, 6, N2), silence(OVER, 100), at=101)
    stage.hear([signal(OVER, 130)], 130)
    stage.look(159)
    assert (stage.alert(N2).state, stage.alert("north.track").affected) == (AlertState.GATHERED, 1)
    stage.look(160)
    assert (stage.alert(N2).state, stage.alert(N2).history[-1].step) == (AlertState.RAISED, AlertStep.RELEASED)
    assert (stage.alert().state, stage.alert().times_raised) == (AlertState.RESOLVED, 0)
    assert stage.alert("north.track").affected == 0


def test_a_feed_silent_again_within_the_grace_time_keeps_them() -> None:
    stage = told(silence(UP, 0), signal(UP, 5), silence(OVER, 100), silence(UP, 130), at=300)
    assert stage.alert().state is AlertState.GATHERED


def test_a_thousand_shipments_of_a_silent_feed_raise_one_alert() -> None:
    many = [signal(UP, 5, f"north:N{number}") for number in range(1_000)]
    stage = told(silence(UP, 0), *many, at=10)
    assert [one.subject for one in stage.alerts.values() if one is not None and one.state is AlertState.RAISED] == [
        "north.track"
    ]
    assert (stage.alert("north.track").affected, len(stage.alert("north.track").shipments)) == (1_000, 20)


def test_what_was_raised_before_the_feed_fell_silent_stays_out() -> None:
    stage = told(signal(UP, 0), silence(UP, 10), at=20)
    assert (stage.alert().state, stage.alert("north.track").affected) == (AlertState.RAISED, 0)


def test_other_kinds_and_other_feeds_are_not_gathered() -> None:
    damaged = signal(UP, 5, kind=AlertKind.SHIPMENT_EXCEPTION)
    elsewhere = signal(UP, 5, N2, feed="south.track")
    stage = told(silence(UP, 0), damaged, elsewhere, at=10)
    assert {stage.alert().state, stage.alert(N2).state} == {AlertState.RAISED}


def test_an_action_that_comes_before_its_alert_waits_for_it() -> None:
    stage = told(action(ActionKind.ACKNOWLEDGE, 5), at=6)
    [waiting] = stage.alerts.values()
    assert waiting is not None
    assert (waiting.kind, waiting.state) == (AlertKind.UNKNOWN, AlertState.RESOLVED)
    stage.hear([signal(UP, 1)], 7)
    assert (stage.alert().state, stage.alert().acknowledged_by) == (AlertState.ACKNOWLEDGED, "ada")


def test_a_resolved_alert_is_forgotten_in_the_end() -> None:
    stage = told(signal(UP, 0), signal(OVER, 1), at=2)
    stage.look(1 + POLICY.forget_ms / MINUTE)
    assert set(stage.alerts.values()) == {None}


def test_an_alert_resolved_by_a_person_is_kept_while_its_cause_lasts() -> None:
    stage = told(signal(UP, 0), action(ActionKind.RESOLVE, 1), at=2)
    stage.look(400 * DAY / MINUTE)
    assert stage.alert().state is AlertState.RESOLVED


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (action(ActionKind.SNOOZE, 1), "until"), (action(ActionKind.ASSIGN, 1, owner=" "), "owner"),
        (action(ActionKind.RESOLVE, 1, by=""), "by"), (action(ActionKind.RESOLVE, 1, by="a" * 300), "by"),
        (signal(UP, 1, alert_id=""), "alert_id"),
    ],
)
def test_an_input_that_breaks_its_contract_is_refused_alone(wrong: AlertInput, where: str) -> None:
    out = Stage().hear([signal(UP, 0), wrong], 5)
    [(place, reject)] = out.refused
    assert (place, reject.path) == (1, where)
    assert reject.reason in (RejectReason.CONTRACT_BROKEN, RejectReason.TOO_LARGE)
    assert out.counts == {"signals": 1}


def test_a_correction_said_later_reopens_though_it_tells_of_an_earlier_time() -> None:
    reopened: AlertSignal = signal(UP, 1, said_at=T0 + 9 * MINUTE)
    stage = told(signal(UP, 1), signal(OVER, 5), reopened, at=10)
    assert stage.alert().state is AlertState.RAISED
    assert stage.alert().times_raised == 2


def test_the_severity_is_what_was_said_last() -> None:
    stage = told(signal(UP, 1), signal(UP, 2, severity=Severity.CRITICAL), at=3)
    assert (stage.alert().severity, stage.alert().owner, stage.alert().channels) == (
        Severity.CRITICAL, "night desk", ["pager"],
    )
