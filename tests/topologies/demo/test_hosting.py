"""Where the demo plays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.settings import Settings
from topologies.demo.hosting import found
from topologies.local_stack.stack_file import UpFile


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SHIPSYNC_")]:
        monkeypatch.delenv(name)


def test_without_a_running_stack_or_a_named_broker_none_is_found(tmp_path: Path) -> None:
    assert found(Settings(data_dir=tmp_path)) is None


def test_the_stack_that_runs_with_the_data_directory_is_found(tmp_path: Path) -> None:
    note = UpFile(os.getpid(), "127.0.0.1:4", "http://127.0.0.1:5", "redis://127.0.0.1:6/0", "127.0.0.1", 0, [])
    note.write(tmp_path)
    settings = found(Settings(data_dir=tmp_path))
    assert settings is not None
    assert (settings.kafka.bootstrap, settings.registry.url) == ("127.0.0.1:4", "http://127.0.0.1:5")


def test_a_broker_named_in_the_settings_is_played_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPSYNC_BOOTSTRAP", "kafka.example.com:9092")
    settings = found(Settings(data_dir=tmp_path))
    assert settings is not None
    assert settings.kafka.bootstrap == "kafka.example.com:9092"
