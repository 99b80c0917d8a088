"""The topics of what goes out: on a broker, filled and read back; and in memory, for code that reads and writes them
through this process alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

import pytest
from msgspec import Struct

from config import topics
from config.settings import Settings
from config.topics import Topic
from connectors.kafka.person_actions import Act
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.audit import Actor, AuditAction
from streams.contracts.outbound import OutboundOutcome, OutboundRequest
from streams.kernel.vocabulary import ActionChannel, ActorKind, Correction, OutboundStatus
from tests.support.brokers import embedded, on_broker
from tests.support.outbound_inputs import NOW
from tests.support.registry import fake_registry
from tests.support.topics import fill, read_all

T = TypeVar("T", bound=Struct)
ADA = Actor("Ada", ActorKind.PERSON, ActionChannel.TOWER, "operator")


@contextmanager
def with_topics(folder: Path, *wanted: Topic) -> Iterator[Settings]:
    """Settings of a registry and of a broker of their own, with these topics and the audit trail's."""
    with on_broker(embedded, folder) as made:
        TopicAdmin(made).create([*wanted, topics.AUDIT_ACTIONS])
        yield made


def put(settings: Settings, topic: Topic, *values: tuple[str, Struct]) -> None:
    """Write these values under their keys."""
    codec = ValueCodec(topic, type(values[0][1]), Registry(settings))
    fill(settings.kafka.bootstrap, topic.name, [(key.encode(), codec.encode(one)) for key, one in values])


def taken(settings: Settings, topic: Topic, struct: type[T]) -> list[tuple[str, T]]:
    """Key and value of all there is."""
    codec = ValueCodec(topic, struct, Registry(settings))
    return [
        ((one.key() or b"").decode(), codec.decode(one.value()))
        for one in read_all(settings.kafka.bootstrap, topic.name)
    ]


def audited(settings: Settings) -> list[AuditAction]:
    """The audit trail, by time."""
    return sorted((one for _, one in taken(settings, topics.AUDIT_ACTIONS, AuditAction)), key=lambda one: one.at)


def outcome(
    message_id: str, status: OutboundStatus, owner: str = "C-1", destination: str = "webhook:ep_1", **more: Any
) -> OutboundOutcome:
    """Where a message is."""
    fields: dict[str, Any] = {
        "message_id": message_id, "source_id": f"update of {message_id}", "destination": destination, "owner": owner,
        "queue": "SO-1:ups:1Z1", "kind": "shipment.delivered", "correction": Correction.NEW, "status": status,
        "attempts": 2, "queued_at": NOW - 9_000, "at": NOW, **more,
    }
    return OutboundOutcome(**fields)


def request_of(one: OutboundOutcome, attempt: int = 1, body: str = '{"a":1}') -> OutboundRequest:
    """A request for an attempt of the message."""
    return OutboundRequest(
        one.message_id, one.destination, one.owner, one.queue, one.kind, body, attempt, NOW - 9_000, NOW - 1_000
    )


def texts(found: Sequence[AuditAction]) -> list[tuple[str, str, str, str]]:
    """Who did what on which subject, and how it ended."""
    return [(one.who, one.action, one.subject, one.outcome.value) for one in found]


class InMemory:
    """Topics in memory in place of a module's reading and writing. ``acts``: what was taken, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> None:
        self.acts: list[Act] = []
        self._values: dict[str, list[tuple[str, Struct]]] = {}
        monkeypatch.setattr(module, "Reader", self._reader)
        monkeypatch.setattr(module, "Registry", lambda *_, **__: fake_registry())
        monkeypatch.setattr(module, "take", lambda _, acts, __: self.acts.extend(acts))

    def put(self, topic: Topic, *values: tuple[str, Struct]) -> None:
        """Write these values under their keys."""
        self._values.setdefault(topic.name, []).extend(values)

    def taken(self, topic: Topic, struct: type[T]) -> list[tuple[str, T]]:
        """Key and value of all that was written to the topic by what was taken."""
        codec = ValueCodec(topic, struct, fake_registry())
        return [
            (record.key.decode(), codec.decode(record.value))
            for act in self.acts for record in act.records if record.topic == topic.name
        ]

    def _reader(self, _: object, __: object, topic: Topic, *rest: Any) -> SimpleNamespace:
        take = rest[1]

        def to_the_end() -> None:
            for key, value in self._values.get(topic.name, ()):
                take(key, value)

        return SimpleNamespace(to_the_end=to_the_end, close=lambda: None)
