"""Following logs line by line."""

from __future__ import annotations

from pathlib import Path

from topologies.local_stack.log_follower import Follower


def test_whole_lines_are_handed_on_as_they_come(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    follower = Follower(lambda *one: heard.append(one))
    log = tmp_path / "one.log"
    log.write_bytes(b"first\nsec")
    follower.follow("one", log)
    follower.look()
    assert heard == [("one", "first")]
    with log.open("ab") as more:
        more.write(b"ond \xff\nthird")
    follower.look()
    assert heard[1:] == [("one", "second \ufffd")]
    follower.close()
    assert heard[2:] == [("one", "third")]


def test_a_name_followed_anew_begins_at_the_new_file(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    follower = Follower(lambda *one: heard.append(one))
    for text in ("old", "new"):
        (tmp_path / text).write_text(f"{text}\n")
        follower.follow("one", tmp_path / text)
        follower.look()
    follower.close()
    assert heard == [("one", "old"), ("one", "new")]
