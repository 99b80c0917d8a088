"""What a child process is told of its parent's settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.settings import LogFormat, Processing, Settings
from topologies.local_stack.environment import environment

OTHER = {
    "bootstrap": "kafka-1:9092,kafka-2:9092", "kafka_config": {"security.protocol": "SASL_SSL", "sasl.username": "us"},
    "kafka_password": SecretStr("a password"), "partitions": 12, "register_schemas": False,
    "processing": Processing.EXACTLY_ONCE, "session_timeout": 7.5, "fetch_bytes": 4096,
    "log_format": LogFormat.CONSOLE, "log_level": "DEBUG", "feed_stale_factor": 0.25,
    "feeds": ("ups", "dhl"),
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SHIPSYNC_")]:
        monkeypatch.delenv(name)


def test_a_child_reads_the_very_settings_of_its_parent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours = Settings(data_dir=tmp_path, **OTHER)
    for name, value in environment(ours).items():
        monkeypatch.setenv(name, value)
    assert Settings() == ours


def test_the_defaults_come_through_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = Settings()
    for name, value in environment(ours).items():
        monkeypatch.setenv(name, value)
    assert Settings() == ours


@pytest.mark.parametrize(("said", "feeds"), [("", ()), (" ups, dhl ,", ("ups", "dhl")), ("ups", ("ups",))])
def test_feeds_are_named_with_commas(said: str, feeds: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPSYNC_FEEDS", said)
    assert Settings().intake.feeds == feeds


def test_every_process_has_a_metrics_port_of_its_own() -> None:
    assert "SHIPSYNC_METRICS_PORT" not in environment(Settings(metrics_port=9100))
