"""A file's way through the drop folder: settled, claimed once, archived or quarantined with its reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.drop.folder import DropFolder


@pytest.fixture
def folder(tmp_path: Path) -> DropFolder:
    made = DropFolder(tmp_path, "acme")
    made.prepare()
    return made


@pytest.fixture
def inbox(tmp_path: Path, folder: DropFolder) -> Path:
    assert folder.lock()
    return tmp_path / "acme" / "inbox"


def claimed(folder: DropFolder, path: Path, text: str = "x") -> Path:
    path.write_text(text, "utf-8")
    folder.settled()
    [settled] = folder.settled()
    found = folder.claim(settled)
    assert found is not None
    return found


def test_a_file_is_taken_once_it_no_longer_grows(folder: DropFolder, inbox: Path) -> None:
    (inbox / "a.edi").write_text("ISA", "utf-8")
    assert folder.settled() == []
    (inbox / "a.edi").write_text("ISA*", "utf-8")
    assert folder.settled() == []
    assert [path.name for path in folder.settled()] == ["a.edi"]


def test_unfinished_and_hidden_files_are_left_alone(folder: DropFolder, inbox: Path) -> None:
    for name in ("a.edi.part", "b.tmp", ".hidden", "c.filepart"):
        (inbox / name).write_text("x", "utf-8")
    folder.settled()
    assert folder.settled() == []


def test_a_file_another_was_faster_to_take_is_none(folder: DropFolder, inbox: Path) -> None:
    taken = claimed(folder, inbox / "a.edi")
    assert folder.claim(inbox / "a.edi") is None
    assert folder.left_behind() == [taken]


def test_only_one_process_at_a_time_watches_a_folder(tmp_path: Path, folder: DropFolder) -> None:
    other = DropFolder(tmp_path, "acme")
    assert (folder.lock(), folder.lock(), other.lock()) == (True, True, False)
    folder.unlock()
    assert other.lock()


def test_what_is_acknowledged_is_remembered_until_the_file_moves_on(folder: DropFolder, inbox: Path) -> None:
    taken = claimed(folder, inbox / "a.edi")
    assert folder.acknowledged(taken) == 0
    folder.note(taken, 7)
    assert folder.acknowledged(taken) == 7
    assert folder.left_behind() == [taken]
    archived = folder.archive(taken)
    assert (archived.read_text("utf-8"), folder.left_behind()) == ("x", [])
    assert archived.parent.parent.name == "archive"


def test_files_of_the_same_name_do_not_overwrite_each_other(folder: DropFolder, inbox: Path) -> None:
    first = folder.archive(claimed(folder, inbox / "a.edi", "first"))
    second = folder.archive(claimed(folder, inbox / "a.edi", "second"))
    assert (first.name, second.name) == ("a.edi", "a.2.edi")
    assert (first.read_text("utf-8"), second.read_text("utf-8")) == ("first", "second")


def test_beside_a_file_in_quarantine_stands_why(folder: DropFolder, inbox: Path) -> None:
    moved = folder.quarantine(claimed(folder, inbox / "a.edi"), "malformed", "no ISA", 3)
    said = json.loads(moved.with_name("a.edi.reason.json").read_text("utf-8"))
    assert (said["reason"], said["detail"], said["records_sent_before"]) == ("malformed", "no ISA", 3)
