"""Files become raw records, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import headers, topics
from config.settings import Settings
from connectors.embedded.ports import unused
from streams.kernel.errors import Fatal, Transient
from tests.support.topics import create_topic, read_all, unique
from topologies.operations.file_publisher import content_type, files_in, send


def no_pause() -> None:
    """At once."""


@pytest.fixture
def feed(bootstrap: str) -> str:
    """A feed whose raw topic is there."""
    name = unique("feed")
    create_topic(bootstrap, topics.raw(name).name, 2, max_message_bytes="2000000")
    return name


def test_each_file_is_one_record_as_it_is_with_the_headers_of_a_gateway(
    bootstrap: str, feed: str, tmp_path: Path
) -> None:
    bodies = {"a.json": b'{"a": 1}\r\n', "b.edi": b"ISA*00~\x85\xff", "empty.xml": b""}
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(body)
    outcomes = send(Settings(bootstrap=bootstrap), feed, files_in(tmp_path), "sftp", no_pause)
    assert [(one.file.name, one.fault) for one in outcomes] == [(name, None) for name in bodies]
    records = {
        f"{one.topic()}[{one.partition()}] @ {one.offset()}": one
        for one in read_all(bootstrap, topics.raw(feed).name)
    }
    assert {records[one.place or ""].value() or b"" for one in outcomes} == set(bodies.values())
    attached = dict(records[outcomes[0].place or ""].headers() or [])
    assert attached[headers.FEED] == feed.encode()
    assert attached[headers.CONTENT_TYPE] == b"application/json"
    assert attached[headers.CHANNEL] == b"sftp"
    assert attached[headers.CORRELATION_ID] == outcomes[0].correlation_id.encode()
    assert attached[headers.RECEIVED_AT].isdigit()
    assert len({one.correlation_id for one in outcomes}) == 3


def test_a_file_that_cannot_be_sent_does_not_hold_up_the_others(
    bootstrap: str, feed: str, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_bytes(b"{}")
    (tmp_path / "b.json").write_bytes(b"x" * 9_500_000)
    (tmp_path / "c.json").write_bytes(b"[]")
    files = [*files_in(tmp_path), tmp_path / "gone.json"]
    outcomes = {one.file.name: one for one in send(Settings(bootstrap=bootstrap), feed, files, "file", no_pause)}
    assert [name for name, one in outcomes.items() if one.fault is None] == ["a.json", "c.json"]
    assert "9,500,000 bytes" in str(outcomes["b.json"].fault)
    assert "No such file" in str(outcomes["gone.json"].fault)


def test_a_pause_follows_each_file(bootstrap: str, feed: str, tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(b"x")
    pauses: list[int] = []
    send(Settings(bootstrap=bootstrap), feed, files_in(tmp_path), "file", lambda: pauses.append(1))
    assert len(pauses) == 3


def test_a_topic_that_is_not_there_is_told_and_not_made_by_accident(bootstrap: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    for _ in range(2):
        with pytest.raises(Fatal, match="shipsync topics --create"):
            send(Settings(bootstrap=bootstrap), unique("nobody"), [tmp_path / "a"], "file", no_pause)


def test_without_a_broker_nothing_waits_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topologies.operations.file_publisher.ANSWER_SECONDS", 0.2)
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(Transient, match="no broker answers"):
        send(Settings(bootstrap=f"127.0.0.1:{unused()[0]}"), "any", [tmp_path / "a"], "file", no_pause)


def test_a_folder_is_all_its_files_but_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.json", "a/z.edi", ".hidden", "a/.git/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert files_in(tmp_path) == [tmp_path / "a/z.edi", tmp_path / "b.json"]
    assert files_in(tmp_path / ".hidden") == [tmp_path / ".hidden"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.json", "application/json"), ("a.EDI", "application/edi-x12"), ("a.x12", "application/edi-x12"),
        ("a.xml", "application/xml"), ("a", "application/octet-stream"),
    ],
)
def test_the_content_type_is_guessed_from_the_name(name: str, kind: str) -> None:
    assert content_type(Path(name)).replace("text/xml", "application/xml") == kind
