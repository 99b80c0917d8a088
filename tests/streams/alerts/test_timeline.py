"""The life of one alert: what a person does holds as long as it should, and the clock does its part at its moment."""

from __future__ import annotations

import pytest

from streams.alerts.record import MOST_FACTS, AlertRecord, Progress, with_action, with_signal
from streams.alerts.routing import NOWHERE, route_of
from streams.alerts.timeline import AlertContext, compacted, is_active, next_change, progress_at
from streams.contracts.model import AlertAction, AlertSignal
from streams.kernel.vocabulary import ActionKind, AlertState, AlertStep, Severity
from tests.support.alert_strategies import MINUTE, OVER, POLICY, T0, UP, action, signal

CALM = AlertContext(POLICY, NOWHERE)
CRITICAL = Severity.CRITICAL
RAISED, RESOLVED = AlertState.RAISED, AlertState.RESOLVED
ACKNOWLEDGED, SNOOZED = AlertState.ACKNOWLEDGED, AlertState.SNOOZED


def record_of(*items: AlertSignal | AlertAction) -> AlertRecord:
    record = AlertRecord()
    for item in items:
        record = (with_signal(record, item) if isinstance(item, AlertSignal) else with_action(record, item)) or record
    return record


def progress(*items: AlertSignal | AlertAction, at: float, context: AlertContext = CALM) -> Progress:
    return progress_at(record_of(*items), context, T0 + round(at * MINUTE))


def steps(found: Progress) -> list[AlertStep]:
    return [one.step for one in found.history]


ACK = action(ActionKind.ACKNOWLEDGE, 10)
RESOLVE = action(ActionKind.RESOLVE, 10)
SNOOZE = action(ActionKind.SNOOZE, 10, until=T0 + 60 * MINUTE)


def test_what_is_there_is_raised_and_what_is_over_is_resolved_by_itself() -> None:
    raised = progress(signal(UP, 1), at=2)
    assert (raised.state, raised.raised_at, raised.times_raised) == (RAISED, T0 + MINUTE, 1)
    over = progress(signal(UP, 1), signal(OVER, 5), at=6)
    assert (over.state, over.resolved) == (RESOLVED, (T0 + 5 * MINUTE, "itself"))
    assert not is_active(over)


def test_an_acknowledged_alert_stays_so_while_its_cause_lasts() -> None:
    again = progress(signal(UP, 1), ACK, signal(UP, 20), at=500)
    assert (again.state, again.acknowledged, again.times_raised) == (ACKNOWLEDGED, (T0 + 10 * MINUTE, "ada"), 1)


@pytest.mark.parametrize("done", [ACK, RESOLVE, SNOOZE], ids=lambda one: one.action.value)
def test_a_worse_cause_raises_the_alert_again_after_any_action(done: AlertAction) -> None:
    worse = progress(signal(UP, 1), done, signal(UP, 20, severity=CRITICAL), at=21)
    assert (worse.state, worse.times_raised, worse.acknowledged, worse.snoozed) == (RAISED, 2, None, None)
    assert steps(worse)[-1] is AlertStep.WORSENED


def test_what_got_better_and_worse_again_than_what_was_answered_to_does_not_call() -> None:
    found = progress(
        signal(UP, 1, severity=CRITICAL), ACK, signal(UP, 20), signal(UP, 30, severity=CRITICAL), at=31
    )
    assert found.state is ACKNOWLEDGED


def test_a_snoozed_alert_comes_back_when_its_time_is_up_and_its_cause_lasts() -> None:
    assert progress(signal(UP, 1), SNOOZE, at=59).state is SNOOZED
    back = progress(signal(UP, 1), SNOOZE, at=60)
    assert (back.state, back.times_raised, back.history[-1].at) == (RAISED, 2, T0 + 60 * MINUTE)


def test_a_snoozed_alert_ends_in_silence_when_its_cause_does() -> None:
    ended = progress(signal(UP, 1), SNOOZE, signal(OVER, 30), at=100)
    assert (ended.state, ended.times_raised) == (RESOLVED, 1)


def test_one_resolved_by_hand_stays_so_until_its_cause_ends_and_comes_again() -> None:
    kept = progress(signal(UP, 1), RESOLVE, signal(UP, 20), at=100)
    assert (kept.state, kept.resolved, kept.resolved_manually) == (RESOLVED, (T0 + 10 * MINUTE, "ada"), True)
    again = progress(signal(UP, 1), RESOLVE, signal(OVER, 20), signal(UP, 30), at=100)
    assert (again.state, again.times_raised) == (RAISED, 2)


def test_reopening_takes_an_answer_back() -> None:
    reopened = progress(signal(UP, 1), RESOLVE, action(ActionKind.REOPEN, 20), at=21)
    assert (reopened.state, reopened.resolved) == (RAISED, None)
    assert progress(signal(UP, 1), ACK, action(ActionKind.REOPEN, 20), at=21).state is RAISED


def test_one_reopened_after_its_cause_stays_until_a_person_resolves_it() -> None:
    over = (signal(UP, 1), signal(OVER, 5), action(ActionKind.REOPEN, 20))
    assert progress(*over, at=500).state is RAISED
    closed = progress(*over, action(ActionKind.RESOLVE, 30), at=500)
    assert (closed.state, closed.resolved) == (RESOLVED, (T0 + 30 * MINUTE, "ada"))
    assert not is_active(closed)


def test_an_assigned_alert_is_its_new_owners_until_it_is_over() -> None:
    given = action(ActionKind.ASSIGN, 10, owner="cy")
    assert progress(signal(UP, 1), given, at=20).assigned == "cy"
    assert progress(signal(UP, 1), given, signal(OVER, 20), signal(UP, 30), at=40).assigned is None


@pytest.mark.parametrize(
    ("before", "done"),
    [
        ((signal(UP, 1), signal(OVER, 5)), ACK), ((signal(UP, 1), signal(OVER, 5)), RESOLVE),
        ((signal(UP, 1),), action(ActionKind.REOPEN, 10)),
        ((signal(UP, 1),), action(ActionKind.SNOOZE, 10, until=T0 + 5 * MINUTE)), ((), ACK),
    ],
)
def test_an_action_with_nothing_to_act_on_is_told_and_changes_nothing(
    before: tuple[AlertSignal, ...], done: AlertAction
) -> None:
    without, found = progress(*before, at=20), progress(*before, done, at=20)
    assert (found.state, found.times_raised) == (without.state, without.times_raised)
    assert (steps(found)[-1], found.history[-1].by) == (AlertStep.IGNORED, "ada")


def test_an_action_meets_what_was_said_by_then_whatever_came_first() -> None:
    assert progress(ACK, signal(OVER, 20), signal(UP, 1), signal(UP, 30), at=40).state is RAISED


def flapping(times: int) -> list[AlertSignal]:
    """There and over, so many times, ten minutes each."""
    return [signal(state, 10 * place + half) for place in range(times) for half, state in ((0, UP), (5, OVER))]


def test_a_cause_that_comes_and_goes_too_often_stays_open_until_it_is_quiet() -> None:
    assert progress(*flapping(2), at=20).state is RESOLVED
    damped = progress(*flapping(3), at=30)
    assert (damped.state, damped.flapping, damped.times_raised) == (RAISED, True, 3)
    more = progress(*flapping(6), at=60)
    assert (more.state, more.times_raised) == (RAISED, 3)
    calm = progress(*flapping(6), at=55 + 60)
    assert (calm.state, calm.flapping, calm.resolved) == (RESOLVED, False, (T0 + 115 * MINUTE, "itself"))


def test_a_flapping_alert_whose_cause_then_lasts_stays_raised() -> None:
    found = progress(*flapping(3), signal(UP, 30), at=200)
    assert (found.state, found.flapping) == (RAISED, False)


def test_a_cause_that_returns_seldom_is_not_flapping() -> None:
    seldom = [signal(state, 200 * place + half) for place in range(5) for half, state in ((0, UP), (5, OVER))]
    assert progress(*seldom, at=1_000).times_raised == 5


def test_an_acknowledged_one_that_flaps_stays_acknowledged() -> None:
    found = progress(*flapping(3), action(ActionKind.ACKNOWLEDGE, 26), signal(UP, 30), signal(OVER, 31), at=40)
    assert (found.state, found.times_raised) == (ACKNOWLEDGED, 3)


def escalating(*items: AlertSignal | AlertAction) -> AlertContext:
    latest = record_of(*items).latest
    assert latest is not None
    return AlertContext(POLICY, route_of(latest, POLICY))


def test_an_alert_not_acknowledged_in_time_is_escalated() -> None:
    said = (signal(UP, 1),)
    assert not progress(*said, at=30.9, context=escalating(*said)).escalated
    found = progress(*said, at=31, context=escalating(*said))
    assert (found.escalated, found.assigned, found.history[-1].at) == (True, "head of desk", T0 + 31 * MINUTE)
    assert not progress(*said, ACK, at=200, context=escalating(*said)).escalated


def test_an_alert_raised_again_may_be_escalated_again() -> None:
    said = (signal(UP, 1), SNOOZE)
    assert next_change(progress(*said, at=65, context=escalating(*said)), escalating(*said)) == T0 + 90 * MINUTE


def test_what_arose_while_its_feed_was_silent_comes_out_when_that_is_over() -> None:
    silences = AlertContext(POLICY, NOWHERE, ((T0, T0 + 60 * MINUTE),))
    assert progress(signal(UP, 1), at=59, context=silences).state is AlertState.GATHERED
    out = progress(signal(UP, 1), at=60, context=silences)
    assert (out.state, steps(out)) == (RAISED, [AlertStep.GATHERED, AlertStep.RELEASED])
    assert progress(signal(UP, 60), at=70, context=silences).state is RAISED


def test_of_very_many_facts_the_older_are_summed_up_and_nothing_else_changes() -> None:
    many = [signal(state, 200 * place + half) for place in range(150) for half, state in ((0, UP), (5, OVER))]
    many.insert(10, action(ActionKind.ACKNOWLEDGE, 801))
    record = record_of(*many)
    short = compacted(record, CALM)
    assert len(short.signals) + len(short.actions) <= MOST_FACTS
    for at in (29_900, 40_000):
        whole, summed = (progress_at(one, CALM, T0 + at * MINUTE) for one in (record, short))
        assert (whole.state, whole.times_raised, whole.history, whole.active) == (
            summed.state, summed.times_raised, summed.history, summed.active,
        )
    assert with_signal(short, many[0]) is None  # type: ignore[arg-type]
    assert with_action(short, action(ActionKind.ACKNOWLEDGE, 801)) is None
