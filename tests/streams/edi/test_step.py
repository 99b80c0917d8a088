"""Interchanges we sent meet their acknowledgements, whichever comes first; missing ones and rejections are told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.model import Acknowledgement, AlertSignal, Exchange, Interchange
from streams.edi.exchange import KEPT_MS, forget_at, key_of, next_due
from streams.edi.step import EdiOutputs, step, sweep
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import AlertKind, AlertState, Direction, Severity, Verdict
from tests.support.edi_inputs import DAY, HOUR, SENT_AT, acknowledged, sent


class Desk:
    """States between chunks, and every alert ever raised."""

    def __init__(self) -> None:
        self.states: dict[str, Exchange] = {}
        self.alerts: list[AlertSignal] = []

    def take(self, *items: Interchange | Acknowledgement) -> StepResult[EdiOutputs, Exchange]:
        result = step(items, self.states)
        self.states |= result.states
        self.alerts += result.outputs.alerts
        return result

    def look(self, now: int, wait: int | None = DAY) -> None:
        result = sweep(self.states, wait, now)
        self.states = {key: one for key, one in result.states.items() if one is not None}
        self.alerts += result.outputs.alerts

    @property
    def said(self) -> list[tuple[AlertKind, AlertState]]:
        return [(alert.kind, alert.state) for alert in self.alerts]


UNACKNOWLEDGED, REJECTED = AlertKind.EDI_UNACKNOWLEDGED, AlertKind.EDI_REJECTED
RAISED, RESOLVED = AlertState.RAISED, AlertState.RESOLVED


def test_what_nobody_acknowledges_in_time_is_raised_once_and_resolved_by_the_acknowledgement() -> None:
    desk = Desk()
    desk.take(sent())
    desk.look(SENT_AT + DAY - 1)
    assert desk.alerts == []
    desk.look(SENT_AT + DAY)
    desk.look(SENT_AT + 2 * DAY)
    [alert] = desk.alerts
    assert (alert.kind, alert.raised_at, alert.subject) == (UNACKNOWLEDGED, SENT_AT + DAY, "north.edi:NORTH:4711")
    assert alert.message == "204 4711 to NORTH (north.edi) about D-80: not acknowledged"
    desk.take(acknowledged(at=SENT_AT + 2 * DAY))
    assert desk.said == [(UNACKNOWLEDGED, RAISED), (UNACKNOWLEDGED, RESOLVED)]


def test_an_acknowledgement_may_come_before_what_it_acknowledges() -> None:
    desk = Desk()
    desk.take(acknowledged())
    desk.take(sent())
    desk.look(SENT_AT + 30 * DAY)
    assert desk.alerts == []


@pytest.mark.parametrize("verdict", [Verdict.REJECTED, Verdict.PARTLY_ACCEPTED])
def test_a_rejection_is_told_at_once_also_of_what_we_do_not_know(verdict: Verdict) -> None:
    desk = Desk()
    desk.take(acknowledged(verdict))
    [alert] = desk.alerts
    assert (alert.kind, alert.state, alert.severity) == (REJECTED, RAISED, Severity.CRITICAL)
    words = verdict.value.replace("_", " ")
    assert alert.message.startswith(f"EDI 4711 to NORTH (north.edi): {words} by the partner; 204 0001: ")
    desk.take(acknowledged(verdict))
    assert len(desk.alerts) == 1
    desk.take(acknowledged(Verdict.ACCEPTED, SENT_AT + 2 * HOUR))
    assert desk.said == [(REJECTED, RAISED), (REJECTED, RESOLVED)]


def test_the_acknowledgements_we_send_ourselves_expect_none() -> None:
    desk = Desk()
    out = desk.take(acknowledged(Verdict.REJECTED, direction=Direction.SENT))
    assert (desk.states, desk.alerts, out.counts) == ({}, [], {"ours": 1})


def test_edifact_is_known_by_its_interchange_and_padding_tells_nothing_apart() -> None:
    contrl = acknowledged(control="")
    contrl.interchange_control = "00017"
    assert key_of(contrl) == key_of(sent(group_control="", interchange_control="17")) == "north.edi:NORTH:17"
    assert key_of(sent("000")) == "north.edi:NORTH:0"


def test_an_exchange_is_looked_at_when_overdue_and_forgotten_long_after_its_acknowledgement() -> None:
    desk = Desk()
    desk.take(sent())
    [waiting] = desk.states.values()
    assert (next_due(waiting, DAY), next_due(waiting, None)) == (SENT_AT + DAY, None)
    assert forget_at(waiting) is None
    desk.look(SENT_AT + DAY)
    [overdue] = desk.states.values()
    assert next_due(overdue, DAY) is None
    desk.take(acknowledged(at=SENT_AT + 2 * DAY))
    [done] = desk.states.values()
    assert next_due(done, DAY) == forget_at(done) == SENT_AT + 2 * DAY + KEPT_MS


@settings(deadline=None)
@given(st.data())
def test_the_end_depends_on_the_set_of_inputs_alone(data: st.DataObject) -> None:
    said: list[Interchange | Acknowledgement] = data.draw(st.lists(st.one_of(
        st.builds(sent, st.sampled_from(["1", "2"]), st.integers(0, 3).map(lambda hours: SENT_AT + hours * HOUR)),
        st.builds(
            acknowledged, st.sampled_from(Verdict), st.integers(0, 3).map(lambda hours: SENT_AT + hours * HOUR),
            st.sampled_from(["1", "02"]),
        ),
    ), max_size=8))
    one, other = Desk(), Desk()
    one.take(*said)
    for item in data.draw(st.permutations(said + said[: len(said) // 2])):
        other.take(item)
    for desk in (one, other):
        desk.look(SENT_AT + 9 * DAY)
    assert one.states == other.states
    assert open_ones(one) == open_ones(other)


def open_ones(desk: Desk) -> set[str]:
    latest = {alert.alert_id: alert for alert in desk.alerts}
    return {key for key, alert in latest.items() if alert.state is RAISED}
