"""Who waits for what, since when, and the alert when it takes too long."""

from __future__ import annotations

from streams.contracts.model import DocumentChase, FulfilmentState
from streams.fulfilment.phases import next_due
from streams.fulfilment.step import Input, Outputs, step, sweep
from streams.kernel.vocabulary import AlertKind, AlertState, FulfilmentAction, Milestone, WaitKind
from tests.support.fulfilment_world import AT, DAY, DELIVERY, NOON, decided, policies, told

RULES = policies("proof")
DUE = AT[Milestone.DELIVERED] + 5 * DAY


def after(*items: Input, now: int = NOON) -> tuple[dict[str, FulfilmentState], Outputs]:
    states: dict[str, FulfilmentState] = {}
    out = Outputs()
    for item in items:
        result = step([item], states, RULES, now)
        states |= result.states
        out = result.outputs
    return states, out


def test_a_wait_has_an_owner_a_beginning_and_a_deadline() -> None:
    wait = after(told(Milestone.DELIVERED))[0][DELIVERY].wait
    assert wait is not None
    assert (wait.kind, wait.owner, wait.since, wait.deadline, wait.overdue) == (
        WaitKind.PROOF, "finance", AT[Milestone.DELIVERED], DUE, False,
    )
    assert next_due(wait) == DUE


def test_the_deadline_raises_one_alert_and_the_proof_resolves_it() -> None:
    states, _ = after(told(Milestone.DELIVERED))
    assert sweep(states, RULES, DUE - 1).outputs.alerts == []
    late = sweep(states, RULES, DUE)
    [alert] = late.outputs.alerts
    assert (alert.kind, alert.state, alert.subject) == (
        AlertKind.CONFIRMATION_OVERDUE, AlertState.RAISED, DELIVERY,
    )
    assert "waits for its proof of delivery" in alert.message
    assert alert.owner == "finance"
    assert next_due(late.states[DELIVERY].wait) is None
    assert sweep(late.states, RULES, DUE + DAY).outputs.alerts == []
    [over] = step([told(Milestone.POD_RECEIVED)], late.states, RULES, DUE + DAY).outputs.alerts
    assert (over.alert_id, over.state) == (alert.alert_id, AlertState.RESOLVED)


def test_a_delivery_reported_after_its_deadline_alerts_at_once() -> None:
    _, out = after(told(Milestone.DELIVERED), now=DUE + DAY)
    assert [one.state for one in out.alerts] == [AlertState.RAISED]


def test_a_decision_ends_the_wait_and_its_alert() -> None:
    for action in (FulfilmentAction.WAIVE, FulfilmentAction.RELEASE, FulfilmentAction.CLOSE):
        states, out = after(told(Milestone.DELIVERED), decided(action), now=DUE)
        assert states[DELIVERY].wait is None
        assert [one.state for one in out.alerts] == [AlertState.RESOLVED]


def test_goods_that_come_back_and_proofs_without_a_delivery_are_waits() -> None:
    kinds = [
        after(told(milestone))[0][DELIVERY].wait for milestone in (Milestone.RETURNING, Milestone.POD_RECEIVED)
    ]
    assert [one and one.kind for one in kinds] == [WaitKind.RETURN, WaitKind.DELIVERY]


def test_the_alert_says_that_the_missing_document_was_asked_for_again_and_what_came() -> None:
    chases = [
        DocumentChase(DELIVERY, "north", "N100", DUE - days * DAY, 3 - days, f"404, day {days}") for days in (2, 1)
    ]
    states, _ = after(told(Milestone.DELIVERED), chases[1], chases[0], chases[1])
    assert states[DELIVERY].chases == chases
    [alert] = sweep(states, RULES, DUE).outputs.alerts
    assert alert.message.endswith(
        "waits for its proof of delivery; asked for again 2 times, without success: 404, day 1"
    )


def test_nothing_is_kept_of_a_delivery_that_nothing_is_known_of() -> None:
    assert after(DocumentChase("D-9", "north", "N100", NOON, 1, "")) == ({}, Outputs())
