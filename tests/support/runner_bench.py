"""A stage runner among fakes, for tests of the order of its writes and of its faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from config.apps import App
from config.settings import Settings
from config.topics import Topic
from tests.fakes.stage import Calls, FakeChangelog, FakeHandler, FakeSink
from tests.support.records import records
from topologies.runtime.handler import Afterwards
from topologies.runtime.reading.chunks import Chunk, Ledger, TopicPartition
from topologies.runtime.reading.membership import Membership
from topologies.runtime.runner import StageRunner

STATE = Topic("state", "", "", None, "test")
LETTERS = Topic("dlq.echo.v1", "", "", None, "test")
ZERO, ONE = TopicPartition("in", 0), TopicPartition("in", 1)
NOW = 1_700_000_000_500
SESSION = 10.0


HELD: Afterwards = {b"key": {"alerts": [{"key": b"id", "value": b"raised"}]}}


class Ended(BaseException):
    """In place of the end of the process."""


class Bench:
    """A runner among fakes. ``seconds``: the clock of its membership, which stands still."""

    def __init__(
        self, folder: Path, with_state: bool = True, with_transactions: bool = False, at_once: int = 1,
        **settings: Any,
    ) -> None:
        self.folder = folder
        self.seconds = 0.0
        self.calls = Calls()
        self.sink = FakeSink(self.calls)
        self.sink.is_atomic, self.sink.at_once = with_transactions, at_once
        self.handler = FakeHandler(self.calls)
        self.changelog = FakeChangelog(self.calls) if with_state else None
        self.exits: list[int] = []
        self.ledger = Ledger(10)
        self.paused: set[str] = set()
        self.runner = StageRunner(
            App("echo", "echo-app", STATE if with_state else None, LETTERS), self.handler,
            Settings(data_dir=folder, **settings), self.sink, lambda card: card.reason.encode(),
            clock=lambda: NOW, changelog=self.changelog, exit_process=self.exit,
            membership=Membership(SESSION, lambda: self.seconds), is_paused=lambda topic: topic in self.paused,
        )
        self.runner.positions = self.ledger.positions

    def exit(self, status: int) -> None:
        self.exits.append(status)
        raise Ended

    async def assign(self, *partitions: TopicPartition) -> None:
        self.ledger.assign(partitions, 1)
        await self.runner.on_assigned(set(partitions), self.sink.generation)

    async def revoke(self, *partitions: TopicPartition) -> None:
        self.ledger.revoke(partitions)
        await self.runner.on_revoked(set(partitions))

    def chunk(self, first: int, last: int, tp: TopicPartition = ZERO) -> Chunk:
        return self.ledger.deliver(tp, records(tp.topic, tp.partition, first, last), last + 1)

    def freeze(self) -> None:
        """Let more time pass than a session lasts."""
        self.seconds += 2 * SESSION

    @property
    def committable(self) -> dict[TopicPartition, int]:
        return self.ledger.committable()


def scene(act: Callable[[Bench], Awaitable[None]], bench: Bench) -> None:
    """Run ``act``, then close the runner, which must always work."""

    async def main() -> None:
        try:
            await act(bench)
        finally:
            bench.calls.fail_at = None
            await bench.runner.close()

    asyncio.run(main())
