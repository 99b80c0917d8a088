"""A child process is told its parent's settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.settings import LogFormat, Processing, Settings
from topologies.local_stack.environment import environment, without_secrets

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


def test_a_secret_in_a_file_stays_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text('{"orders": "geheim"}\n')
    monkeypatch.setenv("SHIPSYNC_API_KEYS_FILE", "keys")
    ours = Settings()
    told = environment(ours)
    assert "geheim" not in "".join(told.values())
    assert "SHIPSYNC_API_KEYS" not in told
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert Settings().gateway == ours.gateway


def test_a_value_of_the_parents_own_counts_before_a_file_the_child_would_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "url").write_text("redis://of-the-file/0")
    (tmp_path / ".env").write_text("SHIPSYNC_REDIS_URL_FILE=url\n")
    ours = Settings().replace(redis_url="redis://embedded/0")
    for name, value in environment(ours).items():
        monkeypatch.setenv(name, value)
    assert Settings().redis.url == "redis://embedded/0"


def test_a_process_without_need_of_secrets_gets_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keys").write_text("geheim")
    monkeypatch.setenv("SHIPSYNC_PUSH_SECRETS_FILE", "keys")
    told = without_secrets(Settings(api_keys="geheim", registry_url="http://us:geheim@127.0.0.1:1"))
    assert "geheim" not in "".join(told.values())
    assert "keys" not in "".join(told.values())
    assert told["SHIPSYNC_REGISTRY_URL"] == "http://127.0.0.1:1"
