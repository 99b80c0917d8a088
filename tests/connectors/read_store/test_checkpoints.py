"""The log of the read model comes into its file while the writer goes on, and not only when that is closed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connectors.read_store import checkpoints, files
from connectors.read_store.writer import Store
from streams.kernel.vocabulary import Status
from streams.read_model.project import changes, key_of
from streams.read_model.rows import Change
from tests.support.read_model_world import NOON, shipment
from tests.support.waiting import eventually

MANY = 40


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(files.next_generation(tmp_path))) as opened:
        yield opened


def some(count: int, first: int = 0) -> list[Change]:
    states = [shipment(f"1Z{first + place}", Status.IN_TRANSIT, NOON) for place in range(count)]
    return [change for one in states for change in changes(key_of(one.carrier, one.tracking_number), one, NOON)]


def in_the_file(store: Store, folder: Path) -> int:
    """Shipments in the file without its log."""
    copy = folder / "copy.sqlite3"
    shutil.copyfile(store.file, copy)
    with closing(sqlite3.connect(copy)) as base:
        if not base.execute("SELECT count(*) FROM sqlite_master WHERE name = 'shipments'").fetchone()[0]:
            return 0
        return int(base.execute("SELECT count(*) FROM shipments").fetchone()[0])


def test_enough_changes_come_into_the_file(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "LEAST_CHANGES", MANY)
    store.apply(some(MANY - 1), [], NOON)
    assert in_the_file(store, tmp_path) == 0
    store.apply(some(1, MANY), [], NOON)
    eventually(lambda: in_the_file(store, tmp_path) == MANY)
    store.apply(some(MANY, 2 * MANY), [], NOON)
    eventually(lambda: in_the_file(store, tmp_path) == 2 * MANY)


def test_what_no_checkpoint_copied_is_there_for_the_next_writer(store: Store, tmp_path: Path) -> None:
    store.apply(some(3), [], NOON)
    file = store.file
    store.close()
    with closing(Store(file)) as again:
        assert in_the_file(again, tmp_path) == 3


def test_a_reader_in_the_middle_of_a_question_holds_up_no_writer(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "LEAST_CHANGES", 1)
    store.apply(some(1), [], NOON)
    with closing(sqlite3.connect(store.file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM shipments").fetchone() == (1,)
        store.apply(some(MANY, MANY), [], NOON)
        assert reader.execute("SELECT count(*) FROM shipments").fetchone() == (1,)
    store.apply(some(1, 2 * MANY), [], NOON)
    eventually(lambda: in_the_file(store, tmp_path) == MANY + 2)
