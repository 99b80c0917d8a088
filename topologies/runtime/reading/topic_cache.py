"""Keeps a stage's reference data in memory: a thread reads its topic to the end and then follows it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from config.settings import Settings
from config.topics import Topic
from connectors.kafka.registry import Registry
from connectors.kafka.topic_reader import Reader
from streams.kernel.errors import ShipSyncError

log = logging.getLogger(__name__)
T = TypeVar("T", bound=Struct)
RecordT = TypeVar("RecordT", bound=Struct, contravariant=True)
Forget = Callable[[str], None]
LOOK_SECONDS, REST_SECONDS, END_SECONDS = 0.5, 2.0, 10.0


class RecordReceiver(Protocol[RecordT]):
    """Receives a topic's records in one thread while another queries it. ``ready``: the topic was read to its end
    once."""

    ready: bool

    def learn(self, record: RecordT, /) -> None:
        """Receive one decoded record."""


class TopicCache(Generic[T]):
    """Passes every record with a value to ``receiver``, in a thread of its own, while the context is entered.

    Sets ``receiver.ready`` once the topic was read to its end. A ShipSyncError is logged and the topic read again.
    ``newest``: how many of the newest records of each partition to read at first; None: all. ``forget`` is called with
    a key that was deleted.
    """

    def __init__(
        self, settings: Settings, registry: Registry, topic: Topic, struct: type[T], receiver: RecordReceiver[T],
        newest: int | None = None, forget: Forget = lambda _: None,
    ) -> None:
        self._settings, self._registry = settings, registry
        self._topic, self._struct, self._receiver, self._newest = topic, struct, receiver, newest
        self._forget = forget
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"cache-{topic.name}", daemon=True)

    def __enter__(self) -> TopicCache[T]:
        self._receiver.ready = False
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(END_SECONDS)

    def _follow(self) -> None:
        while not self._ended.is_set():
            try:
                self._read()
            except ShipSyncError as error:
                log.warning("%s is not read for a while: %s", self._topic.name, error)
                self._ended.wait(REST_SECONDS)

    def _read(self) -> None:
        reader = Reader(self._settings, self._registry, self._topic, self._struct, self._learn, self._newest)
        try:
            reader.to_the_end(self._ended.is_set)
            self._receiver.ready = True
            while not self._ended.is_set():
                reader.more(LOOK_SECONDS)
        finally:
            reader.close()

    def _learn(self, key: str, record: T | None) -> None:
        if record is None:
            self._forget(key)
        else:
            self._receiver.learn(record)
