"""The edi stage: what we sent partners and what they acknowledged in, alerts about the rest out.

Reads ``edi.interchanges.v1`` and ``edi.acknowledgements.v1`` (co-partitioned by feed); its changelog is
``edi.state.v1``. What falls due by the clock is found by an index beside the records (``runtime/due_index.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import Acknowledgement, AlertSignal, Exchange, Interchange, Record
from streams.edi.step import exchange, fall_due, forget_at, key_of, look_again_at
from topologies.runtime import due_index
from topologies.runtime.alert_outbox import signals
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Change, Handled, View
from topologies.stages import alert_rules

MOST_DUE = 5_000
"""Exchanges one sweep looks at; the next goes on."""


class EdiHandler:
    """Matches acknowledgements with what was sent."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        del carriers
        self._wait_ms = alert_rules.load(settings.monitoring.alerts_file).edi_unacknowledged_ms
        self._interchanges = ValueCodec(topics.EDI_INTERCHANGES, Interchange, registry)
        self._acknowledgements = ValueCodec(topics.EDI_ACKNOWLEDGEMENTS, Acknowledgement, registry)
        self._states = ValueCodec(topics.EDI_STATE, Exchange, registry)
        self._alerts = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Changed exchanges of one chunk, and alerts about what was rejected, or acknowledged at last."""
        is_sent = records[0].topic == topics.EDI_INTERCHANGES.name
        read: Callable[[bytes | None], Interchange | Acknowledgement]
        read = self._interchanges.decode if is_sent else self._acknowledgements.decode
        chunk: list[Interchange | Acknowledgement]
        chunk, _, refused = decoded(records, read)
        out = exchange(chunk, stored(map(key_of, chunk), state, self._states.decode))
        changes, local = self._changes(out.states)
        return Handled(
            {}, refused, changes, out.counts, local=local, afterwards=signals(self._alerts, out.alerts, now_ms)
        )

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The changelog value itself, and where the index has it."""
        at = look_again_at(self._states.decode(changelog_value), self._wait_ms)
        return {key: changelog_value} if at is None else {key: changelog_value, due_index.entry(at, key): b""}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Exchanges that are overdue, and the end of those acknowledged long ago."""
        due = due_index.due(state, now_ms, MOST_DUE)
        keys = dict.fromkeys(due_index.key_of(entry).decode() for entry in due)
        alerts: list[AlertSignal] = []
        forgotten, looked_at = dict[bytes, Change](), dict[str, Exchange]()
        for key, known in stored(keys, state, self._states.decode).items():
            if known is None:
                continue
            ends_at = forget_at(known)
            if ends_at is not None and ends_at <= now_ms:
                forgotten[key.encode()] = Change(None, None)
            else:
                looked_at[key] = fall_due(known, self._wait_ms, now_ms, alerts)
        changes, local = self._changes(looked_at)
        gone: dict[bytes, bytes | None] = dict.fromkeys(due)
        counts = {"overdue": len(alerts), "forgotten": len(forgotten)}
        return Handled(
            {}, [], changes | forgotten, {name: count for name, count in counts.items() if count},
            local=gone | local, afterwards=signals(self._alerts, alerts, now_ms),
        )

    def _changes(self, states: Mapping[str, Exchange]) -> tuple[dict[bytes, Change], dict[bytes, bytes | None]]:
        changes, local = {}, dict[bytes, bytes | None]()
        for key, known in states.items():
            value = self._states.encode(known)
            changes[key.encode()] = Change(value, value)
            at = look_again_at(known, self._wait_ms)
            if at is not None:
                local[due_index.entry(at, key.encode())] = b""
        return changes, local
