"""One partition's state: a dict that outlives the process, and knows how far the changelog was applied."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streams.kernel.errors import Fatal, Transient
from topologies.runtime.state.partition_state import (
    Damaged,
    Mark,
    PartitionState,
    Stalled,
    StateMemory,
    set_aside,
    wipe,
)

MEMORY = StateMemory(8 * 1024 * 1024)
KEYS = st.binary(min_size=1, max_size=3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stage" / "0"


def test_a_reopened_state_has_its_records_and_its_mark(path: Path) -> None:
    state = PartitionState(path, MEMORY)
    assert state.mark is None
    state.apply({b"a": b"1", b"b": b"2"}, Mark("id", 7))
    state.apply({b"a": None, b"c": b"3"})
    state.close()
    again = PartitionState(path, MEMORY)
    assert again.mark == Mark("id", 7)
    assert again.get_many([b"c", b"a", b"b"]) == [b"3", None, b"2"]
    again.close()


def test_a_scan_gives_one_prefix_in_key_order_and_never_the_mark(path: Path) -> None:
    state = PartitionState(path, MEMORY)
    state.apply({b"due:2": b"", b"due:1": b"x", b"e": b"y", b"\xff\xff": b"z"}, Mark("id", 1))
    assert list(state.scan(b"due:")) == [(b"due:1", b"x"), (b"due:2", b"")]
    assert [key for key, _ in state.scan(b"")] == [b"due:1", b"due:2", b"e", b"\xff\xff"]
    state.close()


def test_a_scan_that_is_left_half_way_does_not_keep_the_state_open(path: Path) -> None:
    state = PartitionState(path, MEMORY)
    state.apply({b"a": b"1", b"b": b"2"})
    scan = state.scan(b"")
    next(scan)
    del scan
    state.close()
    PartitionState(path, MEMORY).close()


def test_a_state_held_by_another_process_is_told_with_the_remedy(path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c",
         "import sys; from pathlib import Path;"
         "from topologies.runtime.state.partition_state import PartitionState, StateMemory;"
         f"s = PartitionState(Path({str(path)!r}), StateMemory(8 << 20)); print('held', flush=True);"
         "sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Transient, match="SHIPSYNC_DATA_DIR"):
            PartitionState(path, MEMORY)
        holder.kill()
    PartitionState(path, MEMORY).close()


def test_a_damaged_state_says_so_until_it_is_wiped(path: Path) -> None:
    state = PartitionState(path, MEMORY)
    state.apply({b"a": b"1"})
    state.close()
    (path / "CURRENT").write_bytes(b"nonsense")
    with pytest.raises(Damaged):
        PartitionState(path, MEMORY)
    wipe(path)
    state = PartitionState(path, MEMORY)
    assert state.get_many([b"a"]) == [None]
    state.close()


def test_what_cannot_be_read_while_running_is_remembered_at_the_next_start(path: Path) -> None:
    state = PartitionState(path, MEMORY)
    state.apply({b"%04d" % number: b"x" * 300 for number in range(5000)})
    state.close()
    for table in path.glob("*.sst"):
        table.write_bytes(b"\0" * table.stat().st_size)
    with pytest.raises(Damaged):  # on opening, or on the first read
        PartitionState(path, StateMemory(8 << 20)).get_many([b"0001"])
    with pytest.raises(Damaged):
        PartitionState(path, MEMORY)
    wipe(path)
    PartitionState(path, MEMORY).close()


SPOILT = ["flip_head", "flip_tail", "flip_all", "truncate", "manifest_flip", "manifest_cut"]


def spoil(path: Path, kind: str, seed: int) -> None:
    """Change bytes of the database's files, as a bad disk would."""
    rng = random.Random(seed)
    for file in sorted(path.glob("MANIFEST*" if kind.startswith("manifest") else "*.sst")):
        content = bytearray(file.read_bytes())
        if kind in ("truncate", "manifest_cut"):
            content = content[: rng.randrange(len(content))]
        span = {"flip_tail": range(len(content) - 1_500, len(content)), "flip_head": range(8_000)}
        for _ in range(40 if len(content) > 8_000 else 0):
            content[rng.choice(span.get(kind, range(len(content))))] ^= 0xFF
        if kind == "manifest_flip":
            for _ in range(5):
                content[rng.randrange(len(content))] ^= 0xFF
        file.write_bytes(content)


@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.parametrize("seed", range(4))
def test_spoilt_files_are_damage_or_a_whole_earlier_state_and_never_a_held_lock(
    path: Path, kind: str, seed: int
) -> None:
    parts = [[b"%04d" % number for number in range(part, 3_000, 3)] for part in range(3)]
    for part, keys in enumerate(parts):
        state = PartitionState(path, MEMORY)
        state.apply({key: random.Random(key).randbytes(300) for key in keys}, Mark("x", part + 1))
        state.close()
    spoil(path, kind, seed)
    try:
        state = PartitionState(path, StateMemory(8 << 20))
        whole = 0 if state.mark is None else state.mark.offset
        assert None not in state.get_many([key for keys in parts[:whole] for key in keys])
        state.close()
        assert kind == "manifest_cut"
    except Damaged:
        state.close()
    assert list(set_aside(path).iterdir()) != []
    state = PartitionState(path, MEMORY)
    assert state.get_many([b"0001"]) == [None]
    state.close()


def test_only_the_last_damaged_state_is_kept(path: Path) -> None:
    for number in range(2):
        PartitionState(path, MEMORY).close()
        (path / f"number {number}").touch()
        set_aside(path)
    assert [one.name for one in path.with_name("0.aside").glob("number*")] == ["number 1"]
    assert not path.exists()


def test_a_closed_state_refuses_work(path: Path) -> None:
    state = PartitionState(path, MEMORY)
    state.close()
    state.close()
    with pytest.raises(Fatal, match="closed"):
        state.get_many([b"a"])


class StateMachine(RuleBasedStateMachine):
    """apply, get, scan and reopen do what a dict does."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "0"
        self.state = PartitionState(self.path, MEMORY)
        self.model: dict[bytes, bytes] = {}
        self.mark: Mark | None = None

    @rule(changes=st.dictionaries(KEYS, st.none() | st.binary(max_size=8)), offset=st.none() | st.integers(0, 99))
    def apply(self, changes: dict[bytes, bytes | None], offset: int | None) -> None:
        mark = None if offset is None else Mark("id", offset)
        self.state.apply(changes, mark)
        self.mark = mark or self.mark
        for key, value in changes.items():
            if value is None:
                self.model.pop(key, None)
            else:
                self.model[key] = value

    @rule(keys=st.lists(KEYS))
    def get_many(self, keys: list[bytes]) -> None:
        assert self.state.get_many(keys) == [self.model.get(key) for key in keys]

    @rule(prefix=st.binary(max_size=2))
    def scan(self, prefix: bytes) -> None:
        found = list(self.state.scan(prefix))
        assert found == sorted(pair for pair in self.model.items() if pair[0].startswith(prefix))

    @rule()
    def reopen(self) -> None:
        self.state.close()
        self.state = PartitionState(self.path, MEMORY)

    @invariant()
    def mark_is_the_last_one(self) -> None:
        assert self.state.mark == self.mark

    def teardown(self) -> None:
        self.state.close()
        self.folder.cleanup()


TestStateMachine = StateMachine.TestCase
TestStateMachine.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MiB; only root may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_full_disk_stops_the_write_not_the_process_and_room_lets_it_go_on(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("topologies.runtime.state.partition_state.STALLED_SECONDS", 0.5)
    path, written = small_disk / "0", 0
    state = PartitionState(path, StateMemory(8 << 20))

    def fill() -> None:
        nonlocal written
        while written < 100_000:
            state.apply({os.urandom(12): os.urandom(400) for _ in range(200)}, Mark("topic", written))
            written += 1

    with pytest.raises(Stalled):
        fill()
    state.close()
    subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
    again = PartitionState(path, StateMemory(8 << 20))
    assert again.mark is None or again.mark.offset < written
    again.apply({b"k": b"v"}, Mark("topic", written))
    assert again.get_many([b"k"]) == [b"v"]
    again.close()


def test_a_write_waits_for_room_in_memory_and_is_then_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = PartitionState(tmp_path / "0", StateMemory(8 << 20))
    answers = iter([False, False])
    done = PartitionState._written
    monkeypatch.setattr(
        PartitionState, "_written", lambda self, changes, mark: next(answers, True) and done(self, changes, mark)
    )
    state.apply({b"k": b"v"}, Mark("topic", 7))
    assert (state.get_many([b"k"]), state.mark) == ([b"v"], Mark("topic", 7))
    state.close()
