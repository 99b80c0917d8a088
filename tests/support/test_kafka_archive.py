"""Brokers start with the classes kept of an earlier one, and without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import kafka_archive, kafka_jars
from tests.support.kafka import ApacheKafka, start_kafka

pytestmark = pytest.mark.kafka


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    kafka_jars.classpath_or_skip()
    monkeypatch.setattr(kafka_jars, "CLASSES", tmp_path / "classes.jsa")
    monkeypatch.setattr(kafka_archive, "MADE_OF", tmp_path / "classes.sha256")
    return tmp_path


def test_what_is_kept_is_what_a_broker_starts_with(place: Path) -> None:
    kafka_archive.main()
    assert kafka_archive.is_current()
    broker = ApacheKafka(place, kafka_jars.classpath())
    broker.java_options += ["-Xshare:on", "-Xlog:class+load"]
    broker.format()
    try:
        broker.start()
    finally:
        broker.stop()
    loaded = [line for line in broker.log.read_text("utf-8").splitlines() if "kafka.server.KafkaRaftServer " in line]
    assert loaded
    assert [line for line in loaded if "shared objects file (top)" not in line] == []


def test_what_cannot_be_used_is_left_and_made_anew(place: Path) -> None:
    kafka_jars.CLASSES.write_bytes(b"of another Java")
    (place / "classes.sha256").write_text("of another Java")
    assert not kafka_archive.is_current()
    with start_kafka() as broker:
        assert broker.pid is not None
