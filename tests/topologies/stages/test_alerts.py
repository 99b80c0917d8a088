"""The alerts handler: framed signals and actions in, alerts kept and shown; what the clock does survives a restore."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.alerts.feed_silence import silence_of
from streams.contracts.model import Alert, AlertAction, AlertSignal
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import ActionKind, AlertKind, AlertState, RejectReason
from tests.fakes.memory import Memory
from tests.support.alert_strategies import HOUR, MINUTE, OVER, T0, UP, action, signal, silence
from tests.support.framing import framed_wrong
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from topologies.runtime.handler import Handled
from topologies.stages.alert_rules import PACKAGED
from topologies.stages.alerts import AlertsHandler

REGISTRY = fake_registry()
SIGNALS = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, REGISTRY)
ACTIONS = ValueCodec(topics.ALERT_ACTIONS, AlertAction, REGISTRY)
ALERTS = ValueCodec(topics.OPS_ALERTS, Alert, REGISTRY)
SNOOZE = action(ActionKind.SNOOZE, 10, until=T0 + 60 * MINUTE)


class Stage:
    """The handler with its state; every change is kept as the changelog would bring it back, too."""

    def __init__(self, file: Path = PACKAGED) -> None:
        self.handler = AlertsHandler(Settings(alerts_file=file), REGISTRY, {})
        self.memory, self.log = Memory(), dict[bytes, bytes | None]()

    def hear(self, minute: float, *items: AlertSignal | AlertAction | bytes | None) -> Handled:
        topic = topics.ALERT_ACTIONS if items and isinstance(items[0], AlertAction) else topics.ALERT_SIGNALS
        values = [
            SIGNALS.encode(one) if isinstance(one, AlertSignal)
            else ACTIONS.encode(one) if isinstance(one, AlertAction) else one
            for one in items
        ]
        records = [FakeRecord(topic.name, 0, place, value=value) for place, value in enumerate(values)]
        return self._kept(self.handler.handle(records, self.memory, T0 + round(minute * MINUTE)))

    def sweep(self, minute: float) -> Handled:
        return self._kept(self.handler.sweep(self.memory, T0 + round(minute * MINUTE)))

    def alert(self, subject: str = "north:N1") -> Alert:
        decoded = [ALERTS.decode(value) for key, value in self.memory.held.items() if not key.startswith(b"\x00")]
        [found] = [one for one in decoded if one.subject == subject]
        return found

    def restored(self) -> Stage:
        """Another stage, whose disk was made anew from the changelog."""
        other = Stage()
        for key, value in self.log.items():
            if value is not None:
                other.memory.held |= self.handler.local_writes(key, value)
        return other

    def _kept(self, handled: Handled) -> Handled:
        for key, change in handled.changes.items():
            self.log[key] = change.changelog
            if change.local is None:
                self.memory.held.pop(key, None)
        handled.changes = {key: change for key, change in handled.changes.items() if change.local is not None}
        self.memory.apply(handled)
        return handled


def test_a_signal_becomes_an_alert_on_the_changelog_which_is_what_everybody_reads() -> None:
    stage = Stage()
    out = stage.hear(1, signal(UP, 1))
    [(key, change)] = out.changes.items()
    assert key == signal(UP, 1).alert_id.encode()
    assert change.local == change.changelog
    assert (stage.alert().state, stage.alert().owner) == (AlertState.RAISED, "operations")
    assert (out.outputs, out.counts) == ({}, {"signals": 1})


def test_a_repeated_signal_changes_nothing() -> None:
    stage = Stage()
    stage.hear(1, signal(UP, 1))
    again = stage.hear(2, signal(UP, 1))
    assert (again.changes, again.counts) == ({}, {"repeated": 1})


def test_an_action_is_met_by_the_alert_it_is_about() -> None:
    stage = Stage()
    stage.hear(1, signal(UP, 1))
    stage.hear(10, SNOOZE)
    assert (stage.alert().state, stage.alert().snoozed_by) == (AlertState.SNOOZED, "ada")
    assert stage.sweep(59).changes == {}
    stage.sweep(60)
    assert stage.alert().state is AlertState.RAISED


def test_what_is_restored_falls_due_as_what_was_there() -> None:
    stage = Stage()
    stage.hear(1, signal(UP, 1), signal(UP, 2, "north:N2"))
    stage.hear(10, SNOOZE)
    other = stage.restored()
    assert other.sweep(30).changes == {}
    for one in (stage, other):
        one.sweep(61)
    assert other.alert() == stage.alert()
    assert other.alert().state is AlertState.RAISED


def test_shipments_of_a_silent_feed_are_gathered_across_chunks_and_restores() -> None:
    stage = Stage()
    stage.hear(1, silence(UP, 1))
    stage.hear(5, signal(UP, 5))
    stage = stage.restored()
    stage.hear(6, signal(UP, 6, "north:N2"))
    feed = stage.alert("north.track")
    assert (feed.affected, feed.shipments) == (2, ["north:N1", "north:N2"])
    assert stage.alert().under == silence_of("north.track").strip()
    stage.hear(30, signal(OVER, 30))
    assert stage.alert("north.track").affected == 1
    stage.hear(40, silence(OVER, 40))
    stage.sweep(40 + HOUR / MINUTE)
    assert (stage.alert("north:N2").state, stage.alert("north.track").affected) == (AlertState.RAISED, 0)


def test_a_forgotten_alert_leaves_the_topic() -> None:
    stage = Stage()
    stage.hear(1, signal(UP, 1, kind=AlertKind.ORDER_NOT_FOUND), signal(OVER, 2, kind=AlertKind.ORDER_NOT_FOUND))
    stage.sweep(2 + 90 * 24 * 60)
    assert set(stage.log.values()) == {None}
    assert [key for key in stage.memory.held if not key.startswith(b"\x00")] == []


def test_the_sweep_leaves_no_entry_behind_that_is_due() -> None:
    stage = Stage()
    stage.hear(1, signal(UP, 1))
    stage.hear(10, SNOOZE)
    stage.sweep(61)
    assert stage.sweep(61) == Handled()


GOOD = SIGNALS.encode(signal(UP, 1, "north:N2"))


@pytest.mark.parametrize(("value", "reason"), framed_wrong(GOOD, b"C-1"))
def test_a_value_framed_wrong_is_refused_and_its_neighbours_are_taken(
    value: bytes | None, reason: RejectReason
) -> None:
    out = Stage().hear(2, signal(UP, 1), value, GOOD)
    [refused] = out.refused
    assert (refused.reject.reason, refused.record.offset) == (reason, 1)
    assert out.counts == {"signals": 2, "refused": 1}


def test_an_action_that_cannot_be_meant_is_refused_with_its_own_record() -> None:
    out = Stage().hear(2, action(ActionKind.ASSIGN, 1, owner="cy"), action(ActionKind.ASSIGN, 1, owner=""))
    assert [(one.record.offset, one.reject.path) for one in out.refused] == [(1, "owner")]


def test_a_value_of_before_the_stage_had_a_record_is_passed_over() -> None:
    alert = ALERTS.encode(Alert(**{
        name: getattr(signal(UP, 1), name) for name in Alert.__struct_fields__[:10]
    }))
    assert Stage().handler.local_writes(b"old", alert) == {}


def test_without_its_state_the_stage_goes_no_further() -> None:
    with pytest.raises(Fatal):
        Stage().handler.handle([FakeRecord(topics.ALERT_SIGNALS.name, 0, 0, value=GOOD)], None, T0)
