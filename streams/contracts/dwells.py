"""What is told and kept of how long shipments stand in a status, as ``contracts/model.py`` has the others."""

from __future__ import annotations

from msgspec import Struct, field

from streams.kernel.vocabulary import Status


class Dwell(Struct, frozen=True):
    """One stay of one shipment in one status. ``lane``: ``US>DE``, empty where no event named a country;
    ``left_at``: event time of the event that ended it."""

    dwell_id: str
    carrier: str
    lane: str
    status: Status
    dwelt_ms: int
    left_at: int


class DwellPeriod(Struct, frozen=True, array_like=True):
    """The dwells that ended in one period (``period``: since the epoch), counted by length (``norms/histogram.py``)."""

    period: int
    counts: list[int]


class DwellNorm(Struct):
    """What is usual for a status on a lane of a carrier, the changelog of the norms stage. ``observations``: dwells it
    rests on; half of them take at most ``median_ms``, 95 of 100 at most ``usual_ms``; ``recent``: the dwells counted
    last, so that one told again is not counted twice."""

    carrier: str
    lane: str
    status: Status
    observations: int
    median_ms: int
    usual_ms: int
    periods: list[DwellPeriod] = field(default_factory=list)
    recent: bytes = b""
