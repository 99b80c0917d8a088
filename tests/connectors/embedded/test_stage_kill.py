"""The request to kill a stage, and the report, as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.embedded.stage_kill import REQUEST, REQUEST_SECONDS, KillFolder, KillReport, KillRequest
from streams.kernel.errors import Transient

AT = 1_790_000_000_000
REQUESTED = KillRequest("shipments", "ada", AT)


@pytest.fixture
def folder(tmp_path: Path) -> KillFolder:
    made = KillFolder(tmp_path)
    made.make()
    return made


def test_a_request_is_taken_once(folder: KillFolder) -> None:
    folder.ask(REQUESTED)
    assert folder.pending
    assert folder.taken(AT + 10) == REQUESTED
    assert folder.taken(AT + 10) is None
    assert not folder.pending


def test_of_two_requests_the_second_is_refused(folder: KillFolder) -> None:
    folder.ask(REQUESTED)
    with pytest.raises(Transient, match="another request is waiting"):
        folder.ask(REQUESTED)
    assert [file.name for file in folder.path.iterdir()] == [REQUEST]


def test_without_a_stack_nobody_takes_a_request(tmp_path: Path) -> None:
    with pytest.raises(Transient, match="no stack takes the request"):
        KillFolder(tmp_path).ask(REQUESTED)


@pytest.mark.parametrize("content", [
    b"{", b'{"stage":"broker","by":"ada","asked_at":1790000000000}', b'{"stage":"../x","by":"a","asked_at":0}',
])
def test_nonsense_kills_nothing_and_is_taken_away(folder: KillFolder, content: bytes) -> None:
    (folder.path / REQUEST).write_bytes(content)
    assert folder.taken(AT) is None
    assert not folder.pending


def test_an_old_request_kills_nothing(folder: KillFolder) -> None:
    folder.ask(REQUESTED)
    assert folder.taken(AT + int(REQUEST_SECONDS * 1000) + 1) is None


def test_the_report_is_read_as_it_was_written(folder: KillFolder) -> None:
    assert folder.report() is None
    report = KillReport("shipments", "ada", AT, waiting=3)
    folder.write(report)
    assert folder.report() == report
    assert folder.path.stat().st_mode & 0o077 == 0
    folder.remove()
    assert folder.report() is None
