"""The note of a running stack, and what other commands make of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from config.settings import Settings
from topologies.local_stack import stack_file
from topologies.local_stack.stack_file import NAME, ProcessNote, UpFile, born, remove, resolve, running


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SHIPSYNC_")]:
        monkeypatch.delenv(name)


def note(pid: int, birth: int | None = None) -> UpFile:
    process = ProcessNote("intake", 17, "up", 2, 21503, "logs/intake.log")
    return UpFile(pid, "127.0.0.1:1", "http://127.0.0.1:2", "redis://127.0.0.1:3/0", "127.0.0.1", 5, [process], birth)


def test_the_note_is_read_as_it_was_written(tmp_path: Path) -> None:
    ours = note(os.getpid(), born(os.getpid()))
    ours.write(tmp_path)
    assert running(tmp_path) == ours
    remove(tmp_path)
    remove(tmp_path)
    assert running(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_note_of_a_dead_supervisor_counts_for_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    note(gone.pid).write(tmp_path)
    assert running(tmp_path) is None


@pytest.mark.skipif(born(os.getpid()) is None, reason="this system does not tell when a process was started")
def test_another_process_with_the_dead_supervisors_number_is_not_it(tmp_path: Path) -> None:
    note(os.getpid(), (born(os.getpid()) or 0) - 1).write(tmp_path)
    assert running(tmp_path) is None


def test_a_damaged_note_counts_for_nothing(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"pid": ')
    assert running(tmp_path) is None


def test_a_running_stack_comes_before_defaults_and_after_what_is_set(tmp_path: Path) -> None:
    note(os.getpid()).write(tmp_path)
    found = resolve(Settings(data_dir=tmp_path, registry_url="http://registry.example.com"))
    assert found.kafka.bootstrap == "127.0.0.1:1"
    assert found.registry.url == "http://registry.example.com"
    assert found.redis.url == "redis://127.0.0.1:3/0"


def test_where_nothing_runs_the_settings_stand(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert resolve(settings) == settings
    assert stack_file.running(tmp_path / "not there") is None
