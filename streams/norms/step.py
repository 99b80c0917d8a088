"""The norms step: dwells in, how long shipments usually stay in a status out.

Reads ``shipment.dwells``; its state is ``dwell.norms``. A norm depends on the set of dwells alone, not on their order
or on how they were cut into chunks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from streams.contracts.dwell_keys import key_of, places
from streams.contracts.dwells import Dwell, DwellNorm
from streams.kernel.step_result import StepResult
from streams.norms.histogram import with_dwell

RECENT_IDS = 128
"""Dwells a norm remembers by id, so that one received twice is counted once."""
_ID_BYTES = 8


def step(chunk: Sequence[Dwell], states: Mapping[str, DwellNorm | None]) -> StepResult[None, DwellNorm]:
    """Count each dwell of a chunk once, in three norms: of its carrier, lane and status; of carrier and status; of the
    status alone.

    ``states``: ``CARRIER:LANE:STATUS`` -> stored norm; left unchanged. ``counts``: every dwell is one of learnt and
    duplicates (among the last ``RECENT_IDS`` that its nearest norm counted).
    """
    changed: dict[str, DwellNorm] = {}
    counted = 0
    for dwell in chunk:
        for rank, place in enumerate(places(dwell.carrier, dwell.lane, dwell.status)):
            key = key_of(*place)
            norm = changed.get(key) or states.get(key) or DwellNorm(*place, 0, 0, 0)
            if rank == 0:
                mark = bytes.fromhex(dwell.dwell_id)[:_ID_BYTES]
                if mark in _marks(norm.recent):
                    break
                norm = replace(norm, recent=(norm.recent + mark)[-RECENT_IDS * _ID_BYTES :])
                counted += 1
            changed[key] = with_dwell(norm, dwell.dwelt_ms, dwell.left_at)
    outcomes = {"learnt": counted, "duplicates": len(chunk) - counted}
    return StepResult(None, changed, counts={name: count for name, count in outcomes.items() if count})


def _marks(recent: bytes) -> set[bytes]:
    return {recent[at : at + _ID_BYTES] for at in range(0, len(recent), _ID_BYTES)}
