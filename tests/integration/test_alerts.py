"""The alerts stage on a broker of its own: a snooze outlives the worker that heard of it, and ends when it should."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from config import topics
from config.settings import Settings
from connectors.kafka.alert_actions import act
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.audit import Actor
from streams.contracts.model import Alert, AlertAction, AlertSignal
from streams.kernel.vocabulary import ActionChannel, ActionKind, ActorKind, AlertState, AlertStep
from tests.support.alert_strategies import T0, UP, signal
from tests.support.brokers import BROKERS, on_broker
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.stack import catalogue

ADA = Actor("ada", ActorKind.PERSON, ActionChannel.TOWER, "operator")
SNOOZED_MS = 25_000
"""Longer than a worker takes to die and another to take over."""


class Cause:
    """One cause of an alert, and what became of the alert."""

    def __init__(self, settings: Settings) -> None:
        known = Registry(settings)
        self._settings = settings
        self._signals = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, known)
        self._alerts = ValueCodec(topics.OPS_ALERTS, Alert, known)
        self.said = signal(UP, (now() - T0) / 60_000)

    def arises(self) -> None:
        """It is there."""
        key = self.said.alert_id.encode()
        fill(self._settings.kafka.bootstrap, topics.ALERT_SIGNALS.name, [(key, self._signals.encode(self.said))])

    def is_snoozed(self, until: int) -> None:
        """Somebody puts it off."""
        act(self._settings, AlertAction(self.said.alert_id, ActionKind.SNOOZE, ADA.name, now(), "later", until), ADA)

    def alert(self) -> Alert | None:
        """The alert as anybody reads it."""
        read = read_all(self._settings.kafka.bootstrap, topics.OPS_ALERTS.name)
        found = [self._alerts.decode(one.value()) for one in read]
        return found[-1] if found else None

    def stands(self, state: AlertState) -> bool:
        """Whether the alert is in this state."""
        alert = self.alert()
        return alert is not None and alert.state is state


def now() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize("broker", BROKERS)
def test_a_snooze_outlives_the_worker_and_the_disk_of_the_one_that_took_it(
    broker: Callable[[], ExitStack], tmp_path: Path
) -> None:
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path, feed_sweep_interval=0.5))
        TopicAdmin(settings).create(catalogue())
        cause = Cause(settings)
        first = StageWorker("alerts", settings, tmp_path / "one")
        closing.callback(first.kill)
        cause.arises()
        eventually(lambda: cause.stands(AlertState.RAISED))
        until = now() + SNOOZED_MS
        cause.is_snoozed(until)
        eventually(lambda: cause.stands(AlertState.SNOOZED))
        first.kill()
        second = StageWorker("alerts", settings, tmp_path / "two")
        closing.callback(second.kill)
        cause.arises()
        eventually(lambda: cause.stands(AlertState.RAISED))
        alert = cause.alert()
    assert alert is not None
    assert [(one.step, one.by) for one in alert.history] == [
        (AlertStep.RAISED, "itself"), (AlertStep.SNOOZED, "ada"), (AlertStep.WOKEN, "itself"),
    ]
    assert (alert.history[-1].at, alert.times_raised, alert.note) == (until, 2, "later")
