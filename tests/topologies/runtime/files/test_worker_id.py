"""A worker's name: its data folder's."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.kernel.errors import Fatal
from topologies.runtime.files.worker_id import FILE, worker_id


def test_a_folder_has_one_name_and_another_folder_another(tmp_path: Path) -> None:
    one = worker_id(tmp_path / "one")
    assert worker_id(tmp_path / "one") == one
    assert worker_id(tmp_path / "two") != one


def test_a_name_that_was_lost_in_a_crash_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("")
    assert worker_id(tmp_path) == worker_id(tmp_path) != ""


def test_a_folder_that_cannot_be_written_is_named_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Fatal, match="SHIPSYNC_DATA_DIR"):
        worker_id(tmp_path / "file")
