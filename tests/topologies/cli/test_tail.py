"""``shipsync tail`` follows a topic and says so: a terminal on which nothing happens looks like one that hangs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pytest
from confluent_kafka import TopicPartition

from config.settings import Settings
from connectors.kafka import consumer
from topologies.cli import tail

SETTINGS = Settings(_env_file=None)
END = "the end"


class Reader:
    """A reader of one partition; ``READS``: what each look finds, up to the end of the partition."""

    READS: tuple[list[str], ...] = ()

    def __init__(self, settings: Settings, group: str) -> None:
        del settings, group
        self._reads = iter(self.READS)
        self.at_end = False

    def partitions(self, topic: str) -> list[int]:
        del topic
        return [0]

    def assign(self, places: Iterable[TopicPartition]) -> None:
        del places

    def read(self, seconds: float) -> Iterable[str]:
        del seconds
        found = next(self._reads)
        self.at_end = self.at_end or END in found
        return [one for one in found if one != END]

    def close(self) -> None:
        """There is nothing to close."""


def shown(monkeypatch: pytest.MonkeyPatch, *reads: list[str], until_end: bool = False) -> list[Any]:
    """The records, and None where the command says that it waits."""
    monkeypatch.setattr(Reader, "READS", reads)
    monkeypatch.setattr(consumer, "PartitionReader", Reader)
    seen: list[Any] = []
    looks = iter([False] * len(reads) + [True])
    for record in tail.records(
        SETTINGS, "a.topic.v1", True, until_end, lambda: next(looks), lambda: seen.append(None)
    ):
        seen.append(record)
    return seen


def test_that_it_waits_is_said_once_all_there_is_was_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, ["a"], [], ["b", END], [], ["c"], []) == ["a", "b", None, "c"]


def test_that_it_waits_is_said_where_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, [END], []) == [None]


def test_it_does_not_wait_at_the_end_where_it_stops_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, ["a", END], [], until_end=True) == ["a"]


class Written(NamedTuple):
    """A record with its time, UTC ms."""

    name: str
    at: int

    def timestamp(self) -> tuple[int, int]:
        return 1, self.at


def test_the_newest_records_are_shown_first(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [[Written(f"{part}{at}", at) for at in range(start, 20, 2)] for part, start in (("a", 0), ("b", 1))]

    class Filled(Reader):
        READS = ([Written("new", 30)], [END])  # type: ignore[assignment]

        def bounds(self, topic: str, partition: int) -> tuple[int, int]:
            del topic, partition
            return 0, 10

        def to_the_end(self, until: Callable[[], bool]) -> Iterable[list[Written]]:
            del until
            self.at_end = True
            return there

    monkeypatch.setattr(consumer, "PartitionReader", Filled)
    looks = iter([False, False, True])
    found = list(tail.records(SETTINGS, "a.topic.v1", False, False, lambda: next(looks), lambda: None))
    assert [one.at for one in found] == [*range(10, 20), 30]  # type: ignore[attr-defined]
