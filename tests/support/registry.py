"""A registry in memory: every contract of ours has an id; others are added by a test."""

from typing import Any, cast

import fastavro

from config.topics import STATIC, Topic
from connectors.kafka.registry import Registry
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason


class FakeRegistry:
    """Answers as ``connectors.registry.Registry`` does, without HTTP."""

    def __init__(self) -> None:
        names = sorted({topic.schema for topic in STATIC if topic.schema is not None})
        self._ids = {name: number for number, name in enumerate(names, start=1)}
        self._writers: dict[int, Any] = {}

    def schema_id(self, topic: Topic) -> int:
        assert topic.schema is not None
        return self._ids[topic.schema]

    def add(self, schema_id: int, schema: Any) -> None:
        self._writers[schema_id] = fastavro.parse_schema(schema)

    def writer_schema(self, schema_id: int) -> dict[str, Any]:
        if schema_id not in self._writers:
            raise Reject(RejectReason.UNKNOWN_SCHEMA, f"no schema with id {schema_id} in the registry")
        return cast("dict[str, Any]", self._writers[schema_id])


def fake_registry() -> Registry:
    """A fresh one, typed as the real one."""
    return cast(Registry, FakeRegistry())
