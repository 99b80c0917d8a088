"""``shipsync subscriptions`` on a broker: who is told is added, listed, changed and removed, and each is on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from config import topics
from config.settings import Settings
from connectors.outbound.secrets import SecretBox
from streams.contracts.outbound import CustomerSubscriptions
from streams.kernel.errors import Fatal
from tests.support.outbound_topics import audited, taken, with_topics
from topologies.cli.main import app
from topologies.local_stack.environment import environment

ADDRESS = "ann.smith@example.com"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with with_topics(tmp_path_factory.mktemp("home"), topics.CUSTOMER_SUBSCRIPTIONS) as made:
        yield made


@pytest.fixture
def settings(stack: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment(stack).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return stack


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["subscriptions", *arguments])


def told(*arguments: str) -> Any:
    done = invoked(*arguments, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


def kept(settings: Settings) -> CustomerSubscriptions:
    return taken(settings, topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions)[-1][1]


@pytest.mark.broker
def test_a_person_is_added_changed_paused_and_removed(settings: Settings) -> None:
    added = told(
        "add", "C-7", ADDRESS, "--milestone", "delivered", "--language", "de", "--time-zone", "Europe/Berlin",
        "--quiet", "22:00-07:00", "--order", "SO-1",
    )
    name = added["subscription_id"]
    [one] = kept(settings).recipients
    assert SecretBox(settings).decrypt(one.address) == ADDRESS
    assert ADDRESS not in invoked("list").output + json.dumps([added, told("list")])
    [listed] = told("list", "C-7")
    assert (listed["subscription_id"], listed["language"], listed["order_id"], listed["quiet_from"]) == (
        name, "de", "SO-1", "22:00"
    )
    assert told("list", "C-8") == []
    assert told("change", "C-7", name, "--language", "fr", "--quiet", "none")["language"] == "fr"
    [changed] = told("list")
    assert (changed["milestones"], changed["time_zone"], changed["quiet_from"]) == (
        ["delivered"], "Europe/Berlin", None
    )
    assert told("pause", "C-7", name)["paused"]
    assert "paused" in invoked("list").output
    assert not told("resume", "C-7", name)["paused"]
    told("remove", "C-7", name)
    assert told("list") == kept(settings).recipients == []
    assert [one.action.rpartition(".")[2] for one in audited(settings)] == [
        "add", "change", "pause", "resume", "remove"
    ]
    assert ADDRESS not in str(audited(settings))


@pytest.mark.broker
@pytest.mark.parametrize(("arguments", "why"), [
    (("add", "C-7", "nobody"), "an e-mail address is due"), (("add", "C-7", "ftp://x/y"), "one of these services"),
    (("add", "C-7", ADDRESS, "--language", "xx"), "language"),
    (("add", "C-7", ADDRESS, "--quiet", "9-5"), "a time of the day is due"), (("pause", "C-7", "sub_none"), "sub_none"),
])
def test_what_cannot_be_is_told_and_nothing_is_written(
    settings: Settings, arguments: tuple[str, ...], why: str
) -> None:
    before = taken(settings, topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions), audited(settings)
    done = invoked(*arguments)
    assert isinstance(done.exception, Fatal | SystemExit)
    assert why in f"{done.output} {done.exception}"
    assert (taken(settings, topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions), audited(settings)) == before
