"""Fakes around a stage: each writes what happens into one shared list of calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from pathlib import Path

from streams.contracts.model import Record
from streams.kernel.errors import Transient
from topologies.runtime.handler import Afterwards, Change, Handled, Message, Refused, View
from topologies.runtime.reading.chunks import TopicPartition
from topologies.runtime.state.changelog import Restored
from topologies.runtime.state.partition_state import Mark, PartitionState, StateMemory
from topologies.runtime.writing.outbox import HeldBack
from topologies.runtime.writing.sink import Fenced, Span, Whole


class Calls(list[str]):
    """The calls made, in order. ``fail_at`` raises ``error`` when that is about to happen."""

    def __init__(self) -> None:
        super().__init__()
        self.fail_at: str | None = None
        self.error: BaseException = RuntimeError("as told")
        self.hooks: dict[str, Callable[[], object]] = {}

    def note(self, what: str) -> None:
        """Note it, or raise."""
        if what in self.hooks:
            self.hooks.pop(what)()
        if what == self.fail_at:
            raise self.error
        self.append(what)


class FakeSink:
    """Keeps what is sent; at flush it counts as acknowledged. ``is_atomic``: whether it has
    transactions, to be set before a runner is made with it; ``generation``: the group's, ``transactions``: the offsets
    of those that were committed."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.sent: dict[str, list[Message]] = {}
        self.whole: list[Whole] = []
        self.partitions: dict[str, int | None] = {}
        self.is_atomic = False
        self.at_once = 1
        self.ends = [100]
        self.generation = b"generation 1"
        self.offsets: dict[TopicPartition, int] = {}
        self.transactions: list[dict[TopicPartition, int]] = []
        self._spans: dict[int, Span] = {}
        self.before_commit: Callable[[], object] = lambda: None

    def open(self) -> None:
        self.calls.note("open")

    @property
    def end(self) -> int:
        """Of the changelog."""
        return self.ends[0]

    @end.setter
    def end(self, end: int) -> None:
        self.ends[0] = end

    def begin(self) -> FakeSink:
        unit = copy(self)
        unit._spans, unit.offsets = {}, {}
        return unit

    def requests(self) -> dict[str, object]:
        return {}

    def close(self) -> None:
        self.calls.note("close sink")

    def send(self, outputs: Mapping[str, list[Message]], partition: int | None = None) -> None:
        for topic, messages in outputs.items():
            if messages:
                self.calls.note(f"send {topic}")
                self.sent.setdefault(topic, []).extend(messages)
                self.partitions[topic] = partition

    def send_whole(self, records: Sequence[Whole]) -> None:
        for record in records:
            self.calls.note(f"send {record.topic}")
            self.whole.append(record)

    def send_changes(
        self, topic: str, partition: int, changes: Sequence[Message], carrying: Sequence[Whole] = ()
    ) -> None:
        before = self._spans.get(partition)
        first = self.end if before is None else before.first
        sent = len(changes) + len(carrying) + (0 if before is None else before.records)
        self.send({topic: list(changes)}, partition)
        self.send_whole(carrying)
        self.end += len(changes) + len(carrying)
        self._spans[partition] = Span(first, self.end, sent)

    def flush(self) -> None:
        self.calls.note("flush")

    def send_offsets(self, offsets: Mapping[TopicPartition, int], group_metadata: bytes) -> None:
        self.calls.note("offsets")
        if group_metadata != self.generation:
            raise Fenced("another generation")
        self.offsets = dict(offsets)

    def commit(self) -> None:
        self.before_commit()
        self.calls.note("commit")
        self.transactions.append(self.offsets)

    def span(self, partition: int) -> Span | None:
        return self._spans.get(partition)

    def abort(self) -> None:
        self.calls.note("abort")


class FakeChangelog:
    """Opens the state as it lies on disk; nothing is replayed. ``left``: what a worker before held back."""

    def __init__(self, calls: Calls, block_cache_bytes: int = 8 << 20) -> None:
        self.calls = calls
        self.end = 100
        self.troubles = 0
        self._memory = StateMemory(block_cache_bytes)
        self.opened: dict[int, _NotedState] = {}
        self.left: dict[bytes, HeldBack] = {}

    def topic_id(self) -> str:
        return "fake"

    def restored(self, path: Path, partition: int, wanted: Callable[[], bool]) -> Restored | None:
        if self.troubles:
            self.troubles -= 1
            raise Transient("not now")
        self.calls.note(f"restore {partition}")
        if not wanted():
            return None
        self.opened[partition] = _NotedState(path, self._memory, self.calls)
        return Restored(self.opened[partition], self.left, self.end)


class _NotedState(PartitionState):
    def __init__(self, path: Path, memory: StateMemory, calls: Calls) -> None:
        super().__init__(path, memory)
        self.calls = calls

    def apply(self, changes: Mapping[bytes, bytes | None], mark: Mark | None = None) -> None:
        self.calls.note("apply")
        super().apply(changes, mark)

    def close(self) -> None:
        if self._db is not None:
            self.calls.note("close state")
        super().close()


class FakeHandler:
    """Passes every record on and counts it in the state; hooks and faults through ``calls``."""

    def __init__(self, calls: Calls, refused: Callable[[Record], Refused | None] = lambda _: None) -> None:
        self.calls = calls
        self.refused = refused
        self.chunks: list[list[int]] = []
        self.afterwards: Afterwards = {}
        self.due = True

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        del now_ms
        self.calls.note("handle")
        self.chunks.append([record.offset for record in records])
        handled = Handled(counts={"accepted": len(records)}, afterwards=self.afterwards)
        bad = {id(record): one for record in records if (one := self.refused(record)) is not None}
        handled.refused = list(bad.values())
        handled.outputs["out"] = [
            {"key": record.key, "value": record.value} for record in records if id(record) not in bad
        ]
        if state is not None:
            for key in dict.fromkeys(record.key or b"" for record in records):
                [count] = state.get_many([key])
                total = int(count or b"0") + sum(record.key == key for record in records)
                handled.changes[key] = Change(b"%d" % total, b"log %d" % total)
        return handled

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        return {key: changelog_value.removeprefix(b"log ")}

    def sweep(self, state: View, now_ms: int) -> Handled:
        del state
        self.calls.note("sweep")
        if not self.due:
            return Handled()
        return Handled(outputs={"alerts": [{"key": b"due", "value": b"%d" % now_ms}]})


