"""Open alerts, folded from the alerts topic."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer
from msgspec.structs import replace

from config import topics
from config.settings import Settings
from connectors.embedded.broker import EmbeddedBroker
from connectors.embedded.ports import unused
from connectors.embedded.registry import serve
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import Alert, AtStake
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity
from tests.support.waiting import PATIENCE, eventually
from topologies.operations.alert_board import AlertBoard, work_list


@pytest.fixture
def settings() -> Iterator[Settings]:
    """An alerts topic and a registry of this test alone."""
    server = serve("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    with EmbeddedBroker() as broker:
        yield Settings(
            bootstrap=broker.bootstrap, registry_url=f"http://127.0.0.1:{server.server_port}", partitions=3
        )
    server.shutdown()
    thread.join()
    server.server_close()


def alert(subject: str, state: AlertState, raised_at: int = 1) -> Alert:
    return Alert(
        f"feed_stale:{subject}", AlertKind.FEED_STALE, state, Severity.WARNING, subject, f"{subject} is silent",
        ExceptionType.DATA_QUALITY, Reason.FEED_STALE, raised_at, raised_at,
    )


def publish(settings: Settings, *alerts: Alert) -> None:
    codec = ValueCodec(topics.OPS_ALERTS, Alert, Registry(settings))
    producer = Producer(settings.kafka.librdkafka())
    for one in alerts:
        producer.produce(topics.OPS_ALERTS.name, codec.encode(one), one.alert_id)
    assert producer.flush(PATIENCE) == 0


@pytest.mark.broker
def test_the_last_word_on_each_alert_counts(settings: Settings) -> None:
    TopicAdmin(settings).create([topics.OPS_ALERTS])
    raised, resolved = AlertState.RAISED, AlertState.RESOLVED
    publish(
        settings, alert("b", raised, 2), alert("a", raised, 1), alert("c", raised, 3), alert("c", resolved, 3),
        alert("d", raised, 4), alert("d", resolved, 4), alert("d", raised, 5),
    )
    board = AlertBoard(settings)
    try:
        assert [one.subject for one in board.update(15)] == ["a", "b", "d"]
        publish(settings, alert("a", resolved, 1), alert("e", raised, 6))
        eventually(lambda: [one.subject for one in board.update(1)] == ["b", "d", "e"])
        assert {one.subject: one.state for one in board.found("feed_stale:")}["a"] is resolved
        assert [one.subject for one in board.found("feed_stale:b")] == ["b"]
    finally:
        board.close()


def test_the_work_list_goes_by_severity_value_and_age_and_what_was_put_off_comes_last() -> None:
    raised = AlertState.RAISED
    order = [
        replace(alert("loss", raised), severity=Severity.CRITICAL),
        replace(alert("dear", raised, 9), at_stake=[AtStake("EUR", 500.0), AtStake("USD", 1.0)]),
        replace(alert("cheap", raised, 1), at_stake=[AtStake("EUR", 400.0)]),
        alert("old", raised, 1), alert("new", AlertState.ACKNOWLEDGED, 2),
        replace(alert("later", AlertState.SNOOZED), severity=Severity.CRITICAL),
    ]
    rest = [alert("done", AlertState.RESOLVED), alert("under", AlertState.GATHERED)]
    assert work_list([*reversed(order), *rest]) == order


@pytest.mark.broker
def test_without_its_topic_there_is_no_board(settings: Settings) -> None:
    with pytest.raises(Transient, match="shipsync topics --create"):
        AlertBoard(settings)


def test_without_a_registry_there_is_no_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topologies.operations.alert_board.REGISTRY_SECONDS", 0.2)
    with pytest.raises(Transient, match="SHIPSYNC_REGISTRY_URL"):
        AlertBoard(Settings(registry_url=f"http://127.0.0.1:{unused()[0]}"))
