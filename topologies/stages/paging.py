"""The paging stage: alerts as they stand and answered attempts in; attempts to tell channels of them out.

Reads ``ops.alerts.v1`` and ``alert.attempts.v1`` (one partition each); its changelog is ``paging.state.v1``. The due
index finds what the clock brings about; ``outbound_records.py`` has what the engine's records need beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import Alert, Record
from streams.contracts.outbound import OutboundAttempt, OutboundDestination, OutboundQueue
from streams.contracts.paging import AlertGroup, PagedAlert, PagingState
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from streams.outbound import engine
from streams.outbound.policy import Policy
from streams.paging import paged_alert
from streams.paging import step as paging
from streams.paging.channels import PagingPolicy, outbound_policy
from topologies.runtime.decoding import decoded
from topologies.runtime.handler import Handled, Message, Refused, View
from topologies.runtime.outbound import outbound_records
from topologies.runtime.outbound.engine_chunk import OF_ENGINE, EngineChunk
from topologies.runtime.state import due_index
from topologies.stages import alert_rules

MOST_DUE = 2_000
"""Records one sweep examines; the next sweep continues."""
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
        work = EngineChunk[PagedAlert | AlertGroup](self, state)
        paged = _Paged(work)
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
        result = paging.step(chunk, paged, self._policy, now_ms)
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
        work = EngineChunk[PagedAlert | AlertGroup](self, state)
        paged = _Paged(work)
        work.fetch(keys)
        own = [key for key in keys if not key.startswith(OF_ENGINE)]
        if own:
            result = paging.sweep(own, paged, self._policy, now_ms)
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


class _Paged:
    """The paging step's records, fetched as they are asked for."""

    def __init__(self, chunk: EngineChunk[PagedAlert | AlertGroup]) -> None:
        self._chunk = chunk

    def get(self, key: str, /) -> paged_alert.Record | None:
        """The record; None where there is none."""
        found = self._chunk.get(key)
        return found if isinstance(found, PagedAlert | AlertGroup) else None

