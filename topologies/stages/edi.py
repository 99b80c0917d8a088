"""The edi stage: interchanges we sent and partners' acknowledgements in; alerts about missing and rejected ones out.

Reads ``edi.interchanges.v1`` and ``edi.acknowledgements.v1`` (co-partitioned by feed); its changelog is
``edi.state.v1``. An index beside the records finds what the clock brings about (``state/due_index.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import Acknowledgement, AlertSignal, Exchange, Interchange, Record
from streams.edi.exchange import key_of, next_due
from streams.edi.step import step, sweep
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Handled, View
from topologies.runtime.state import due_index
from topologies.runtime.step_results import changes_of
from topologies.runtime.writing.alert_outbox import signals
from topologies.stages import alert_rules

MOST_DUE = 5_000
"""Exchanges one sweep examines; the next sweep continues."""


class EdiHandler:
    """Matches acknowledgements with the interchanges sent."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        del carriers
        self._wait_ms = alert_rules.load(settings.monitoring.alerts_file).edi_unacknowledged_ms
        self._interchanges = ValueCodec(topics.EDI_INTERCHANGES, Interchange, registry)
        self._acknowledgements = ValueCodec(topics.EDI_ACKNOWLEDGEMENTS, Acknowledgement, registry)
        self._states = ValueCodec(topics.EDI_STATE, Exchange, registry)
        self._alerts = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Changed exchanges of one chunk; alerts about rejections, and those resolved by an acknowledgement."""
        is_sent = records[0].topic == topics.EDI_INTERCHANGES.name
        read: Callable[[bytes | None], Interchange | Acknowledgement]
        read = self._interchanges.decode if is_sent else self._acknowledgements.decode
        chunk: list[Interchange | Acknowledgement]
        chunk, _, refused = decoded(records, read)
        result = step(chunk, stored(map(key_of, chunk), state, self._states.decode))
        return Handled(
            {}, refused, changes_of(result.states, self._states.encode), dict(result.counts),
            local=self._indexed(result.states), afterwards=signals(self._alerts, result.outputs.alerts, now_ms),
        )

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The changelog value itself, and its index entry."""
        at = next_due(self._states.decode(changelog_value), self._wait_ms)
        return {key: changelog_value} if at is None else {key: changelog_value, due_index.entry(at, key): b""}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Exchanges that are overdue; exchanges acknowledged long ago are forgotten."""
        due = due_index.due(state, now_ms, MOST_DUE)
        keys = dict.fromkeys(due_index.key_of(entry).decode() for entry in due)
        found = stored(keys, state, self._states.decode)
        result = sweep({key: one for key, one in found.items() if one is not None}, self._wait_ms, now_ms)
        removed: dict[bytes, bytes | None] = dict.fromkeys(due)
        return Handled(
            {}, [], changes_of(result.states, self._states.encode), dict(result.counts),
            local=removed | self._indexed(result.states),
            afterwards=signals(self._alerts, result.outputs.alerts, now_ms),
        )

    def _indexed(self, states: Mapping[str, Exchange | None]) -> dict[bytes, bytes | None]:
        entries = dict[bytes, bytes | None]()
        for key, known in states.items():
            at = None if known is None else next_due(known, self._wait_ms)
            if at is not None:
                entries[due_index.entry(at, key.encode())] = b""
        return entries
