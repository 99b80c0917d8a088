"""Files this user alone may read."""

from __future__ import annotations

import os
from pathlib import Path

from topologies.runtime.files import private_files


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_folder_is_this_users_alone(tmp_path: Path) -> None:
    private_files.parent(tmp_path / "var")
    private_files.folder(tmp_path / "var" / "logs")
    assert (mode(tmp_path / "var"), mode(tmp_path / "var" / "logs")) == (0o700, 0o700)


def test_a_folder_of_ours_that_others_could_read_is_closed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir(mode=0o755)
    private_files.folder(tmp_path / "logs")
    assert mode(tmp_path / "logs") == 0o700


def test_a_data_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv").chmod(0o755)
    private_files.parent(tmp_path / "srv")
    assert mode(tmp_path / "srv") == 0o755


def test_files_are_this_users_alone_also_those_of_a_run_before(tmp_path: Path) -> None:
    log, note = tmp_path / "log", tmp_path / "up.json"
    log.write_bytes(b"one\n")
    log.chmod(0o644)
    with private_files.appending(log) as file:
        file.write(b"two\n")
    private_files.write(note, b"long")
    private_files.write(note, b"s")
    assert (mode(log), mode(note)) == (0o600, 0o600)
    assert (log.read_bytes(), note.read_bytes()) == (b"one\ntwo\n", b"s")


def test_what_a_worker_makes_later_is_closed_to_others(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        private_files.close_to_others()
        (tmp_path / "rocks").mkdir()
        (tmp_path / "rocks" / "CURRENT").write_bytes(b"")
    finally:
        os.umask(before)
    assert (mode(tmp_path / "rocks"), mode(tmp_path / "rocks" / "CURRENT")) == (0o700, 0o600)
