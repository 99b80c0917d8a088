"""Restoring: a partition's state is what its changelog says, whatever was or was not on the disk."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec import msgpack

from config import headers
from config.settings import Settings
from connectors.kafka.producer import Record, deliver, producer
from streams.kernel.errors import Fatal, Transient
from tests.support.topics import create_topic, fill
from tests.support.waiting import PATIENCE, eventually
from topologies.runtime.handler import Message
from topologies.runtime.state import changelog
from topologies.runtime.state.changelog import KafkaChangelog
from topologies.runtime.state.changelog_record import UnreadableChangelog
from topologies.runtime.state.partition_state import Mark, PartitionState, StateMemory
from topologies.runtime.watching import metrics
from topologies.runtime.writing.outbox import HeldBack, carrying
from topologies.runtime.writing.plain_sink import PlainSink

MEMORY = StateMemory(8 << 20)


def as_kept(key: bytes, value: bytes) -> dict[bytes, bytes]:
    """A record of these changelogs as it is kept locally."""
    if not value.startswith(b"log "):
        raise ValueError("no record of this stage")
    return {key: value.removeprefix(b"log ")}


class Bench:
    """A changelog with one partition, and where its state lies."""

    def __init__(self, bootstrap: str, topic: str, folder: Path) -> None:
        self.bootstrap, self.topic, self.path = bootstrap, topic, folder / "0"
        create_topic(bootstrap, topic, cleanup_policy="compact")
        settings = Settings(bootstrap=bootstrap, data_dir=folder)
        self.changelog = KafkaChangelog("echo", topic, settings, as_kept, {"alerts"})

    def write(self, **records: str | None) -> None:
        fill(self.bootstrap, self.topic, [
            (key.encode(), None if value is None else b"log " + value.encode())
            for key, value in records.items()
        ])

    def spoil(self, key: bytes, value: bytes | None = b"junk", *told: tuple[str, str | bytes | None]) -> None:
        """Write a record no stage wrote."""
        out = producer(Settings(bootstrap=self.bootstrap))
        deliver(out, [Record(self.topic, key, value, told, 0)])

    def restored(self) -> dict[bytes, bytes]:
        restored = self.changelog.restored(self.path, 0, lambda: True)
        assert restored is not None
        found = dict(restored.state.scan(b""))
        self.mark, self.held_back = restored.state.mark, restored.held_back
        restored.state.close()
        return found

    def carry(self, key: str, value: str | None, *told: str) -> HeldBack:
        """Write a record that carries messages."""
        alerts: list[Message] = [{"key": one.encode(), "value": b"raised"} for one in told]
        held = HeldBack(None if value is None else b"log " + value.encode(), {"alerts": alerts})
        sink = PlainSink(Settings(bootstrap=self.bootstrap))
        sink.begin().send_whole([carrying(self.topic, key.encode(), held, 0)])
        sink.close()
        return held


@pytest.fixture
def bench(bootstrap: str, topic_name: str, tmp_path: Path) -> Bench:
    return Bench(bootstrap, topic_name, tmp_path)


def rebuilds() -> float:
    value: float = metrics.STATE_REBUILDS.labels("echo")._value.get()
    return value


def test_an_empty_changelog_gives_an_empty_state(bench: Bench) -> None:
    assert bench.restored() == {}


def test_a_lost_disk_is_restored_with_the_last_record_of_each_key(bench: Bench) -> None:
    bench.write(a="1", b="1", c="1")
    bench.write(a="2", b=None)
    assert bench.restored() == {b"a": b"2", b"c": b"1"}
    shutil.rmtree(bench.path)
    assert bench.restored() == {b"a": b"2", b"c": b"1"}


def test_what_a_record_still_carries_is_found_again_until_it_is_noted_as_sent(bench: Bench) -> None:
    bench.write(a="1", b="1")
    held = bench.carry("a", "2", "x", "y")
    gone = bench.carry("b", None, "z")
    bench.write(c="1")
    for _ in range(2):
        assert bench.restored() == {b"a": b"2", b"c": b"1"}
        assert bench.held_back == {b"a": held, b"b": gone}
    bench.write(a="2")
    bench.restored()
    assert bench.held_back == {b"b": gone}
    shutil.rmtree(bench.path)
    bench.restored()
    assert bench.held_back == {b"b": gone}
    bench.write(b=None)
    assert bench.restored() == {b"a": b"2", b"c": b"1"}
    assert bench.held_back == {}
    assert bench.mark is not None
    assert bench.mark.offset == 7


def test_only_what_is_missing_is_replayed(bench: Bench) -> None:
    bench.write(a="1")
    bench.restored()
    state = PartitionState(bench.path, MEMORY)
    state.apply({b"local": b"kept"})
    state.close()
    before = rebuilds()
    bench.write(b="1")
    assert bench.restored() == {b"a": b"1", b"b": b"1", b"local": b"kept"}
    assert rebuilds() == before


def test_a_state_beyond_the_end_is_rebuilt_and_counted(bench: Bench) -> None:
    bench.write(a="1")
    state = PartitionState(bench.path, MEMORY)
    state.apply({b"ghost": b"x"}, Mark(bench.changelog.topic_id(), 5000))
    state.close()
    before = rebuilds()
    assert bench.restored() == {b"a": b"1"}
    assert rebuilds() == before + 1


def test_a_state_of_another_topic_is_rebuilt(bench: Bench) -> None:
    bench.write(a="1", b="1")
    state = PartitionState(bench.path, MEMORY)
    state.apply({b"ghost": b"x"}, Mark("another-topic", 1))
    state.close()
    assert bench.restored() == {b"a": b"1", b"b": b"1"}


def test_a_damaged_state_is_rebuilt(bench: Bench) -> None:
    bench.write(a="1")
    bench.restored()
    (bench.path / "CURRENT").write_bytes(b"nonsense")
    before = rebuilds()
    assert bench.restored() == {b"a": b"1"}
    assert rebuilds() == before + 1
    assert (bench.path.with_name("0.aside") / "CURRENT").read_bytes() == b"nonsense"


def test_a_spoilt_index_of_a_table_is_damage_and_no_lock(bench: Bench) -> None:
    """RocksDB calls it "block checksum mismatch"."""
    bench.write(**{f"k{number:04}": "x" * 300 for number in range(500)})
    whole = bench.restored()
    [table] = bench.path.glob("*.sst")
    content = bytearray(table.read_bytes())
    before = rebuilds()
    for back in range(60, 1_500, 20):
        content[-back] ^= 0xFF
    table.write_bytes(content)
    assert bench.restored() == whole
    assert rebuilds() == before + 1


def test_a_restore_no_longer_wanted_ends_and_leaves_the_state_free(bench: Bench) -> None:
    bench.write(a="1")
    assert bench.changelog.restored(bench.path, 0, lambda: False) is None
    assert bench.restored() == {b"a": b"1"}


def test_a_missing_topic_is_fatal_and_names_the_remedy(
    bootstrap: str, topic_name: str, tmp_path: Path
) -> None:
    settings = Settings(bootstrap=bootstrap, data_dir=tmp_path)
    with pytest.raises(Fatal, match="shipsync topics --create"):
        KafkaChangelog("echo", topic_name, settings, as_kept).restored(tmp_path / "0", 0, lambda: True)


def test_a_broker_that_does_not_answer_is_transient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("topologies.runtime.state.changelog.ANSWER_SECONDS", 0.5)
    changelog = KafkaChangelog("echo", "t", Settings(bootstrap="127.0.0.1:1", data_dir=tmp_path), as_kept)
    with pytest.raises(Transient):
        changelog.restored(tmp_path / "0", 0, lambda: True)


@pytest.mark.kafka
@pytest.mark.parametrize("ends", ["commit", "abort"])
def test_a_restore_waits_for_a_transaction_that_is_open_however_it_ends(
    kafka_bootstrap: str, topic_name: str, tmp_path: Path, ends: str
) -> None:
    bench = Bench(kafka_bootstrap, topic_name, tmp_path)
    bench.write(a="1")
    former = producer(Settings(bootstrap=kafka_bootstrap), transactional_id=topic_name)
    former.init_transactions(PATIENCE)
    former.begin_transaction()
    former.produce(topic_name, b"log 2", b"a", partition=0)
    former.flush()
    found: list[dict[bytes, bytes]] = []
    restoring = threading.Thread(target=lambda: found.append(bench.restored()))
    with watched("waits for a transaction") as waits:
        restoring.start()
        eventually(waits.is_set)
        assert found == []
    if ends == "commit":
        former.commit_transaction(PATIENCE)
    else:
        former.abort_transaction(PATIENCE)
    restoring.join(PATIENCE)
    assert found == [{b"a": b"2" if ends == "commit" else b"1"}]


@contextmanager
def watched(what: str) -> Iterator[threading.Event]:
    """An event that is set once the changelog's log says ``what``."""
    said = threading.Event()

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if what in record.getMessage():
                said.set()

    watch = Watch()
    changelog.log.addHandler(watch)
    before = changelog.log.level
    changelog.log.setLevel(logging.INFO)
    try:
        yield said
    finally:
        changelog.log.removeHandler(watch)
        changelog.log.setLevel(before)


def test_a_record_that_cannot_be_read_stops_the_restore_and_is_named(bench: Bench) -> None:
    bench.write(a="1", b="1")
    bench.spoil(b"a")
    for _ in range(2):
        with pytest.raises(UnreadableChangelog, match=r"\[0\] at offset 2, key b'a'.+no record of this") as told:
            bench.restored()
    assert [(one.record.offset, one.record.key) for one in told.value.records] == [(2, b"a")]
    assert "shipsync state repair echo 0 2" in str(told.value)


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        (b"\xff\xfe", b"log 1", ()),
        (b"a", b"log 1", ((headers.HELD_BACK, b"\xff"),)),
        (b"a", b"log 1", ((headers.HELD_BACK, msgpack.encode([["erp.postings.v1", None, b"pay"]])),)),
        (b"a", None, ((headers.HELD_BACK, b"9" * 6000),)),
    ],
    ids=["key that is no text", "malformed header", "foreign topic in the header", "deletion with a malformed header"],
)
def test_key_and_headers_are_checked_as_the_value_is(
    bench: Bench, key: bytes, value: bytes | None, told: tuple[tuple[str, bytes], ...]
) -> None:
    bench.spoil(key, value, *told)
    with pytest.raises(UnreadableChangelog):
        bench.restored()


def test_a_later_record_of_the_key_supersedes_one_that_cannot_be_read(bench: Bench) -> None:
    bench.write(a="1", b="1", c="1")
    for key in (b"a", b"b"):
        bench.spoil(key)
    with pytest.raises(UnreadableChangelog, match="2 records cannot be read"):
        bench.restored()
    bench.write(b="2", c="2")
    with pytest.raises(UnreadableChangelog, match="1 records"):
        bench.restored()
    bench.write(a=None)
    assert bench.restored() == {b"b": b"2", b"c": b"2"}
