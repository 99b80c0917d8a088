"""A claimed file is read as it is, or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from connectors.drop.reading import NotReadable, reading


def reason(path: Path) -> str:
    with pytest.raises(NotReadable) as raised, reading(path):
        pass
    return raised.value.reason


@pytest.mark.parametrize("begun", [0, 3, 3_000_000])
def test_the_hash_is_of_the_whole_file_however_far_it_was_read(begun: int, tmp_path: Path) -> None:
    body = os.urandom(2_500_000)
    (tmp_path / "a").write_bytes(body)
    with reading(tmp_path / "a") as file:
        assert file.stream.read(begun) == body[:begun]
        file.stream.readline(100)
        assert file.sha256() == hashlib.sha256(body).hexdigest()


def test_a_file_that_is_written_to_meanwhile_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"half")
    with reading(tmp_path / "a") as file:
        with (tmp_path / "a").open("ab") as uploader:
            uploader.write(b"rest")
        with pytest.raises(NotReadable, match="changed while it was sent"):
            file.sha256()


def test_links_and_what_is_no_file_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "hard").hardlink_to(tmp_path / "a")
    os.mkfifo(tmp_path / "pipe")
    assert reason(tmp_path / "link") == "symbolic_link"
    assert reason(tmp_path / "hard") == "hard_link"
    assert reason(tmp_path / "pipe") == "special_file"
    assert reason(tmp_path) == "special_file"


def test_one_that_is_gone_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), reading(tmp_path / "gone"):
        pass


def test_one_that_this_user_may_not_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"x")

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)  # root may read everything
    assert reason(tmp_path / "a") == "unreadable"
