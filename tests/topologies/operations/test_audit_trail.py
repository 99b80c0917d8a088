"""The audit trail: what the tower does is recorded before it is done, and what fails is recorded as failed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from config import headers, topics
from config.settings import Settings, SettingsError
from connectors.kafka import person_actions
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.audit import Actor, AuditAction
from streams.contracts.model import ActionDetail, AlertAction
from streams.kernel.errors import Fatal, Transient
from streams.kernel.vocabulary import ActionChannel, ActionKind, ActionOutcome, ActorKind, SubjectKind
from tests.support.brokers import registry, settings_for
from tests.support.topics import read_all
from topologies.operations.audit_trail import Asked, actions, fitting
from topologies.operations.command_actor import command_actor
from topologies.operations.tower_actions import TowerActions

ADA = Actor("Ada", ActorKind.PERSON, ActionChannel.TOWER, "operator")
AT = 1_790_000_000_000
ACTION = AuditAction(
    "1", AT, "Ada Byron", ActorKind.PERSON, "operator", ActionChannel.TOWER, "reference.resolve",
    SubjectKind.REFERENCE, "bol:B1", "", [ActionDetail("shipment", "ups:1Z")],
)


@pytest.mark.parametrize(("asked", "fits"), [
    (Asked(), True), (Asked(who="ada"), True), (Asked(who="grace"), False), (Asked(subject="bol:B1"), True),
    (Asked(subject="ups:1Z"), True), (Asked(subject="ups"), False), (Asked(action="reference.resolve"), True),
    (Asked(action="alert.resolve"), False), (Asked(since=AT), True), (Asked(since=AT + 1), False),
])
def test_what_is_asked_for_is_found(asked: Asked, fits: bool) -> None:
    assert fitting([ACTION], asked) == ([ACTION] if fits else [])


def test_the_newest_comes_first() -> None:
    later = structs.replace(ACTION, action_id="2", at=AT + 1)
    assert fitting([ACTION, later], Asked()) == [later, ACTION]


def test_a_command_is_run_by_the_user_of_the_machine_who_may_be_named_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    login = command_actor(Settings(_env_file=None))
    assert "@" in login.name
    assert "somebody-else" not in login.name
    named = command_actor(Settings(_env_file=None, actor=" Ada "))
    assert named == login._replace(name=f"Ada ({login.name})")
    with pytest.raises(SettingsError, match="SHIPSYNC_ACTOR: a name that can be shown is due"):
        Settings(_env_file=None, actor="Ada\x1b[2J")


@pytest.fixture
def settings(bootstrap: str, tmp_path: Path) -> Iterator[Settings]:
    with registry() as url:
        made = settings_for(bootstrap, url, tmp_path)
        TopicAdmin(made).create([
            topics.ALERT_ACTIONS, topics.ALERT_SIGNALS, topics.AUDIT_ACTIONS, topics.FEED_PAUSES,
        ])
        yield made


@pytest.mark.broker
def test_actions_are_recorded_in_order_and_what_they_write_bears_their_id(settings: Settings) -> None:
    tower = TowerActions(settings)
    tower.act(AlertAction("a1", ActionKind.ACKNOWLEDGE, "Ada", AT, "seen"), ADA)
    tower.pause("ups", ADA, AT + 1, "mend it")
    with pytest.raises(Fatal, match="is paused already"):
        tower.pause("ups", ADA, AT + 2, "again")
    tower.resume("ups", ADA, AT + 3)
    found = actions(settings, Asked())
    assert [(one.action, one.who, one.outcome) for one in found] == [
        (name, "Ada", ActionOutcome.TAKEN) for name in ("feed.resume", "feed.pause", "alert.acknowledge")
    ]
    marks = [
        dict(one.headers() or [])[headers.ACTION].decode()
        for topic in (topics.ALERT_ACTIONS, topics.FEED_PAUSES) for one in read_all(
            settings.kafka.bootstrap, topic.name
        )
    ]
    assert marks == [one.action_id for one in reversed(found)]
    audit = person_actions.audited(ADA, AT + 4, "feed.pause", SubjectKind.FEED, "dhl")
    with pytest.raises(Transient, match="not all of it was written"), person_actions.recorded(settings, [audit]):
        raise Transient("not acknowledged")
    assert actions(settings, Asked(subject="dhl"))[0].outcome is ActionOutcome.FAILED
