"""A dead letter's record is tried by the mapping as it is, and written again as it was, on record and counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config import headers, topics
from config.settings import Settings
from connectors.kafka.producer import Record, deliver, producer
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.audit import Actor
from streams.contracts.model import DeadLetter
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import ActionChannel, ActorKind, Milestone
from tests.support.brokers import registry, settings_for
from tests.support.intake_records import LANDED, NUMBER, alert
from tests.support.topics import read_all
from topologies.operations import audit_trail, dead_letter_replay
from topologies.operations.tower_actions import TowerActions

ADA = Actor("Ada", ActorKind.PERSON, ActionChannel.TOWER, "operator")
AT = 1_790_000_000_000
RAW = topics.raw("ups")
KEPT = [(headers.FEED, b"ups"), (headers.RECEIVED_AT, str(LANDED).encode())]


def letter(topic: str, partition: int, offset: int, step: str = "intake", reason: str = "malformed") -> DeadLetter:
    return DeadLetter(step, reason, "why", None, topic, partition, offset, "ups", None, 10, AT - 1_000)


@pytest.mark.parametrize(("step", "topic", "may"), [
    ("intake", "raw.ups.v1", True), ("orders", "erp.orders.v1", True), ("shipments", "carrier.events.v1", True),
    ("fulfilment", "delivery.milestones.v1", True), ("orders", "master.data.v1", False),
    ("alerts", "alert.signals.v1", False), ("feeds", "feed.activity.v1", False),
])
def test_only_records_that_change_nothing_twice_are_written_again(step: str, topic: str, may: bool) -> None:
    assert (dead_letter_replay.why_not(letter(topic, 0, 1, step)) == "") is may


def test_no_record_goes_back_to_a_topic_that_keeps_the_last_of_each_key() -> None:
    found = [topic.name for several in dead_letter_replay.STEPS.values() for topic in several
             if topic.cleanup is topics.Cleanup.COMPACT]
    assert found == []


@pytest.fixture
def settings(bootstrap: str, tmp_path: Path) -> Iterator[Settings]:
    with registry() as url:
        made = settings_for(bootstrap, url, tmp_path)
        TopicAdmin(made).create([
            topics.AUDIT_ACTIONS, topics.DEAD_LETTERS, topics.MASTER_DATA, RAW, topics.raw("dhl"),
        ])
        yield made


@pytest.mark.broker
def test_a_letter_is_tried_and_written_again_as_it_was(settings: Settings) -> None:
    wrong = alert(activityStatus={"type": "D"})
    deliver(producer(settings), [
        Record(RAW.name, b"k", wrong, KEPT, 0), Record(RAW.name, b"k", alert(), [*KEPT, (headers.ATTEMPT, b"4")], 0),
        Record(RAW.name, None, b"{", KEPT, 0),
    ])
    first = min(int(one.offset() or 0) for one in read_all(settings.kafka.bootstrap, RAW.name))
    good, cut = (letter(RAW.name, 0, first + place) for place in (1, 2))
    other = letter("alert.signals.v1", 0, 1, "alerts")
    codec = ValueCodec(topics.DEAD_LETTERS, DeadLetter, Registry(settings))
    deliver(producer(settings), [
        Record(topics.DEAD_LETTERS.name, b"intake", codec.encode(one)) for one in (good, cut, other)
    ])
    found = dead_letter_replay.letters(settings, lambda one: one.step == "intake")
    assert {one.place for one in found} >= {good.place, cut.place}
    assert other.place not in {one.place for one in found}

    tower = TowerActions(settings)
    trials = tower.replay_trials([good, cut, other])
    assert [(one.is_tried, bool(one.why_not), bool(one.refused)) for one in trials] == [
        (True, False, False), (True, False, True), (False, True, False),
    ]
    [moved] = trials[0].events
    assert (moved.shipment, moved.milestone) == (f"ups:{NUMBER}", Milestone.DELIVERED)
    before = len(read_all(settings.kafka.bootstrap, RAW.name))

    assert tower.replay([good, other], ADA, AT, "mended") == [good.place]
    records = read_all(settings.kafka.bootstrap, RAW.name)
    assert len(records) == before + 1
    again = max(records, key=lambda one: (one.partition() == 0, one.offset() or 0))
    [action] = audit_trail.actions(settings, audit_trail.Asked(subject=good.place))
    assert (again.key(), again.value(), again.partition()) == (b"k", alert(), 0)
    assert dict(again.headers() or []) == {
        **dict(KEPT), headers.ATTEMPT: b"5", headers.FIRST_FAILED_AT: str(AT - 1_000).encode(),
        headers.ACTION: action.action_id.encode(),
    }
    assert (action.action, action.who, action.reason) == ("dead_letter.replay", "Ada", "mended")
    assert dead_letter_replay.replayed(settings) >= {good.place}
    with pytest.raises(Fatal, match="none of the records can be written again"):
        tower.replay([other], ADA, AT, "")
    assert len(read_all(settings.kafka.bootstrap, RAW.name)) == before + 1


@pytest.mark.kafka
def test_a_record_that_is_no_longer_kept_is_left_out(kafka_bootstrap: str, tmp_path: Path) -> None:
    with registry() as url:
        made = settings_for(kafka_bootstrap, url, tmp_path)
        TopicAdmin(made).create([topics.MASTER_DATA, topics.raw("dhl")])
        [trial] = dead_letter_replay.tried(made, [letter(topics.raw("dhl").name, 0, 900_000)])
    assert trial.why_not == "raw.dhl.v1 does not keep the record any more"
