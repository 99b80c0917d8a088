"""A chunk consumer of a Faust app that is not started, over a group reader that is made up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import faust

from config.apps import App
from config.settings import Settings
from config.topics import Topic
from tests.support.records import records
from topologies.runtime.faust_app import build_faust_app
from topologies.runtime.reading.chunks import Run, TopicPartition
from topologies.runtime.reading.transport import ChunkConsumer

ZERO, ONE = TopicPartition("in", 0), TopicPartition("in", 1)


class FakeReader:
    """The group reader: notes commits and what it is told."""

    def __init__(self) -> None:
        self.generation = 0
        self.group_metadata: bytes | None = None
        self.looked_at = 0.0
        self.topics: list[list[str]] = []
        self.commits: list[dict[TopicPartition, int]] = []
        self.commit_works = True
        self.is_member = True
        self.rooms = 0
        self.halted = False

    def read(self, topics: list[str]) -> None:
        self.topics.append(topics)

    def room(self) -> None:
        self.rooms += 1

    def halt(self) -> None:
        self.halted = True

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset({ZERO, ONE})

    def still_member(self, generation: int) -> Future[bool]:
        done: Future[bool] = Future()
        done.set_result(generation == self.generation and self.is_member)
        return done

    def commit(self, generation: int, offsets: dict[TopicPartition, int]) -> Future[bool]:
        done: Future[bool] = Future()
        works = generation == self.generation and self.commit_works
        if works:
            self.commits.append(dict(offsets))
        done.set_result(works)
        return done


class Scene:
    """A consumer of a Faust app that is not started, over a fake reader."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        app: faust.App = build_faust_app(
            App("echo", "echo", None, Topic("dlq", "", "", None, "test")),
            Settings(data_dir=folder, **settings), ["in"],
        )
        self.consumer: ChunkConsumer = app.consumer
        self.reader = FakeReader()
        self.consumer._reader = self.reader  # type: ignore[assignment]
        self.assign(ZERO, ONE)

    def assign(self, *partitions: TopicPartition) -> None:
        self.reader.generation += 1
        self.consumer.app.consumer_generation_id = self.reader.generation
        self.consumer.ledger.assign(partitions, self.reader.generation)

    def give(
        self, first: int, last: int, tp: TopicPartition = ZERO, position: int | None = None,
        generation: int | None = None,
    ) -> None:
        """Have records ``first`` to ``last`` come out of the reader, read under ``generation``."""
        run: Any = records(tp.topic, tp.partition, first, last)
        end = position or last + 1
        self.consumer._receive({tp: Run(run, len(run), end, end)}, generation or self.reader.generation)

    async def messages(self) -> list[Any]:
        return [message async for _, message in self.consumer.getmany(0.01)]

    async def chunks(self) -> list[Any]:
        return [chunk for message in await self.messages() for chunk in message.value]


def scene(act: Callable[[Scene], Awaitable[None]], folder: Path, **settings: Any) -> None:
    """Run ``act`` on a new scene."""

    async def main() -> None:
        await act(Scene(folder, **settings))

    asyncio.run(main())
