"""Declares the values of ``shipment.dwells`` and ``dwell.norms``: how long shipments stay in a status."""

from __future__ import annotations

from msgspec import Struct, field

from streams.kernel.vocabulary import Status


class Dwell(Struct, frozen=True):
    """One stay of one shipment in one status. ``lane``: countries (ISO 3166-1 alpha-2) as ``US>DE``, empty where no
    event named one; ``left_at``: event time, UTC ms, of the event that ended the stay."""

    dwell_id: str
    carrier: str
    lane: str
    status: Status
    dwelt_ms: int
    left_at: int


class DwellPeriod(Struct, frozen=True, array_like=True):
    """The dwells that ended in one period of four weeks (``period``: since the epoch), counted by length
    (``norms/histogram.py``)."""

    period: int
    counts: list[int]


class DwellNorm(Struct):
    """How long shipments usually stay in a status on a lane of a carrier; the changelog of the norms stage.
    ``observations``: dwells it is based on; half of them take at most ``median_ms``, 95 of 100 at most ``usual_ms``;
    ``recent``: ids of the dwells counted last, so that a repeat is not counted twice."""

    carrier: str
    lane: str
    status: Status
    observations: int
    median_ms: int
    usual_ms: int
    periods: list[DwellPeriod] = field(default_factory=list)
    recent: bytes = b""
