"""Keeps the records of a stage that sends to the outside: the engine of ``streams/outbound`` between topics
and the local state.

Indexes beside the records find what the clock brings about (``state/due_index.py``), the queues of a destination that
wait for their turn, and those that have an attempt under way. As they are rebuilt of every record of the changelog in
turn, that of the waiting may name a queue that waits no more, or since another time: such entries are removed as they
are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from struct import Struct as Packing
from typing import NamedTuple

from config import topics
from config.topics import Topic
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import AlertSignal
from streams.contracts.outbound import (
    CustomerSubscriptions,
    EndpointSetting,
    NewMessage,
    OutboundAttempt,
    OutboundDecision,
    OutboundDestination,
    OutboundOutcome,
    OutboundQueue,
    OutboundRequest,
    OutboundState,
    SendAgain,
)
from streams.contracts.recipients import OrderOptIns, PastMessage
from streams.kernel.errors import Reject
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import RejectReason
from streams.outbound import destination as destinations
from streams.outbound import engine
from streams.outbound import message_queue as queues
from streams.outbound.policy import Policy
from topologies.runtime.handler import Change, Handled, Message, Refused, View
from topologies.runtime.state import due_index

READY, UNDER_WAY = b"\x00ready", b"\x00under_way"
AT_ONCE = 0
"""When a destination is looked at that a worker before had attempts under way to."""
MOST_DUE = 2_000
"""Records one sweep examines; the next sweep continues."""
MOST_READY = 64
"""Queues of a destination that wait for their turn and are looked at beyond those that were answered."""
_TIME = Packing(">Q")
Kept = OutboundQueue | OutboundDestination | CustomerSubscriptions | OrderOptIns
Told = StepResult[engine.OutboundOutputs, engine.Record | None]
Step = Callable[[Sequence[engine.Input], engine.Known, Policy, int], Told]
Sweep = Callable[[Sequence[str], engine.Known, Policy, int], Told]
KeyOf = Callable[[OutboundRequest | OutboundOutcome], str]
SignalsOf = Callable[[Mapping[str, Kept], Mapping[str, engine.Record | None], int], Sequence[AlertSignal]]
"""Alerts that changed records cause, by the records before and after, and the time."""


class OutboundTopics(NamedTuple):
    """The topics of one stage."""

    requests: Topic
    outcomes: Topic
    state: Topic


class OutputEncoder:
    """Encodes attempts to make and outcomes. ``key_of``: the key each is written under."""

    def __init__(self, requests: Topic, outcomes: Topic, registry: Registry, key_of: KeyOf) -> None:
        self._key_of, self._names = key_of, (requests.name, outcomes.name)
        self._requests = ValueCodec(requests, OutboundRequest, registry)
        self._outcomes = ValueCodec(outcomes, OutboundOutcome, registry)

    def messages(self, outputs: engine.OutboundOutputs) -> dict[str, list[Message]]:
        """The engine's outputs, by the topic's name."""
        requests: list[Message] = [
            {"key": self._key_of(one).encode(), "value": self._requests.encode(one)} for one in outputs.requests
        ]
        outcomes: list[Message] = [
            {"key": self._key_of(one).encode(), "value": self._outcomes.encode(one)} for one in outputs.outcomes
        ]
        return {topic: some for topic, some in zip(self._names, (requests, outcomes), strict=True) if some}


class OutboundRecords:
    """The records of one stage. ``key_of``: the key a request or an outcome is written under, by which all topics of
    the stage are co-partitioned."""

    def __init__(
        self, names: OutboundTopics, registry: Registry, policy: Policy, step: Step, sweep: Sweep, key_of: KeyOf,
        signals_of: SignalsOf | None = None, forget_at: Callable[[OrderOptIns], int] = lambda one: one.changed_at,
    ) -> None:
        """``forget_at``: when somebody among an order's opt-ins is to be forgotten, UTC ms."""
        self._policy, self._step, self._sweep, self._forget_at = policy, step, sweep, forget_at
        self._signals_of = signals_of
        self._signals = None if signals_of is None else ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)
        self._encoder = OutputEncoder(names.requests, names.outcomes, registry, key_of)
        self._states = ValueCodec(names.state, OutboundState, registry)

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes | None]:
        """The changelog value itself, and its index entries. Raises Reject where it is none."""
        kept = self._kept(changelog_value)
        entries = dict.fromkeys(self.entries(key, kept), b"")
        return {key: changelog_value} | restored_entries(key, kept) | entries

    def queue(
        self, chunk: Sequence[NewMessage | OutboundDecision], refused: list[Refused], state: View, now_ms: int
    ) -> Handled:
        """Take in messages, or people's decisions."""
        found = self.stored(keys_of(chunk), state)
        return self._handled(self._step(chunk, known_of(found, state), self._policy, now_ms), found, refused, now_ms)

    def answer(
        self, attempts: Sequence[OutboundAttempt], refused: list[Refused], state: View, now_ms: int
    ) -> Handled:
        """Take in how attempts ended."""
        names = Counter(attempt.destination for attempt in attempts)
        ready = self._ready(state, {name: 2 * count + MOST_READY for name, count in names.items()})
        found = self.stored(keys_of(attempts), state) | ready.queues
        known = known_of(found, state, ready.keys)
        return ready.swept(self._handled(self._step(attempts, known, self._policy, now_ms), found, refused, now_ms))

    def configure(
        self, settings: Sequence[EndpointSetting], refused: list[Refused], state: View, now_ms: int
    ) -> Handled:
        """Take over how people set destinations."""
        ready = self._ready(state, {one.destination: MOST_READY for one in settings})
        found = self.stored(map(engine.destination_key, ready.keys), state) | ready.queues
        known = known_of(found, state, ready.keys)
        return ready.swept(self._handled(self._step(settings, known, self._policy, now_ms), found, refused, now_ms))

    def act(self, inputs: Sequence[engine.Input], refused: list[Refused], state: View, now_ms: int) -> Handled:
        """Take in settings, messages, and messages that are to be sent again, in this order."""
        names = {one.message.destination if isinstance(one, SendAgain) else one.destination for one in inputs}
        ready = self._ready(state, dict.fromkeys(names, MOST_READY))
        queued = [
            one.message if isinstance(one, SendAgain) else one for one in inputs
            if isinstance(one, NewMessage | SendAgain)
        ]
        found = self.stored([*map(engine.destination_key, names), *keys_of(queued)], state) | ready.queues
        known = known_of(found, state, ready.keys)
        return ready.swept(self._handled(self._step(inputs, known, self._policy, now_ms), found, refused, now_ms))

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Retries and trials that are due, and what is to be forgotten."""
        due = due_index.due(state, now_ms, MOST_DUE)
        keys = list(dict.fromkeys(due_index.key_of(entry).decode() for entry in due))
        found = self.stored(keys, state)
        names = [key.removeprefix(engine.DESTINATION) for key in keys if key.startswith(engine.DESTINATION)]
        of_queues = {one.destination for one in found.values() if isinstance(one, OutboundQueue)}
        found |= self.stored(map(engine.destination_key, of_queues), state)
        ready = self._ready(state, dict.fromkeys(names, MOST_READY))
        found |= ready.queues
        known = known_of(found, state, ready.keys)
        handled = ready.swept(self._handled(self._sweep(keys, known, self._policy, now_ms), found, [], now_ms))
        handled.local = dict.fromkeys(due, None) | handled.local
        return handled

    def _ready(self, state: View, most: Mapping[str, int]) -> Ready:
        return ready_queues(state, most, lambda keys: self.stored(keys, state))

    def stored(self, keys: Iterable[str], state: View) -> dict[str, Kept]:
        """The records with these keys, as far as there are any."""
        wanted = list(dict.fromkeys(keys))
        values = state.get_many([key.encode() for key in wanted])
        return {key: self._kept(value) for key, value in zip(wanted, values, strict=True) if value is not None}

    def encoded(self, state: OutboundState) -> bytes:
        """A record of the changelog."""
        return self._states.encode(state)

    def _handled(
        self, result: Told, before: Mapping[str, Kept], refused: list[Refused], now_ms: int
    ) -> Handled:
        outputs = self._encoder.messages(result.outputs)
        if signals := self._alerts(before, result, now_ms):
            outputs[topics.ALERT_SIGNALS.name] = signals
        local: dict[bytes, bytes | None] = {}
        changes: dict[bytes, Change] = {}
        for key, kept in result.states.items():
            name = key.encode()
            if (old := before.get(key)) is not None:
                local |= dict.fromkeys(self.entries(name, old), None)
            if kept is not None:
                local |= dict.fromkeys(self.entries(name, kept), b"")
            value = None if kept is None else self._states.encode(_state(kept))
            changes[name] = Change(value, value)
        return Handled(outputs, refused, changes, dict(result.counts), local=local)

    def _alerts(self, before: Mapping[str, Kept], result: Told, now_ms: int) -> list[Message]:
        if self._signals is None or self._signals_of is None:
            return []
        signals = self._signals_of(before, result.states, now_ms)
        return [{"key": one.alert_id.encode(), "value": self._signals.encode(one)} for one in signals]

    def entries(self, key: bytes, kept: Kept) -> list[bytes]:
        """Where the indexes name a record."""
        if isinstance(kept, OrderOptIns):
            return [due_index.entry(self._forget_at(kept), key)]
        return entries(key, kept, self._policy)

    def _kept(self, value: bytes) -> Kept:
        state = self._states.decode(value)
        kept = state.queue or state.destination or state.subscriptions or state.opt_ins
        if kept is None:
            raise Reject(RejectReason.CONTRACT_BROKEN, "neither a queue, nor a destination, subscriptions, or opt-ins")
        return kept


def entries(key: bytes, kept: Kept, policy: Policy) -> list[bytes]:
    """Where the indexes name a record."""
    if isinstance(kept, OutboundQueue):
        at = queues.next_due(kept, policy)
        found = [] if at is None else [due_index.entry(at, key)]
        if kept.ready_since is not None:
            found.append(_prefix(READY, kept.destination) + _TIME.pack(kept.ready_since) + key)
        if queues.is_under_way(kept):
            found.append(_prefix(UNDER_WAY, kept.destination) + key)
        return found
    at = destinations.next_due(kept) if isinstance(kept, OutboundDestination) else None
    return [] if at is None else [due_index.entry(at, key)]


def restored_entries(key: bytes, kept: object) -> dict[bytes, bytes | None]:
    """The entries that a restore writes beside those of the record: takes back that an attempt is under way, as a
    record before may have said; has a destination looked at that has some, as the worker before may have died before it
    noted them."""
    if isinstance(kept, OutboundQueue):
        return {_prefix(UNDER_WAY, kept.destination) + key: None}
    if isinstance(kept, OutboundDestination) and kept.outstanding:
        return {due_index.entry(AT_ONCE, key): b""}
    return {}


class Ready(NamedTuple):
    """Queues that wait for their turn. ``keys``: destination -> keys, the longest waiting first; ``queues``: by key;
    ``stale``: entries of the index that name none."""

    keys: dict[str, list[str]]
    queues: dict[str, Kept]
    stale: list[bytes]

    def swept(self, handled: Handled) -> Handled:
        """The result that also removes these entries."""
        handled.local = dict.fromkeys(self.stale, None) | handled.local
        return handled


def ready_queues(
    state: View, most: Mapping[str, int], fetch: Callable[[list[str]], Mapping[str, Kept]]
) -> Ready:
    """Queues that wait for their turn. ``most``: of each destination; ``fetch``: the records with these keys."""
    ready = Ready({}, {}, [])
    for destination, count in most.items():
        keys = ready.keys.setdefault(destination, [])
        prefix = _prefix(READY, destination)
        entries = (entry for entry, _ in state.scan(prefix))
        while len(keys) < count and (some := list(islice(entries, count - len(keys)))):
            named = {entry: entry[len(prefix) + _TIME.size:].decode() for entry in some}
            found = fetch(list(named.values()))
            for entry, key in named.items():
                kept = found.get(key)
                [since] = _TIME.unpack_from(entry, len(prefix))
                if isinstance(kept, OutboundQueue) and kept.ready_since == since:
                    keys.append(key)
                    ready.queues[key] = kept
                else:
                    ready.stale.append(entry)
    return ready


def under_way(state: View, destination: str) -> int:
    """How many queues of a destination have an attempt under way."""
    return sum(1 for _ in state.scan(_prefix(UNDER_WAY, destination)))


def _prefix(index: bytes, destination: str) -> bytes:
    return index + destination.encode() + b"\x00"


def keys_of(chunk: Iterable[NewMessage | OutboundAttempt | OutboundDecision | PastMessage]) -> list[str]:
    """The keys of the records that a chunk may change."""
    keys = list[str]()
    for one in chunk:
        keys += [engine.destination_key(one.destination), engine.queue_key(one.destination, one.queue)]
    return keys


def known_of(
    found: Mapping[str, object], state: View, ready: Mapping[str, Sequence[str]] | None = None
) -> engine.Known:
    """Found records as the engine takes them."""
    return engine.Known(
        {key: one for key, one in found.items() if isinstance(one, OutboundQueue)},
        {one.destination: one for one in found.values() if isinstance(one, OutboundDestination)},
        ready or {}, lambda destination: under_way(state, destination),
    )


def _state(kept: engine.Record) -> OutboundState:
    return OutboundState(queue=kept) if isinstance(kept, OutboundQueue) else OutboundState(destination=kept)
