"""The public record of an alert: routed, with what it is about, and what is left once it is over."""

from __future__ import annotations

from msgspec.structs import replace

from streams.alerts.record import AlertRecord, decode, with_action, with_signal
from streams.alerts.routing import NOWHERE, Escalation, Route
from streams.alerts.timeline import AlertContext, progress_at
from streams.alerts.view import alert_of, changed_at, forgotten_at
from streams.contracts.model import Alert, AlertAction, AlertSignal
from streams.kernel.vocabulary import ActionKind, AlertKind, AlertState, Severity
from tests.support.alert_strategies import MINUTE, OVER, POLICY, T0, UP, action, signal, silence

ROUTE = Route(owner="desk", channels=("mail",), escalation=Escalation(30 * MINUTE, None, ("pager", "mail")))


def told(*items: AlertSignal | AlertAction, at: float, route: Route = ROUTE) -> tuple[AlertRecord, Alert]:
    record = AlertRecord()
    for item in items:
        record = (with_signal(record, item) if isinstance(item, AlertSignal) else with_action(record, item)) or record
    context = AlertContext(POLICY, route)
    progress = progress_at(record, context, T0 + round(at * MINUTE))
    return record, alert_of("a" * 32, record, progress, context)


def test_an_alert_names_its_owner_and_its_subject() -> None:
    said = signal(UP, 1)
    _, alert = told(said, at=2)
    assert (alert.owner, alert.channels, alert.severity) == ("desk", ["mail"], Severity.WARNING)
    assert (alert.affected, alert.shipments, alert.orders, alert.at_stake) == (
        1, ["north:N1"], said.orders, said.at_stake,
    )
    assert (alert.cause, alert.raised_at, alert.changed_at) == (said.cause, T0 + MINUTE, T0 + MINUTE)


def test_an_escalated_alert_is_more_severe_and_goes_to_more_channels() -> None:
    _, alert = told(signal(UP, 1), at=40)
    assert (alert.escalated, alert.severity, alert.owner) == (True, Severity.CRITICAL, "desk")
    assert (alert.channels, alert.changed_at) == (["mail", "pager"], T0 + 31 * MINUTE)


def test_a_route_may_say_how_severe_it_is() -> None:
    _, alert = told(signal(UP, 1), at=2, route=Route(severity=Severity.INFO))
    assert (alert.severity, alert.owner, alert.channels) == (Severity.INFO, None, [])


def test_the_signals_owner_sees_to_it_where_the_route_names_nobody_until_it_escalates() -> None:
    said = replace(signal(UP, 1), owner="finance")
    route = Route(channels=("mail",), escalation=Escalation(30 * MINUTE, "finance-lead", ("pager",)))
    assert [told(said, at=at, route=route)[1].owner for at in (2, 40)] == ["finance", "finance-lead"]
    assert told(said, at=2)[1].owner == "desk"


def test_the_history_names_who_did_what_when_and_why() -> None:
    done = action(ActionKind.SNOOZE, 5, until=T0 + 90 * MINUTE, note="the carrier is asked")
    _, alert = told(signal(UP, 1), done, at=6)
    assert (alert.state, alert.snoozed_until, alert.snoozed_by, alert.note) == (
        AlertState.SNOOZED, T0 + 90 * MINUTE, "ada", "the carrier is asked",
    )
    assert [(one.step.value, one.by) for one in alert.history] == [("raised", "itself"), ("snoozed", "ada")]


def test_the_record_inside_is_the_life() -> None:
    record, alert = told(signal(UP, 1), action(ActionKind.RESOLVE, 5), at=6)
    assert decode(alert.record) == record


def test_an_alert_about_a_feed_is_about_what_is_gathered_under_it() -> None:
    _, alone = told(silence(UP, 1), at=2)
    assert (alone.kind, alone.affected, alone.at_stake) == (AlertKind.FEED_STALE, 0, [])


def test_actions_on_nothing_are_shown_as_such() -> None:
    _, alert = told(action(ActionKind.RESOLVE, 5), at=6)
    assert (alert.kind, alert.state, alert.affected) == (AlertKind.UNKNOWN, AlertState.RESOLVED, 0)
    assert alert.raised_at == T0 + 5 * MINUTE


def test_only_resolved_alerts_are_forgotten() -> None:
    context = AlertContext(POLICY, NOWHERE)
    for items, over in (
        ((signal(UP, 1),), False), ((signal(UP, 1), action(ActionKind.RESOLVE, 5)), False),
        ((signal(UP, 1), signal(OVER, 5)), True), ((action(ActionKind.RESOLVE, 5),), True),
    ):
        record, _ = told(*items, at=6)
        progress = progress_at(record, context, T0 + 6 * MINUTE)
        expected = changed_at(progress) + POLICY.forget_ms if over else None
        assert forgotten_at(record, progress, context) == expected
