"""Files left in a drop folder are raw records on the topic of their feed: each once, however often we are stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config import headers, topics
from config.settings import Settings
from connectors.carriers import Carrier, discover
from connectors.drop.alarm import Alarm
from connectors.drop.folder import Note
from connectors.drop.sender import Sender
from connectors.drop.watcher import Watcher
from connectors.embedded.broker import EmbeddedBroker
from connectors.kafka.topic_admin import TopicAdmin
from tests.support.topics import read_all
from tests.support.x12_files import interchange, numbers, read
from topologies.cli.main import app

pytestmark = pytest.mark.broker
CARRIERS: dict[str, Carrier] = {carrier.feed: carrier for carrier in discover()}
EDI, POST = CARRIERS["rlca"], CARRIERS["ups"]
RAW = topics.raw("rlca").name


@pytest.fixture(scope="module")
def broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as running:
        yield running


@pytest.fixture
def settings(broker: EmbeddedBroker, tmp_path: Path) -> Settings:
    made = Settings(
        bootstrap=broker.bootstrap, data_dir=tmp_path / "var", drop_dir=tmp_path / "drop", drop_piece_bytes=1_024,
        drop_unchanged=0,
    )
    TopicAdmin(made).create([topics.raw("rlca"), topics.raw("ups")])
    return made


def dropped(settings: Settings, feed: str, name: str, body: bytes) -> Path:
    assert settings.drop.dir is not None
    path = settings.drop.dir / feed / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def looked(settings: Settings, times: int = 2) -> list[tuple[str, int, str | None]]:
    watcher = Watcher(settings, [EDI, POST], Sender(settings), Alarm(settings))
    try:
        found = [sent for _ in range(times) for sent in watcher.look()]
    finally:
        watcher.close()
    return [(sent.file.parent.name if sent.reason else sent.file.name, sent.records, sent.reason) for sent in found]


def sets_of(settings: Settings, control: int) -> list[str]:
    """The PRO numbers of one interchange on the raw topic, in the order they lie there."""
    values = [record.value() for record in read_all(settings.kafka.bootstrap, RAW)]
    mine = [value for value in values if value is not None and b"%09d" % control in value]
    return sorted(numbers(read(mine)))


def test_a_large_file_becomes_records_of_its_feed_and_goes_to_the_archive(settings: Settings) -> None:
    body = interchange(101, 30)
    dropped(settings, "rlca", "a.edi", body)
    [(name, records, _)] = looked(settings)
    assert name == "a.edi"
    assert records > 2
    assert sets_of(settings, 101) == sorted(numbers(read([body])))
    attached = dict(read_all(settings.kafka.bootstrap, RAW)[-1].headers() or [])
    assert (attached[headers.FEED], attached[headers.CHANNEL]) == (b"rlca", b"file")
    assert settings.drop.dir is not None
    [archived] = (settings.drop.dir / "rlca" / "archive").rglob("a.edi")
    assert archived.read_bytes() == body
    assert looked(settings) == []


def test_what_was_acknowledged_before_a_crash_is_not_sent_again(settings: Settings) -> None:
    path = dropped(settings, "rlca", "b.edi", interchange(102, 30))
    watcher = Watcher(settings, [EDI], Sender(settings), Alarm(settings))
    [folder] = [feed.folder for feed in watcher.feeds]
    assert folder.lock()
    claimed = folder.claim(path)
    assert claimed is not None
    folder.write_note(claimed, Note(2))
    watcher.close()
    [(_, records, _)] = looked(settings)
    found = sets_of(settings, 102)
    assert len(found) == len(set(found))
    assert 0 < len(found) < 30
    assert records > 2


def test_a_file_that_cannot_be_cut_is_in_quarantine_with_its_reason_and_the_next_goes_on(settings: Settings) -> None:
    dropped(settings, "rlca", "bad.edi", b"this is no interchange, whatever its name says")
    dropped(settings, "rlca", "good.edi", interchange(103, 1))
    dropped(settings, "ups", "empty.json", b"")
    found = sorted(looked(settings), key=str)
    assert [(where, records) for where, records, _ in found] == [("good.edi", 1), ("quarantine", 0), ("quarantine", 0)]
    assert settings.drop.dir is not None
    said = json.loads((settings.drop.dir / "rlca" / "quarantine" / "bad.edi.reason.json").read_text("utf-8"))
    assert said["reason"] == "malformed"
    assert len(sets_of(settings, 103)) == 1


def test_without_a_broker_a_file_waits_and_is_sent_once_there_is_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped(settings, "rlca", "c.edi", interchange(104, 2))
    gone = settings.replace(bootstrap="127.0.0.1:1")
    with monkeypatch.context() as impatient:
        impatient.setattr("connectors.drop.sender.ACK_SECONDS", 1.0)
        assert looked(gone) == []
    assert [name for name, _, _ in looked(settings)] == ["c.edi"]
    assert len(sets_of(settings, 104)) == 2


def test_the_command_empties_the_folders_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    dropped(settings, "rlca", "d.edi", interchange(105, 1))
    for name in ("bootstrap", "drop_dir", "data_dir", "drop_unchanged"):
        monkeypatch.setenv(f"SHIPSYNC_{name.upper()}", str(settings.value(name)))
    result = CliRunner().invoke(app, ["drop", "--once", "--json"])
    assert result.exit_code == 0, result.output
    assert [row["records"] for row in json.loads(result.stdout[result.stdout.index("[\n"):])] == [1]
