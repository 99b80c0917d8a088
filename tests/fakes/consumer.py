"""A chunk consumer of a Faust app that is not started, over a consumer thread that is made up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import faust

from config.settings import Settings
from config.topics import App, Topic
from tests.support.records import records
from topologies.runtime.chunks import TopicPartition
from topologies.runtime.faust_app import build_faust_app
from topologies.runtime.transport import ChunkConsumer, Fetch

ZERO, ONE = TopicPartition("in", 0), TopicPartition("in", 1)


class FakeAssignment:
    """aiokafka's assignment: active until the next one."""

    active = True


class FakeThread:
    """The consumer thread: hands out prepared fetches, notes commits."""

    def __init__(self) -> None:
        self.announced = FakeAssignment()
        self.fetches: list[Fetch] = []
        self.asked: list[set[TopicPartition]] = []
        self.commits: list[dict[TopicPartition, int]] = []
        self.commit_works = True
        self.is_member = True
        self.should_stop = False

    async def fetch(self, partitions: set[TopicPartition], timeout: float, most: int) -> Fetch | None:
        del timeout, most
        self.asked.append(partitions)
        return self.fetches.pop(0) if self.fetches and partitions else None

    async def commit_as(self, assignment: Any, offsets: dict[TopicPartition, int]) -> bool:
        if assignment is not self.announced or not self.commit_works:
            return False
        self.commits.append(dict(offsets))
        return True

    async def still_member_as(self, assignment: Any) -> bool:
        return assignment is self.announced and self.is_member

    async def commit(self, offsets: dict[TopicPartition, int]) -> bool:
        """Faust's own way to commit, which must not be taken."""
        self.commits.append(dict(offsets))
        return True

    def assignment(self) -> set[TopicPartition]:
        return {ZERO, ONE}

    def give(self, first: int, last: int, tp: TopicPartition = ZERO, position: int | None = None) -> None:
        run: Any = records(tp.topic, tp.partition, first, last)
        end = position or last + 1
        self.fetches.append(Fetch(self.announced, {tp: run}, {tp: (end, end)}))


class Scene:
    """A consumer of a Faust app that is not started, over a fake thread."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        app: faust.App = build_faust_app(
            App("echo", "echo", None, Topic("dlq", "", "", None, "test")),
            Settings(data_dir=folder, **settings), ["in"],
        )
        self.consumer: ChunkConsumer = app.consumer
        self.thread = FakeThread()
        self.consumer._thread = self.thread  # type: ignore[assignment]
        self.assign(ZERO, ONE)

    def assign(self, *partitions: TopicPartition) -> None:
        self.thread.announced.active = False
        self.thread.announced = FakeAssignment()
        self.consumer._assignment = self.thread.announced
        self.consumer.app.consumer_generation_id += 1
        self.consumer.ledger.assign(partitions, self.consumer.app.consumer_generation_id)

    async def messages(self) -> list[Any]:
        return [message async for _, message in self.consumer.getmany(0.01)]

    async def chunks(self) -> list[Any]:
        return [message.value for message in await self.messages()]


def scene(act: Callable[[Scene], Awaitable[None]], folder: Path, **settings: Any) -> None:
    """Run ``act`` on a new scene."""

    async def main() -> None:
        await act(Scene(folder, **settings))

    asyncio.run(main())
