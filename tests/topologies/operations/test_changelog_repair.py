"""A record of a state topic that cannot be read is found, and mended by a later record of its key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config import topics
from config.settings import Settings
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import DwellNorm
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import Status
from tests.support import sending
from tests.support.brokers import registry, settings_for
from tests.support.stage_worker import StageWorker
from tests.support.waiting import eventually
from topologies.cli.main import app
from topologies.local_stack.environment import environment
from topologies.operations.changelog_repair import ChangelogRepair, Remedy
from topologies.operations.command_actor import command_actor
from topologies.stages.catalogue import STAGES
from topologies.stages.norms import NormsHandler

pytestmark = pytest.mark.broker
KEY, HOSTILE = b"north:US>DE:in_transit", b"[/x] :one:\x1b[2J"
ME = command_actor(Settings(_env_file=None))
LISTED = [topics.AUDIT_ACTIONS, topics.DWELL_NORMS, topics.DEAD_LETTERS, topics.DLQ_NORMS, topics.SHIPMENT_DWELLS]


@pytest.fixture
def settings(bootstrap: str, tmp_path: Path) -> Iterator[Settings]:
    """A registry of this test, and empty topics of the stage norms on the broker."""
    with registry() as url:
        settings = settings_for(bootstrap, url, tmp_path)
        TopicAdmin(settings).create(LISTED)
        yield settings


def end(settings: Settings, topic: str) -> int:
    reader = PartitionReader(settings, "test")
    try:
        return sum(reader.bounds(topic, number)[1] for number in reader.partitions(topic))
    finally:
        reader.close()


def write(settings: Settings, key: bytes, value: bytes | None) -> int:
    """Put a record on the state topic; its offset."""
    sending.write(settings, [Record(topics.DWELL_NORMS.name, key, value, partition=0)])
    return end(settings, topics.DWELL_NORMS.name) - 1


def norm(settings: Settings, observations: int) -> bytes:
    codec = ValueCodec(topics.DWELL_NORMS, DwellNorm, Registry(settings))
    return codec.encode(DwellNorm("north", "US>DE", Status.IN_TRANSIT, observations, 1, 2))


def shipsync(settings: Settings, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["state", *words], env={**environment(settings), "COLUMNS": "80"})
    return done.exit_code, done.output + (f"{done.exception}" if done.exit_code == 1 and done.exception else "")


def restored(settings: Settings, folder: Path) -> dict[bytes, bytes]:
    from topologies.runtime.state.changelog import KafkaChangelog

    handler = NormsHandler(settings, Registry(settings), {})
    changelog = KafkaChangelog("norms", topics.DWELL_NORMS.name, settings, handler.local_writes)
    found = changelog.restored(folder, 0, lambda: True)
    assert found is not None
    records = dict(found.state.scan(b""))
    found.state.close()
    return records


def test_a_key_goes_back_to_its_last_good_record_and_the_bad_one_to_the_dead_letters(
    settings: Settings, tmp_path: Path
) -> None:
    write(settings, KEY, norm(settings, 3))
    good = write(settings, KEY, norm(settings, 4))
    write(settings, HOSTILE, b"hostile")
    bad = write(settings, KEY, b"junk")
    code, told = shipsync(settings, "check", "norms", "--json")
    assert code == 1
    last = json.loads(told[:told.rindex("]") + 1])[-1]
    assert (last["offset"], last["reason"]) == (bad, "unknown_magic")
    code, told = shipsync(settings, "check", "norms")
    assert code == 1
    assert "[/x] :one:" in told
    assert "\x1b" not in told
    dead = end(settings, topics.DLQ_NORMS.name)
    code, told = shipsync(settings, "repair", "norms", "0", str(bad))
    assert (code, "Nothing is written yet" in told, f"offset {good}" in told) == (0, True, True)
    assert end(settings, topics.DLQ_NORMS.name) == dead
    assert shipsync(settings, "repair", "norms", "0", str(bad), "--apply")[0] == 0
    assert end(settings, topics.DLQ_NORMS.name) == dead + 1
    assert shipsync(settings, "skip", "norms", "0", str(bad - 1), "--apply")[0] == 0
    assert shipsync(settings, "check", "norms")[0] == 0
    assert restored(settings, tmp_path / "0")[KEY] == norm(settings, 4)
    code, told = shipsync(settings, "repair", "norms", "0", str(bad))
    assert (code, f"superseded by offset {bad + 1}" in told) == (1, True)


def test_a_key_without_an_earlier_record_can_be_deleted_only(settings: Settings) -> None:
    bad = write(settings, b"new:key", b"junk")
    repair = ChangelogRepair(settings, "norms")
    with pytest.raises(Fatal, match=f"shipsync state skip norms 0 {bad}"):
        repair.plan(Remedy.REPAIR, 0, bad)
    cards = end(settings, topics.DEAD_LETTERS.name)
    repair.apply(repair.plan(Remedy.SKIP, 0, bad), ME)
    assert end(settings, topics.DEAD_LETTERS.name) == cards + 1
    assert [one for one in repair.unreadable(0) if one.record.key == b"new:key"] == []


def test_what_is_not_there_or_can_be_read_is_refused_by_name(settings: Settings) -> None:
    good = write(settings, b"fine:key", norm(settings, 1))
    repair = ChangelogRepair(settings, "norms")
    with pytest.raises(Fatal, match="can be read"):
        repair.plan(Remedy.SKIP, 0, good)
    with pytest.raises(Fatal, match="not kept any more"):
        repair.plan(Remedy.SKIP, 0, good + 1_000)
    with pytest.raises(Fatal, match="has the partitions 0 to 0, not 7"):
        repair.plan(Remedy.SKIP, 7, good)
    with pytest.raises(Fatal, match="'intake' is no stage with state: orders"):
        ChangelogRepair(settings, "intake")


def test_nothing_is_written_while_the_stage_runs_and_a_waiting_stage_goes_on_when_it_is_mended(
    settings: Settings, tmp_path: Path
) -> None:
    bad = write(settings, KEY, b"junk")
    repair = ChangelogRepair(settings, "norms")
    plan = repair.plan(Remedy.SKIP, 0, bad)
    worker = StageWorker("norms", settings, tmp_path / "worker")
    try:
        eventually(lambda: worker.partitions() == 1, what="the stage has its partition")
        with pytest.raises(Fatal, match="workers of the stage norms run"):
            repair.apply(plan, ME)
        eventually(
            lambda: f"at offset {bad}" in (tmp_path / "worker" / "log").read_text("utf-8"), what="the record is named"
        )
        assert worker.process.poll() is None
        sending.write(settings, [Record(topics.DWELL_NORMS.name, KEY, None, partition=0)])
        eventually(
            lambda: "restored" in (tmp_path / "worker" / "log").read_text("utf-8"), what="the partition is restored"
        )
    finally:
        worker.kill()


@pytest.mark.parametrize("name", [name for name, stage in STAGES.items() if stage.app.state_topic is not None])
def test_every_stage_checks_what_it_restores(name: str) -> None:
    from tests.support.registry import fake_registry

    handler = STAGES[name].build(Settings(), fake_registry(), {})
    for value in (b"", b"junk", b"\x00\x00\x00", b"\x00\x00\x0f\x42\x40" + bytes(40)):
        with pytest.raises(Exception, match=r"."):
            handler.local_writes(b"key", value)  # type: ignore[attr-defined]
