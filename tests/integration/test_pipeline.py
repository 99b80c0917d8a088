"""The whole pipeline as processes on a broker of its own, with workers killed under it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import Processing
from tests.support.brokers import BROKERS, apache_kafka, registry, settings_for
from tests.support.kafka import ApacheKafka, start_kafka
from topologies.demo.reconcile import Totals
from topologies.demo.run import Run
from topologies.demo.stories import tell
from topologies.demo.summary import Summary
from topologies.local_stack.stack import Stack

SHIPMENTS = 120
PLAY_SECONDS = 20.0


class NoShow:
    """Shows nothing."""

    def show(self, summary: Summary) -> None:
        """Nothing."""


class Killer:
    """Between two looks of the demo: kills the worker whose time has come, and lets the stack restart it."""

    def __init__(self, stack: Stack, schedule: list[tuple[float, str]]) -> None:
        self._stack, self._schedule = stack, schedule
        self._started = time.monotonic()
        self.killed: list[str] = []

    def __call__(self) -> None:
        while self._schedule and time.monotonic() - self._started >= self._schedule[0][0]:
            child = next(one for one in self._stack.children if one.spec.name == self._schedule[0][1])
            if child.process is None or child.state != "up":
                break
            child.process.kill()
            self.killed.append(self._schedule.pop(0)[1])
        self._stack.look()


class Outage:
    """Between two looks of the demo: the broker is gone (SIGKILL) from one moment of the play to another."""

    def __init__(self, stack: Stack, broker: ApacheKafka, gone_at: float, back_at: float) -> None:
        self._stack, self._broker = stack, broker
        self._moments = [(gone_at, broker.kill), (back_at, broker.start)]
        self._started = time.monotonic()

    def __call__(self) -> None:
        if self._moments and time.monotonic() - self._started >= self._moments[0][0]:
            self._moments.pop(0)[1]()
        self._stack.look()

    @property
    def over(self) -> bool:
        """Whether the broker went and came back."""
        return not self._moments


KILLS = [(3.0, "shipments"), (6.0, "intake"), (9.0, "fulfilment"), (13.0, "shipments"), (17.0, "intake")]


def play(
    bootstrap: str, registry_url: str, data_dir: Path, processing: Processing, kills: list[tuple[float, str]]
) -> tuple[Totals, list[str]]:
    """Play a demo on a stack over this broker, killing as planned; the audit and who was killed."""
    settings = settings_for(bootstrap, registry_url, data_dir, processing=processing)
    with Stack(settings, external=True) as stack:
        killer = Killer(stack, list(kills))
        plan = tell(11, time.time_ns() // 1_000_000, SHIPMENTS, PLAY_SECONDS)
        return Run(stack.settings, plan, NoShow(), beside=killer)(), killer.killed


@pytest.mark.parametrize("broker", BROKERS)
def test_every_input_is_accounted_for_when_workers_are_killed_in_mid_stream(
    broker: Callable[[], object], tmp_path: Path
) -> None:
    with broker() as bootstrap, registry() as url:  # type: ignore[attr-defined]
        result, killed = play(bootstrap, url, tmp_path, Processing.AT_LEAST_ONCE, KILLS)
    assert killed == [name for _, name in KILLS]
    assert result.raw_records > SHIPMENTS
    assert [difference for difference in result.differences if "more than once" not in difference] == []


@pytest.mark.kafka
def test_with_transactions_readers_see_each_output_once_although_workers_are_killed(tmp_path: Path) -> None:
    with apache_kafka() as bootstrap, registry() as url:
        result, killed = play(bootstrap, url, tmp_path, Processing.EXACTLY_ONCE, KILLS)
    assert killed == [name for _, name in KILLS]
    assert result.differences == []


@pytest.mark.kafka
def test_every_input_is_accounted_for_when_the_broker_is_gone_for_a_while(tmp_path: Path) -> None:
    with start_kafka() as broker, registry() as url:
        settings = settings_for(broker.bootstrap, url, tmp_path)
        with Stack(settings, external=True) as stack:
            outage = Outage(stack, broker, 6.0, 16.0)
            plan = tell(12, time.time_ns() // 1_000_000, SHIPMENTS, PLAY_SECONDS)
            result = Run(stack.settings, plan, NoShow(), beside=outage)()
        assert broker.ends_left_out() == []
    assert outage.over
    assert result.raw_records > SHIPMENTS
    assert [difference for difference in result.differences if "more than once" not in difference] == []
