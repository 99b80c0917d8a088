"""The norm a shipment is measured by: the nearest that rests on enough dwells."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from streams.contracts.dwell_keys import (
    ANY,
    key_of,
    places,
)
from streams.kernel.vocabulary import Status
from streams.shipments.record import Shipment
from streams.shipments.timers.dwells import DWELT, lane_of

HOUR_MS = 3_600_000


class Usual(Struct, frozen=True):
    """Holds how long 95 of 100 shipments stay in a status, at most (ms), and which shipments those are."""

    carrier: str
    lane: str
    status: Status
    observations: int
    median_ms: int
    usual_ms: int

    @property
    def words(self) -> str:
        """Words the norm for people: ``95 of 100 on US>DE take at most 60 h``."""
        those = {ANY: f"of {self.carrier}" if self.carrier != ANY else "of all carriers", "": "of unknown lane"}
        return f"95 of 100 {those.get(self.lane, f'on {self.lane}')} take at most {hours(self.usual_ms)}"


def usual_of(shipment: Shipment, norms: Mapping[str, Usual], at_least: int) -> Usual | None:
    """Finds the nearest norm for the shipment's status; None where none rests on ``at_least`` dwells, or its dwell in
    this status is not measured."""
    if not norms or shipment.view.status not in DWELT:
        return None
    for place in places(shipment.carrier, lane_of(shipment), shipment.view.status):
        found = norms.get(key_of(*place))
        if found is not None and found.observations >= at_least:
            return found
    return None


def hours(span_ms: int) -> str:
    """A span for people, rounded up: hours, or minutes of less than two hours."""
    if span_ms < 2 * HOUR_MS:
        return f"{-(-span_ms // 60_000)} min"
    return f"{-(-span_ms // HOUR_MS)} h"
