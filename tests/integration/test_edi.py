"""The edi stage on a broker of its own: what is overdue outlives the worker, and a rejection is told at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from config import topics
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import Acknowledgement, Interchange
from streams.kernel.vocabulary import AlertKind, AlertState, Verdict
from tests.support.brokers import BROKERS, on_broker
from tests.support.edi_inputs import acknowledged, sent
from tests.support.signals import Signals
from tests.support.stage_worker import StageWorker
from tests.support.topics import fill
from tests.support.waiting import eventually
from topologies.local_stack.stack import catalogue
from topologies.stages.alert_rules import PACKAGED

FEED = b"north.edi"


@pytest.mark.parametrize("broker", BROKERS)
def test_what_is_sent_and_never_answered_is_told_once_though_its_worker_dies(
    broker: Callable[[], ExitStack], tmp_path: Path
) -> None:
    rules = tmp_path / "alerts.yaml"
    rules.write_text(PACKAGED.read_text("utf-8").replace("edi_unacknowledged: 1d", "edi_unacknowledged: 5s"), "utf-8")
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path, feed_sweep_interval=0.5, alerts_file=rules))
        TopicAdmin(settings).create(catalogue())
        known = Registry(settings)
        interchanges = ValueCodec(topics.EDI_INTERCHANGES, Interchange, known)
        acknowledgements = ValueCodec(topics.EDI_ACKNOWLEDGEMENTS, Acknowledgement, known)
        signals = Signals(settings)

        def send(control: str) -> None:
            value = interchanges.encode(sent(control, time.time_ns() // 1_000_000))
            fill(settings.kafka.bootstrap, topics.EDI_INTERCHANGES.name, [(FEED, value)])

        def answer(control: str, verdict: Verdict) -> None:
            value = acknowledgements.encode(acknowledged(verdict, time.time_ns() // 1_000_000, control))
            fill(settings.kafka.bootstrap, topics.EDI_ACKNOWLEDGEMENTS.name, [(FEED, value)])

        def said() -> list[tuple[str, AlertKind, AlertState]]:
            return sorted((one.subject.rpartition(":")[2], one.kind, one.state) for one in signals.said())

        first = StageWorker("edi", settings, tmp_path / "one")
        closing.callback(first.kill)
        send("1")
        overdue = ("1", AlertKind.EDI_UNACKNOWLEDGED, AlertState.RAISED)
        eventually(lambda: said() == [overdue])
        first.kill()
        second = StageWorker("edi", settings, tmp_path / "two")
        closing.callback(second.kill)
        answer("2", Verdict.REJECTED)
        rejected = ("2", AlertKind.EDI_REJECTED, AlertState.RAISED)
        eventually(lambda: said() == [overdue, rejected])
        answer("1", Verdict.ACCEPTED)
        resolved = ("1", AlertKind.EDI_UNACKNOWLEDGED, AlertState.RESOLVED)
        eventually(lambda: said() == sorted([overdue, resolved, rejected]))
