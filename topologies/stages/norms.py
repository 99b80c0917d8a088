"""The norms stage: how long shipments stayed in a status in; how long they usually do out.

Reads ``shipment.dwells.v1`` (one partition); its changelog is ``dwell.norms.v1``, which the shipments stage follows
(``norm_table.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.dwell_keys import key_of, places
from streams.contracts.model import Dwell, DwellNorm, Record
from streams.norms.step import step
from topologies.runtime.decoding import decoded, stored
from topologies.runtime.handler import Handled, View
from topologies.runtime.step_results import changes_of


class NormsHandler:
    """Counts dwells into the norms."""

    def __init__(self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier]) -> None:
        del settings, carriers
        self._dwells = ValueCodec(topics.SHIPMENT_DWELLS, Dwell, registry)
        self._norms = ValueCodec(topics.DWELL_NORMS, DwellNorm, registry)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Changed norms of one chunk."""
        del now_ms
        chunk, _, refused = decoded(records, self._dwells.decode)
        keys = [key_of(*place) for one in chunk for place in places(one.carrier, one.lane, one.status)]
        result = step(chunk, stored(keys, state, self._norms.decode))
        return Handled({}, refused, changes_of(result.states, self._norms.encode), dict(result.counts))

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes]:
        """The changelog value itself. Raises Reject where it is none."""
        self._norms.decode(changelog_value)
        return {key: changelog_value}

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Nothing: only dwells change norms."""
        del state, now_ms
        return Handled()
