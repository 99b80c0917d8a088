"""The records of one chunk of a stage that has records of its own beside those of the engine (``streams/outbound``), as
they change: fetched as they are asked for, and handed to the engine with what it needs to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from msgspec import Struct

from streams.contracts.outbound import (
    NewMessage,
    OutboundAttempt,
    OutboundDestination,
    OutboundMessage,
    OutboundOutcome,
    OutboundQueue,
)
from streams.kernel.step_result import StepResult
from streams.outbound import engine
from streams.outbound import message_queue as queues
from streams.outbound.policy import Policy
from topologies.runtime.handler import Change, Handled, Message, Refused, View
from topologies.runtime.outbound import outbound_records

K = TypeVar("K", bound=Struct)
"""The stage's own records."""
OF_ENGINE = (engine.QUEUE, engine.DESTINATION)
"""How the keys of the engine's records begin."""


class Keeper(Protocol[K]):
    """A stage's handler: reads and writes its records."""

    @property
    def outbound(self) -> Policy:
        """How patient sending is."""

    def kept(self, value: bytes) -> K | OutboundQueue | OutboundDestination:
        """The record of stored bytes. Raises Reject."""

    def encoded(self, kept: K | OutboundQueue | OutboundDestination) -> bytes:
        """The record as it is stored."""

    def entries(self, key: bytes, kept: K | OutboundQueue | OutboundDestination) -> list[bytes]:
        """Where the indexes name a record."""

    def messages(self, outputs: engine.OutboundOutputs) -> dict[str, list[Message]]:
        """The engine's outputs as messages."""


class EngineChunk(Generic[K]):
    """The records of one chunk as they change, fetched as they are asked for."""

    def __init__(self, handler: Keeper[K], state: View) -> None:
        self._handler, self._state = handler, state
        self._stored: dict[str, K | OutboundQueue | OutboundDestination | None] = {}
        self._changed: dict[str, K | OutboundQueue | OutboundDestination | None] = {}
        self._outputs: dict[str, list[Message]] = {}
        self._counts: dict[str, int] = {}
        self._stale: list[bytes] = []
        self.refused: list[Refused] = []
        self.outcomes: list[OutboundOutcome] = []
        """Where messages are, as far as this chunk changed it."""

    def fetch(self, keys: Iterable[str]) -> None:
        """Fetch records that were not fetched before, at once."""
        wanted = [key for key in dict.fromkeys(keys) if key not in self._stored]
        values = self._state.get_many([key.encode() for key in wanted])
        for key, value in zip(wanted, values, strict=True):
            self._stored[key] = None if value is None else self._handler.kept(value)

    def get(self, key: str) -> K | OutboundQueue | OutboundDestination | None:
        """The record as it is now."""
        if key in self._changed:
            return self._changed[key]
        if key not in self._stored:
            self.fetch([key])
        return self._stored[key]

    def take(
        self, states: Mapping[str, K | OutboundQueue | OutboundDestination | None], counts: Mapping[str, int]
    ) -> None:
        """Take over what a step changed."""
        self._changed |= states
        for name, count in counts.items():
            self._counts[name] = self._counts.get(name, 0) + count

    def send(self, chunk: Sequence[NewMessage] | Sequence[OutboundAttempt], now_ms: int) -> None:
        """Have the engine take in messages or answers."""
        attempts = [one for one in chunk if isinstance(one, OutboundAttempt)]
        most = outbound_records.MOST_READY
        waiting = self._ready(
            {name: 2 * count + most for name, count in Counter(one.destination for one in attempts).items()}
        )
        found = self._found([*outbound_records.keys_of(chunk), *waiting.queues])
        known = self._known(found, waiting.keys)
        self._engine(engine.take_in(chunk, known, self._handler.outbound, _body, now_ms))

    def look_at(self, keys: Sequence[str], now_ms: int) -> None:
        """Have the engine do what is due."""
        if not keys:
            return
        found = self._found(keys)
        names = [key.removeprefix(engine.DESTINATION) for key in keys if key.startswith(engine.DESTINATION)]
        most = outbound_records.MOST_READY
        waiting = self._ready(dict.fromkeys(names, most))
        more = [engine.destination_key(one.destination) for one in found.values() if isinstance(one, OutboundQueue)]
        found |= self._found([*more, *waiting.queues])
        known = self._known(found, waiting.keys)
        self._engine(engine.look_at(keys, known, self._handler.outbound, _body, now_ms))

    def tell(self, topic: str, messages: Iterable[Message]) -> None:
        """Send messages of the stage's own."""
        if some := list(messages):
            self._outputs.setdefault(topic, []).extend(some)

    def handled(self) -> Handled:
        """All that changed."""
        local: dict[bytes, bytes | None] = {}
        changes: dict[bytes, Change] = {}
        for key, kept in self._changed.items():
            name, before = key.encode(), self._stored.get(key)
            if before is not None:
                local |= dict.fromkeys(self._handler.entries(name, before), None)
            if kept is not None:
                local |= dict.fromkeys(self._handler.entries(name, kept), b"")
            value = None if kept is None else self._handler.encoded(kept)
            changes[name] = Change(value, value)
        local = dict.fromkeys(self._stale, None) | local
        return Handled(self._outputs, self.refused, changes, self._counts, local=local)

    def _found(self, keys: Iterable[str]) -> dict[str, K | OutboundQueue | OutboundDestination]:
        wanted = list(dict.fromkeys(keys))
        self.fetch(wanted)
        return {key: one for key in wanted if (one := self.get(key)) is not None}

    def _ready(self, most: Mapping[str, int]) -> outbound_records.Ready:
        ready = outbound_records.ready_queues(self._state, most, self._stored_of)
        self._stale += ready.stale
        return ready

    def _stored_of(self, keys: Sequence[str]) -> dict[str, outbound_records.Kept]:
        self.fetch(keys)
        found = ((key, self._stored[key]) for key in keys)
        return {key: one for key, one in found if isinstance(one, OutboundQueue)}

    def _known(self, found: Mapping[str, object], waiting: Mapping[str, Sequence[str]]) -> engine.Known:
        known = outbound_records.known_of(found, self._state, waiting)
        known.under_way = self._under_way
        return known

    def _under_way(self, destination: str) -> int:
        """How many queues of a destination have an attempt under way by now."""
        count = outbound_records.under_way(self._state, destination)
        for key, kept in self._changed.items():
            for one, weight in ((kept, 1), (self._stored.get(key), -1)):
                if isinstance(one, OutboundQueue) and one.destination == destination:
                    count += weight * queues.is_under_way(one)
        return count

    def _engine(self, result: StepResult[engine.OutboundOutputs, engine.Record | None]) -> None:
        self.take(result.states, result.counts)
        self.outcomes += result.outputs.outcomes
        for topic, messages in self._handler.messages(result.outputs).items():
            self.tell(topic, messages)


def _body(messages: Sequence[OutboundMessage]) -> str:
    return messages[0].body
