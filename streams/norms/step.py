"""What dwell is usual, learnt from those that ended: by carrier, lane and status, by carrier and status, by status.

Reads ``shipment.dwells``; its state is ``dwell.norms``. Dwells are counted by length, on a logarithmic scale, and by
period of four weeks: counts of two sets of dwells add up to those of both, in any order, and what lies four periods
back has been forgotten. Of what is kept, newer counts for more. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.dwell_keys import key_of, places
from streams.contracts.dwells import Dwell, DwellNorm, DwellPeriod

PERIOD_MS = 28 * 86_400_000
KEPT_PERIODS = 4
"""Of these the newest counts four times as much as the oldest."""
USUAL_SHARE = 0.95
MOST_SECONDS = 1 << 24
_PARTS = 8
_PART_BITS = 3
RECENT_IDS = 128
_ID_BYTES = 8


class Learnt(Struct):
    """What one chunk taught; ``states`` by key, changed ones only."""

    states: dict[str, DwellNorm] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def learn(chunk: Sequence[Dwell], states: Mapping[str, DwellNorm | None]) -> Learnt:
    """Count a chunk of dwells in, one told again soon after once only. ``states`` is left unchanged."""
    out = Learnt()
    counted = 0
    for dwell in chunk:
        for number, place in enumerate(places(dwell.carrier, dwell.lane, dwell.status)):
            key = key_of(*place)
            norm = out.states.get(key) or states.get(key) or DwellNorm(*place, 0, 0, 0)
            if not number:
                mark = bytes.fromhex(dwell.dwell_id)[:_ID_BYTES]
                if mark in _marks(norm.recent):
                    break
                norm = replace(norm, recent=(norm.recent + mark)[-RECENT_IDS * _ID_BYTES :])
                counted += 1
            out.states[key] = counted_in(norm, dwell.dwelt_ms, dwell.left_at)
    outcomes = {"learnt": counted, "duplicates": len(chunk) - counted}
    out.counts = {name: count for name, count in outcomes.items() if count}
    return out


def _marks(recent: bytes) -> set[bytes]:
    return {recent[at : at + _ID_BYTES] for at in range(0, len(recent), _ID_BYTES)}


def counted_in(norm: DwellNorm, dwelt_ms: int, left_at: int) -> DwellNorm:
    """The norm with one more dwell; one that ended before what is kept changes nothing."""
    period, bucket = left_at // PERIOD_MS, bucket_of(dwelt_ms)
    by_period = {one.period: one.counts for one in norm.periods}
    counts = by_period.get(period, [])
    counts = counts + [0] * (bucket + 1 - len(counts))
    counts[bucket] += 1
    by_period[period] = counts
    newest = max(by_period)
    periods = [DwellPeriod(one, by_period[one]) for one in sorted(by_period) if one > newest - KEPT_PERIODS]
    return replace(
        norm, periods=periods, observations=sum(sum(one.counts) for one in periods),
        median_ms=quantile(periods, 0.5), usual_ms=quantile(periods, USUAL_SHARE),
    )


def bucket_of(dwelt_ms: int) -> int:
    """Which length it has: eight to every doubling of the seconds."""
    seconds = min(max(dwelt_ms // 1000, 0), MOST_SECONDS - 1) + _PARTS
    octave = seconds.bit_length() - 1 - _PART_BITS
    return octave * _PARTS + ((seconds >> octave) - _PARTS)


def longest_in(bucket: int) -> int:
    """The length, ms, below which all dwells of a bucket lie."""
    octave, part = divmod(bucket, _PARTS)
    return (((_PARTS + part + 1) << octave) - _PARTS) * 1000


def quantile(periods: Sequence[DwellPeriod], share: float) -> int:
    """How long, ms, this share of the dwells takes at most; 0 of none. To an eighth too long, never too short."""
    newest = max((one.period for one in periods), default=0)
    weighed: dict[int, int] = {}
    for one in periods:
        for bucket, count in enumerate(one.counts):
            if count:
                weighed[bucket] = weighed.get(bucket, 0) + count * (KEPT_PERIODS - newest + one.period)
    needed, reached = share * sum(weighed.values()), 0
    for bucket in sorted(weighed):
        reached += weighed[bucket]
        if reached >= needed:
            return longest_in(bucket)
    return 0
