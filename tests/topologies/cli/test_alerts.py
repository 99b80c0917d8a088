"""``shipsync alerts``: the work list and its filters, one alert's record, and actions by a part of its id."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from config.settings import Settings
from connectors.kafka import alert_actions
from streams.alerts.feed_silence import silence_of
from streams.alerts.record import AlertRecord, with_action, with_signal
from streams.alerts.routing import Route
from streams.alerts.timeline import AlertContext, progress_at
from streams.alerts.view import alert_of
from streams.contracts.model import Alert, AlertAction
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import ActionKind, AlertState, OutboundStatus, Severity
from streams.paging.told import ToldOn
from tests.support.alert_strategies import MINUTE, OVER, POLICY, T0, UP, action, signal, silence
from topologies.cli.main import app
from topologies.operations import alert_board, told_channels
from topologies.operations.command_actor import command_actor
from topologies.operations.record_view import moment

ME = command_actor(Settings(_env_file=None)).name
ROUTE = AlertContext(POLICY, Route(owner="desk", channels=("mail",)))


def made(*items: Any) -> Alert:
    record = AlertRecord()
    for item in items:
        record = (with_action(record, item) if isinstance(item, AlertAction) else with_signal(record, item)) or record
    assert record.latest is not None
    return alert_of(record.latest.alert_id, record, progress_at(record, ROUTE, T0 + 60 * MINUTE), ROUTE)


STILL = made(
    signal(UP, 1, message="north:N1: stands still\x1b[2J [/] :smile:"), action(ActionKind.ACKNOWLEDGE, 9, note="asked")
)
LOST = made(signal(UP, 5, "north:N2", severity=Severity.CRITICAL))
OVER_NOW = made(signal(UP, 1, "north:N3"), signal(OVER, 5, "north:N3"))
FEED = made(silence(UP, 1))
UNDER = replace(made(signal(UP, 2, "north:N4")), state=AlertState.GATHERED, under=silence_of("north.track"))


class Board:
    """The alerts above, without a broker."""

    def __init__(self, *_: Any) -> None:
        self.alerts = {one.alert_id: one for one in (STILL, LOST, OVER_NOW, FEED, UNDER)}

    found = alert_board.AlertBoard.found

    def update(self, seconds: float) -> list[Alert]:
        del seconds
        return []

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(autouse=True)
def acted(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> list[AlertAction]:
    """The actions taken; no broker is asked."""
    done: list[AlertAction] = []
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(alert_board, "AlertBoard", Board)
    monkeypatch.setattr(told_channels, "told_by_alert", lambda _: {LOST.alert_id: [
        ToldOn("ops\x1b[2J", OutboundStatus.SENT, T0), ToldOn("pager", OutboundStatus.RETRYING, T0, 3, "503"),
    ]})
    monkeypatch.setattr(alert_actions, "act", lambda _, action, __: done.append(action))
    return done


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["alerts", *arguments])


def listed(*arguments: str) -> list[str]:
    done = invoked("list", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return [one["subject"] for one in json.loads(done.output)]


def test_the_work_list_is_what_is_open_the_most_pressing_first() -> None:
    assert listed() == ["north:N2", "north:N1", "north.track"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("--severity", "critical"), ["north:N2"]), (("--kind", "feed_stale"), ["north.track"]),
        (("--state", "resolved"), ["north:N3"]), (("--state", "gathered"), ["north:N4"]),
        (("--owner", "desk", "--customer", "C-1"), ["north:N2", "north:N1"]), (("--feed", "elsewhere"), []),
    ],
)
def test_the_list_is_narrowed_by_what_is_asked(asked: tuple[str, ...], expected: list[str]) -> None:
    assert listed(*asked) == expected


def test_a_person_sees_rows_with_value_and_owner_and_no_power_over_the_terminal() -> None:
    text = invoked("list").output
    [row] = [line for line in text.splitlines() if "north:N1" in line]
    assert [word for word in row.replace("│", " ").split() if word in ("acknowledged", "desk", "100.00", "EUR")] == [
        "acknowledged", "desk", "100.00", "EUR", "acknowledged",
    ]
    assert "\x1b[2J" not in text
    assert "[/] :smile:" in text
    assert "No alert matches." in invoked("list", "--feed", "elsewhere").output


def test_one_alert_is_shown_with_its_history() -> None:
    text = invoked("show", STILL.alert_id[:8]).output
    assert STILL.alert_id in text
    assert [step for step in ("raised", "acknowledged") if step in text.partition("what happened")[2]] == [
        "raised", "acknowledged",
    ]
    assert "asked" in text


def test_who_was_told_stands_in_the_list_and_with_the_alert() -> None:
    [row] = [line for line in invoked("list").output.splitlines() if "north:N2" in line]
    assert "UTC, pager not reached yet" in row
    assert "\x1b[2J" not in row
    for arguments in (("list",), ("show", LOST.alert_id)):
        plain = json.loads(invoked(*arguments, "--json").output)
        found = next(one for one in plain if one["subject"] == "north:N2") if isinstance(plain, list) else plain
        assert [(one["channel"], one["status"]) for one in found["told"]] == [
            ("ops\x1b[2J", "sent"), ("pager", "retrying")
        ]
        assert found["told"][0]["at"] == moment(T0)
    assert "acknowledged by ada" in invoked("show", STILL.alert_id).output


def test_alerts_gathered_under_a_feed_are_shown_with_it() -> None:
    assert "north:N4" in invoked("show", FEED.alert_id).output
    told = json.loads(invoked("show", FEED.alert_id, "--json").output)
    assert told["gathered"] == ["north:N4"]
    assert "record" not in told


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("ack",), (ActionKind.ACKNOWLEDGE, None)), (("resolve",), (ActionKind.RESOLVE, None)),
        (("reopen",), (ActionKind.REOPEN, None)), (("assign", "--to", "cy"), (ActionKind.ASSIGN, "cy")),
    ],
)
def test_an_action_is_written_by_a_part_of_the_id(
    acted: list[AlertAction], asked: tuple[str, ...], expected: tuple[ActionKind, str | None]
) -> None:
    done = invoked(asked[0], LOST.alert_id[:6], "--note", "seen", *asked[1:])
    assert done.exit_code == 0, done.output
    (made,) = acted
    assert (made.alert_id, made.by, made.note) == (LOST.alert_id, ME, "seen")
    assert (made.action, made.owner) == expected


def test_a_snooze_ends_after_the_time_asked_for(acted: list[AlertAction]) -> None:
    assert invoked("snooze", LOST.alert_id, "--for", "2h").exit_code == 0
    (made,) = acted
    assert made.until is not None
    assert made.until - made.at in range(7_200_000 - 1_000, 7_200_001)


@pytest.mark.parametrize("asked", [("snooze", "--for", "soon"), ("assign", "--to", " "), ("ack", "--by", "ada")])
def test_an_unknown_value_is_a_usage_error(acted: list[AlertAction], asked: tuple[str, ...]) -> None:
    assert invoked(asked[0], LOST.alert_id, *asked[1:]).exit_code == 2
    assert acted == []


@pytest.mark.parametrize("prefix", ["", "zz"])
def test_an_id_of_no_alert_is_told(prefix: str) -> None:
    error = invoked("show", prefix).exception
    assert isinstance(error, Fatal)
    assert f"no alert id begins with {prefix!r}" in str(error)


def test_a_part_that_fits_several_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = {f"ab{place}": replace(LOST, alert_id=f"ab{place}") for place in range(2)}
    monkeypatch.setattr(Board, "__init__", lambda self, *_: setattr(self, "alerts", twins))
    error = invoked("ack", "ab").exception
    assert isinstance(error, Fatal)
    assert "2 alert ids begin with 'ab'" in str(error)
