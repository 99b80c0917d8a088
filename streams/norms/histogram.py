"""Counts how long shipments stay in a status, as a histogram on a logarithmic scale, one for each period of four weeks.

The histograms of two sets of dwells add up to that of both, in any order. Periods older than the last four are dropped;
of those kept, newer ones weigh more. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from streams.contracts.dwells import DwellNorm, DwellPeriod

PERIOD_MS = 28 * 86_400_000
KEPT_PERIODS = 4
"""The newest period weighs four times as much as the oldest."""
USUAL_SHARE = 0.95
MOST_SECONDS = 1 << 24
"""Longer dwells, of more than 194 days, are counted as this long."""
_PARTS = 8
_PART_BITS = 3


def with_dwell(norm: DwellNorm, dwelt_ms: int, left_at: int) -> DwellNorm:
    """The norm with one more dwell; unchanged by one that ended (``left_at``) in a period no longer kept."""
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
    """The bucket of a dwell's length: eight buckets for each doubling of its seconds."""
    seconds = min(max(dwelt_ms // 1000, 0), MOST_SECONDS - 1) + _PARTS
    octave = seconds.bit_length() - 1 - _PART_BITS
    return octave * _PARTS + ((seconds >> octave) - _PARTS)


def longest_in(bucket: int) -> int:
    """The upper bound of a bucket, ms: every dwell counted in it is shorter."""
    octave, part = divmod(bucket, _PARTS)
    return (((_PARTS + part + 1) << octave) - _PARTS) * 1000


def quantile(periods: Sequence[DwellPeriod], share: float) -> int:
    """The length, ms, that this share of the dwells does not exceed; 0 without dwells. It is at most an eighth too long
    and never too short."""
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
