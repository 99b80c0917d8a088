"""A file's way through the drop folder: claimed once, archived with its hash or quarantined with its reason."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from config.ways_in import DropSettings
from connectors.drop.folder import SUMS, DropFolder, Note
from streams.kernel.errors import Fatal

AT_ONCE = DropSettings(unchanged=0)


@pytest.fixture
def folder(tmp_path: Path) -> DropFolder:
    made = DropFolder(tmp_path, "acme", AT_ONCE)
    made.prepare()
    return made


@pytest.fixture
def inbox(tmp_path: Path, folder: DropFolder) -> Path:
    assert folder.lock()
    return tmp_path / "acme" / "inbox"


def claimed(folder: DropFolder, path: Path, text: str = "x") -> Path:
    path.write_text(text, "utf-8")
    folder.look()
    [whole] = folder.look().whole
    found = folder.claim(whole)
    assert found is not None
    return found


def test_a_file_another_was_faster_to_take_is_none(folder: DropFolder, inbox: Path) -> None:
    taken = claimed(folder, inbox / "a.edi")
    assert folder.claim(inbox / "a.edi") is None
    assert folder.left_behind() == [taken]


def test_only_one_process_at_a_time_watches_a_folder(tmp_path: Path, folder: DropFolder) -> None:
    other = DropFolder(tmp_path, "acme", AT_ONCE)
    assert (folder.lock(), folder.lock(), other.lock()) == (True, True, False)
    folder.unlock()
    assert other.lock()


def test_what_is_acknowledged_is_remembered_until_the_file_moves_on(
    tmp_path: Path, folder: DropFolder, inbox: Path
) -> None:
    taken = claimed(folder, inbox / "a.edi")
    assert folder.note(taken) == Note()
    folder.write_note(taken, Note(7, 1, 2))
    assert DropFolder(tmp_path, "acme", AT_ONCE).note(taken) == Note(7, 1, 2)
    assert folder.left_behind() == [taken]
    archived = folder.archive(taken, "0" * 64)
    assert (archived.read_text("utf-8"), folder.left_behind(), folder.note(taken)) == ("x", [], Note())
    assert archived.parent.parent.name == "archive"
    assert list(taken.parent.iterdir()) == []


def test_it_is_remembered_also_where_it_cannot_be_written(
    folder: DropFolder, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = claimed(folder, inbox / "a.edi")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        folder.write_note(taken, Note(7))
    assert folder.note(taken) == Note(7)


@pytest.mark.parametrize("name", ["a.sent", "orders.sent", "a.new", "a.reason.json", "SHA256SUMS"])
def test_a_name_like_those_of_our_own_files_is_a_name_as_any(name: str, folder: DropFolder, inbox: Path) -> None:
    taken = claimed(folder, inbox / name)
    folder.write_note(taken, Note(1))
    assert folder.left_behind() == [taken]


def test_a_long_name_is_moved_under_a_shorter_one(folder: DropFolder, inbox: Path) -> None:
    taken = claimed(folder, inbox / ("a" * 250 + ".edi"))
    folder.write_note(taken, Note(1))
    assert len(taken.name) == 200
    assert taken.suffix == ".edi"
    moved = folder.quarantine(taken, "malformed", "no ISA")
    assert moved.with_name(moved.name + ".reason.json").exists()


def test_files_of_the_same_name_do_not_overwrite_each_other(folder: DropFolder, inbox: Path) -> None:
    first = folder.archive(claimed(folder, inbox / "a.edi", "first"), "0" * 64)
    second = folder.archive(claimed(folder, inbox / "a.edi", "second"), "0" * 64)
    assert (first.name, second.name) == ("a.edi", "a.2.edi")
    assert (first.read_text("utf-8"), second.read_text("utf-8")) == ("first", "second")


def test_beside_a_file_in_quarantine_stands_why(folder: DropFolder, inbox: Path) -> None:
    moved = folder.quarantine(claimed(folder, inbox / "a.edi"), "malformed", "no ISA", 3)
    said = json.loads(moved.with_name("a.edi.reason.json").read_text("utf-8"))
    assert (said["reason"], said["detail"], said["records_sent_before"]) == ("malformed", "no ISA", 3)


def test_a_reason_overwrites_no_file_of_that_name(folder: DropFolder, inbox: Path) -> None:
    partners = folder.quarantine(claimed(folder, inbox / "a.edi.reason.json", "theirs"), "empty", "")
    moved = folder.quarantine(claimed(folder, inbox / "a.edi"), "malformed", "no ISA")
    assert partners.read_text("utf-8") == "theirs"
    assert moved.name == "a.2.edi"


def test_a_refused_link_is_moved_itself_and_what_it_names_stays(
    tmp_path: Path, folder: DropFolder, inbox: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_text("not theirs", "utf-8")
    (inbox / "link").symlink_to(outside)
    moved = folder.quarantine(inbox / "link", "symbolic_link", "")
    assert moved.is_symlink()
    assert outside.read_text("utf-8") == "not theirs"


def test_sha256sum_finds_every_archived_file_as_it_was_sent(folder: DropFolder, inbox: Path) -> None:
    empty_x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    day = folder.archive(claimed(folder, inbox / "a.edi"), empty_x).parent
    folder.archive(claimed(folder, inbox / "b\\ c\n.edi"), empty_x)
    check = subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=day, capture_output=True, check=False)
    assert (check.returncode, check.stdout.count(b"OK")) == (0, 2), check.stderr
    (day / "a.edi").write_text("other", "utf-8")
    assert subprocess.run(["sha256sum", "--check", SUMS], cwd=day, capture_output=True, check=False).returncode == 1


def test_the_marker_goes_with_its_file(folder: DropFolder, inbox: Path) -> None:
    (inbox / "a.edi").write_text("x", "utf-8")
    (inbox / "a.edi.done").touch()
    folder.claim(inbox / "a.edi")
    assert list(inbox.iterdir()) == []


def test_a_folder_that_leads_out_of_the_root_is_not_used(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    (root / "acme").mkdir(parents=True)
    (root / "acme" / "inbox").symlink_to(outside)
    with pytest.raises(Fatal, match="leads out of SHIPSYNC_DROP_DIR"):
        DropFolder(root, "acme", AT_ONCE).prepare()


def test_a_name_that_is_no_utf_8_goes_its_way_too(folder: DropFolder, inbox: Path) -> None:
    path = inbox / os.fsdecode(b"a\xff.edi")
    archived = folder.archive(claimed(folder, path), "0" * 64)
    assert os.fsencode(archived.name) == b"a\xff.edi"
