"""The command line as a whole: help everywhere, and errors that say what to do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner, Result

from connectors.embedded.ports import unused
from tests.support.waiting import PATIENCE
from topologies.cli.commands import loaded
from topologies.cli.main import _complain, app
from topologies.runtime.exit_codes import ExitCode

COMMANDS = [
    "alerts", "audit", "bookings", "carrier", "completion", "deadletters", "delivery", "demo", "documents", "drop",
    "erp", "feed", "feeds", "find", "fulfilment", "gateway", "identity", "keys", "link", "masterdata", "norms",
    "orders", "poll", "portal", "postings", "pull", "send", "settings", "show", "stage", "state", "status",
    "subscriptions", "tail", "topics", "trace", "up", "users", "version", "views", "webhooks",
]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SHIPSYNC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def ran(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, as its entry point handles faults."""
    return subprocess.run(
        [sys.executable, "-m", "topologies.cli.main", *arguments], capture_output=True, text=True, timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, check=False,
    )


ROOT = Path(__file__).resolve().parents[3]


def test_the_commands_are_these() -> None:
    group = typer.main.get_command(app)
    shown = [name for name, one in group.commands.items() if not one.hidden]  # type: ignore[attr-defined]
    assert sorted(shown) == COMMANDS


def test_without_arguments_the_help_is_shown() -> None:
    result = invoked()
    assert all(f" {name} " in result.output for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_and_what_each_option_means(name: str) -> None:
    assert invoked(name, "--help").exit_code == 0
    command = loaded(name)
    assert command.help is not None
    assert len(command.help) > 15
    assert [one.name for one in command.params if not getattr(one, "help", None)] == []


STAGE_NAMES = "intake, orders, identity, shipments, fulfilment, feeds, norms, edi"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["stage", "shipment"], ["there is no stage 'shipment'", STAGE_NAMES]),
        (["up", "--only", "intakes"], ["there is no stage 'intakes'", STAGE_NAMES]),
        (["up", "--external", "--ports", "20000"], ["--ports", "not with --external"]),
        (["tail", "milestone"], ["there is no topic 'milestone'", "did you mean delivery.milestones.v1"]),
        (["tail", "carrier.evnts"], ["did you mean carrier.events.v1"]),
        (["tail", "zzz"], ["shipsync topics"]),
        (["feed", "nobody", "."], ["there is no feed 'nobody'", "The feeds are "]),
        (["nonsense"], ["No such command 'nonsense'"]),
    ],
)
def test_a_wrong_argument_is_a_usage_error_that_names_what_there_is(arguments: list[str], told: list[str]) -> None:
    result = invoked(*arguments)
    assert result.exit_code == 2
    assert [words for words in told if words not in result.output] == []


def test_a_path_without_files_is_a_usage_error(tmp_path: Path) -> None:
    from connectors.carriers import discover

    feed = discover()[0].feed
    assert "does not exist" in invoked("feed", feed, "not-here").output
    result = invoked("feed", feed, str(tmp_path))
    assert result.exit_code == 2
    assert "holds no files" in result.output


def test_a_feed_this_installation_does_not_take_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPSYNC_FEEDS", "ups,dhl")
    result = invoked("feed", "fedex", "README.md")
    assert result.exit_code == 2
    assert "The feeds are dhl, ups" in " ".join(result.output.split())


def test_topics_are_those_of_the_feeds_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPSYNC_FEEDS", "ups")
    listed = {topic["name"] for topic in json.loads(invoked("topics", "--json").output)}
    assert {name for name in listed if name.startswith("raw.")} == {"raw.ups.v1"}


def test_an_unknown_setting_ends_with_78_and_names_the_nearest() -> None:
    done = ran("topics", SHIPSYNC_PARTITION="2")
    assert done.returncode == 78
    assert done.stderr == "Wrong settings:\n  SHIPSYNC_PARTITION: unknown; did you mean SHIPSYNC_PARTITIONS?\n"


@pytest.mark.parametrize(("arguments", "variables"), [
    (["tail", "customer.updates"], {"SHIPSYNC_KAFKA_CONFIG": '{"sasl.passwordx": "geheim"}'}),
    (["tail", "customer.updates"], {"SHIPSYNC_KAFKA_CONFIG": '{"sasl.password": "geheim"'}),
    (["poll"], {"SHIPSYNC_POLL_CREDENTIALS": '{"fedex": {"client_secret": "geheim", "x": 1}}'}),
    (["poll"], {"SHIPSYNC_POLL_CREDENTIALS": '{"fedex": "geheim"'}),
    (["topics"], {"SHIPSYNC_PARTITIONS": "geheim"}),
    (["topics"], {"SHIPSYNC_API_KEYS_FILE": "geheim"}),
])
def test_a_wrong_secret_is_named_by_its_setting_and_not_shown(
    arguments: list[str], variables: dict[str, str]
) -> None:
    done = ran(*arguments, **variables)
    assert done.returncode == 78
    assert next(iter(variables)) in done.stderr
    assert "geheim" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_wrong_settings_end_with_78_and_name_each() -> None:
    for command in (["stage", "intake"], ["status"], ["up"]):
        done = ran(*command, SHIPSYNC_PARTITIONS="none", SHIPSYNC_LOG_LEVEL="LOUD")
        assert done.returncode == 78
        assert "SHIPSYNC_PARTITIONS" in done.stderr
        assert "use DEBUG, INFO, WARNING or ERROR" in done.stderr
        assert "Traceback" not in done.stderr


def test_where_nothing_runs_the_status_says_how_to_start_it() -> None:
    done = ran("status")
    assert (done.returncode, done.stdout) == (ExitCode.UNAVAILABLE, "")
    assert "shipsync up" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["tail", "ops.alerts"], ["topics", "--check"]])
def test_without_a_broker_one_line_names_its_address_and_the_setting(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.kafka.consumer.ANSWER_SECONDS", 0.3)
    monkeypatch.setattr("topologies.cli.topics.WAIT_SECONDS", 0.3)
    address = f"127.0.0.1:{unused()[0]}"
    monkeypatch.setenv("SHIPSYNC_BOOTSTRAP", address)
    result = invoked(*arguments)
    assert result.exit_code == 1
    assert address in str(result.exception)
    assert "SHIPSYNC_BOOTSTRAP" in str(result.exception)


def test_an_address_elsewhere_needs_external(tmp_path: Path) -> None:
    done = ran("up", SHIPSYNC_BOOTSTRAP="kafka.example.com:9092", SHIPSYNC_DATA_DIR=str(tmp_path / "data"))
    assert done.returncode == 1
    assert "SHIPSYNC_BOOTSTRAP names kafka.example.com:9092, not this machine" in done.stderr
    assert "--external" in done.stderr
    assert not (tmp_path / "data" / "up.json").exists()


def test_topics_are_listed_in_every_form() -> None:
    assert "shipment.state.v1" in invoked("topics").output
    assert '"name": "shipment.state.v1"' in invoked("topics", "--json").output
    assert "| `shipment.state.v1` |" in invoked("topics", "--markdown").output


def test_an_error_message_shows_foreign_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    _complain("[red]feed[/] :smile: \x1b[2J")
    assert capsys.readouterr().err == "[red]feed[/] :smile: \\x1b[2J\n"
