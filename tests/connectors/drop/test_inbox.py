"""When a file of an inbox is whole, and which entries are refused."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from config.ways_in import Completeness
from connectors.drop.inbox import Inbox, Refused
from tests.support.clock import FakeClock

UNCHANGED = 10.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(0)


@pytest.fixture
def inbox(tmp_path: Path, clock: FakeClock) -> Inbox:
    return Inbox(tmp_path, Completeness.UNCHANGED, UNCHANGED, clock, lambda: 0.0)


@pytest.fixture
def marked(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path, Completeness.MARKER, UNCHANGED)


def whole(inbox: Inbox) -> list[str]:
    return [path.name for path in inbox.look().whole]


def later(path: Path) -> None:
    """Touch the file until its time is another: two writes within one tick of the kernel's clock have the same."""
    before = path.stat().st_ctime_ns
    while path.stat().st_ctime_ns == before:
        path.touch()


def test_a_file_is_whole_once_it_has_not_changed_for_the_time_set(
    tmp_path: Path, inbox: Inbox, clock: FakeClock
) -> None:
    (tmp_path / "a.edi").write_bytes(b"ISA")
    assert whole(inbox) == []
    clock.advance(UNCHANGED - 1)
    assert whole(inbox) == []
    (tmp_path / "a.edi").write_bytes(b"ISA*")
    clock.advance(UNCHANGED)
    assert whole(inbox) == []
    clock.advance(UNCHANGED)
    assert whole(inbox) == ["a.edi"]


def test_an_upload_that_stalls_for_two_looks_is_waited_for(tmp_path: Path, inbox: Inbox, clock: FakeClock) -> None:
    (tmp_path / "a.json").write_bytes(b'{"half":')
    assert [whole(inbox) for _ in range(5)] == [[]] * 5
    assert (inbox.look().waiting, whole(inbox)) == (1, [])
    clock.advance(UNCHANGED)
    assert whole(inbox) == ["a.json"]


def test_one_that_was_there_long_before_we_looked_is_whole_at_the_second_look(tmp_path: Path) -> None:
    (tmp_path / "a.edi").write_bytes(b"ISA")
    changed = (tmp_path / "a.edi").stat().st_ctime
    inbox = Inbox(tmp_path, Completeness.UNCHANGED, UNCHANGED, lambda: 0.0, lambda: changed + UNCHANGED)
    assert (whole(inbox), inbox.look().whole != []) == ([], True)


def test_a_file_replaced_by_one_of_the_same_size_and_time_has_changed(
    tmp_path: Path, inbox: Inbox, clock: FakeClock
) -> None:
    (tmp_path / "a.edi").write_bytes(b"one")
    os.utime(tmp_path / "a.edi", ns=(0, 0))
    inbox.look()
    (tmp_path / "b.part").write_bytes(b"two")
    os.utime(tmp_path / "b.part", ns=(0, 0))
    (tmp_path / "b.part").rename(tmp_path / "a.edi")
    clock.advance(UNCHANGED)
    assert whole(inbox) == []


def test_unfinished_and_hidden_files_are_left_alone(tmp_path: Path, inbox: Inbox, clock: FakeClock) -> None:
    for name in ("a.edi.part", "b.tmp", ".hidden", "c.filepart"):
        (tmp_path / name).write_bytes(b"x")
    inbox.look()
    clock.advance(UNCHANGED)
    assert (inbox.look().whole, inbox.look().refused, inbox.look().waiting) == ([], [], 0)


def test_with_markers_a_file_is_whole_once_its_marker_is_there(tmp_path: Path, marked: Inbox) -> None:
    (tmp_path / "a.edi").write_bytes(b"ISA")
    (tmp_path / "b.edi").write_bytes(b"ISA")
    assert (whole(marked), marked.look().waiting) == ([], 2)
    (tmp_path / "a.edi.done").touch()
    assert whole(marked) == ["a.edi"]


def test_a_marker_of_a_file_before_does_not_count_for_a_new_one(tmp_path: Path, marked: Inbox) -> None:
    (tmp_path / "a.edi.done").touch()
    assert marked.look() == ([], [], 0, 0.0)
    (tmp_path / "a.edi").write_bytes(b"ISA")
    later(tmp_path / "a.edi")
    assert whole(marked) == []
    later(tmp_path / "a.edi.done")
    assert whole(marked) == ["a.edi"]


def test_where_markers_do_not_count_a_file_may_be_called_so(tmp_path: Path, inbox: Inbox, clock: FakeClock) -> None:
    for name in ("a.edi", "a.edi.done", "b.done"):
        (tmp_path / name).write_bytes(b"x")
    inbox.look()
    clock.advance(UNCHANGED)
    assert whole(inbox) == ["a.edi", "b.done"]


def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path, inbox: Inbox) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    (tmp_path / "broken").symlink_to("/nowhere")
    (tmp_path / "zero").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        found = inbox.look().refused
    assert found == [
        Refused(tmp_path / "broken", "symbolic_link"), Refused(tmp_path / "folder", "folder"),
        Refused(tmp_path / "link", "symbolic_link"), Refused(tmp_path / "pipe", "special_file"),
        Refused(tmp_path / "socket", "special_file"), Refused(tmp_path / "zero", "symbolic_link"),
    ]


def test_a_hard_link_is_refused_unless_it_is_the_last_step_of_an_upload(
    tmp_path: Path, inbox: Inbox, clock: FakeClock
) -> None:
    (tmp_path / "upload.part").write_bytes(b"x")
    (tmp_path / "a.edi").hardlink_to(tmp_path / "upload.part")
    assert inbox.look().refused == []
    clock.advance(UNCHANGED)
    assert inbox.look().refused == [Refused(tmp_path / "a.edi", "hard_link")]
    (tmp_path / "upload.part").unlink()
    inbox.look()
    clock.advance(UNCHANGED)
    assert whole(inbox) == ["a.edi"]
