"""The paging stage: alerts as they stand and answered attempts in; attempts to tell channels of them out.

Reads ``ops.alerts.v1`` and ``alert.attempts.v1`` (one partition each); its changelog is ``paging.state.v1``. The due
index finds what the clock brings about; ``outbound_records.py`` has what the engine's records need beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import Alert, Record
from streams.contracts.outbound import NewMessage, OutboundAttempt, OutboundDestination, OutboundMessage, OutboundQueue
from streams.contracts.paging import AlertGroup, PagedAlert, PagingState
from streams.kernel.errors import Reject
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import RejectReason
from streams.outbound import engine
from streams.outbound import message_queue as queues
from streams.outbound.policy import Policy
from streams.paging import paged_alert
from streams.paging import step as paging
from streams.paging.channels import PagingPolicy, outbound_policy
from topologies.runtime.decoding import decoded
from topologies.runtime.handler import Change, Handled, Message, Refused, View
from topologies.runtime.outbound import outbound_records
from topologies.runtime.state import due_index
from topologies.stages import alert_rules

MOST_DUE = 2_000
"""Records one sweep examines; the next sweep continues."""
OF_ENGINE = (engine.QUEUE, engine.DESTINATION)
"""How the keys of the engine's records begin."""
Kept = PagedAlert | AlertGroup | OutboundDestination | OutboundQueue


class PagingHandler:
    """Decides which channel is told what, and when."""

    def __init__(
        self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier],
        policy: PagingPolicy | None = None,
    ) -> None:
        del carriers
        self._policy = policy or alert_rules.load(settings.monitoring.alerts_file).paging
        self._outbound: Policy = outbound_policy(self._policy, all_dry_run=settings.outbound.dry_run)
        self._alerts = ValueCodec(topics.OPS_ALERTS, Alert, registry)
        self._attempts = ValueCodec(topics.ALERT_ATTEMPTS, OutboundAttempt, registry)
        self._states = ValueCodec(topics.PAGING_STATE, PagingState, registry)
        self._outputs = outbound_records.OutputEncoder(
            topics.ALERT_REQUESTS, topics.ALERT_OUTCOMES, registry, lambda one: one.owner
        )

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Attempts to make and changed records of one chunk."""
        assert state is not None
        work = _Chunk(self, state)
        if records[0].topic == topics.ALERT_ATTEMPTS.name:
            attempts, _, work.refused = decoded(records, self._attempts.decode)
            work.send(attempts, now_ms)
            return work.handled()
        chunk = list[Alert | paging.Forgotten]()
        for record in records:
            try:
                chunk.append(self._alert(record))
            except Reject as reject:
                work.refused.append(Refused(record, reject))
        work.fetch(paged_alert.alert_key(one.alert_id) for one in chunk)
        result = paging.step(chunk, work.paged, self._policy, now_ms)
        work.take(result.states, result.counts)
        work.send(result.outputs, now_ms)
        return work.handled()

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes | None]:
        """The changelog value itself, and its index entries. Raises Reject where it is none."""
        kept = self.kept(changelog_value)
        entries = dict.fromkeys(self.entries(key, kept), b"")
        return {key: changelog_value} | outbound_records.restored_entries(key, kept) | entries

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Groups to tell, escalations, retries and trials that are due, and what is to be forgotten."""
        due = due_index.due(state, now_ms, MOST_DUE)
        if not due:
            return Handled()
        keys = list(dict.fromkeys(due_index.key_of(entry).decode() for entry in due))
        work = _Chunk(self, state)
        work.fetch(keys)
        own = [key for key in keys if not key.startswith(OF_ENGINE)]
        if own:
            result = paging.sweep(own, work.paged, self._policy, now_ms)
            work.take(result.states, result.counts)
        work.look_at([key for key in keys if key.startswith(OF_ENGINE)], now_ms)
        if own:
            work.send(result.outputs, now_ms)
        handled = work.handled()
        handled.local = dict.fromkeys(due, None) | handled.local
        return handled

    def kept(self, value: bytes) -> Kept:
        """The record of stored bytes. Raises Reject."""
        state = self._states.decode(value)
        kept = state.alert or state.group or state.queue or state.destination
        if kept is None:
            raise Reject(RejectReason.CONTRACT_BROKEN, "neither an alert, nor a group, a queue or a destination")
        return kept

    def encoded(self, kept: Kept) -> bytes:
        """The record as it is stored."""
        match kept:
            case PagedAlert():
                return self._states.encode(PagingState(alert=kept))
            case AlertGroup():
                return self._states.encode(PagingState(group=kept))
            case OutboundQueue():
                return self._states.encode(PagingState(queue=kept))
            case OutboundDestination():
                return self._states.encode(PagingState(destination=kept))

    def entries(self, key: bytes, kept: Kept) -> list[bytes]:
        """Where the indexes name a record."""
        if isinstance(kept, OutboundQueue | OutboundDestination):
            return outbound_records.entries(key, kept, self._outbound)
        at = paged_alert.next_due(kept, self._policy)
        return [] if at is None else [due_index.entry(at, key)]

    @property
    def outbound(self) -> Policy:
        """How patient sending is."""
        return self._outbound

    def messages(self, outputs: engine.OutboundOutputs) -> dict[str, list[Message]]:
        """The engine's outputs as messages."""
        return self._outputs.messages(outputs)

    def _alert(self, record: Record) -> Alert | paging.Forgotten:
        if record.value is None:
            return paging.Forgotten((record.key or b"").decode("utf-8", "replace"))
        return self._alerts.decode(record.value)


class _Chunk:
    """The records of one chunk as they change, fetched as they are asked for."""

    def __init__(self, handler: PagingHandler, state: View) -> None:
        self._handler, self._state = handler, state
        self._stored: dict[str, Kept | None] = {}
        self._changed: dict[str, Kept | None] = {}
        self._outputs: dict[str, list[Message]] = {}
        self._counts: dict[str, int] = {}
        self._stale: list[bytes] = []
        self.refused: list[Refused] = []
        self.paged = _Paged(self)

    def fetch(self, keys: Iterable[str]) -> None:
        """Fetch records that were not fetched before, at once."""
        wanted = [key for key in dict.fromkeys(keys) if key not in self._stored]
        values = self._state.get_many([key.encode() for key in wanted])
        for key, value in zip(wanted, values, strict=True):
            self._stored[key] = None if value is None else self._handler.kept(value)

    def get(self, key: str) -> Kept | None:
        """The record as it is now."""
        if key in self._changed:
            return self._changed[key]
        if key not in self._stored:
            self.fetch([key])
        return self._stored[key]

    def take(self, states: Mapping[str, Kept | None], counts: Mapping[str, int]) -> None:
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

    def _found(self, keys: Iterable[str]) -> dict[str, Kept]:
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

    def _known(self, found: Mapping[str, Kept], waiting: Mapping[str, Sequence[str]]) -> engine.Known:
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
        for topic, messages in self._handler.messages(result.outputs).items():
            self._outputs.setdefault(topic, []).extend(messages)


class _Paged:
    """The paging step's records, fetched as they are asked for."""

    def __init__(self, chunk: _Chunk) -> None:
        self._chunk = chunk

    def get(self, key: str, /) -> paged_alert.Record | None:
        """The record; None where there is none."""
        found = self._chunk.get(key)
        return found if isinstance(found, PagedAlert | AlertGroup) else None


def _body(messages: Sequence[OutboundMessage]) -> str:
    return messages[0].body
