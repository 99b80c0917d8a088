"""Where promise and estimates stand to each other: places on one line of time, for a drawing."""

from __future__ import annotations

from typing import NamedTuple

from streams.contracts.model import ShipmentState

WIDTH = 960
_MARGIN = 45.0


class Mark(NamedTuple):
    """``x``: its place, of ``WIDTH``; ``what``: promise, estimate, past (an earlier estimate) or delivered."""

    x: float
    at: int
    what: str


def marks(state: ShipmentState) -> list[Mark]:
    """The marks from the earliest to the latest; none where there is nothing to compare."""
    found = [(one.estimate, "past") for one in state.earlier_estimates]
    for at, what in (
        (state.promised_delivery_at, "promise"), (state.estimated_delivery_at, "estimate"),
        (state.delivered_at, "delivered"),
    ):
        if at is not None:
            found.append((at, what))
    if len(found) < 2:
        return []
    first, last = min(found)[0], max(found)[0]
    scale = (WIDTH - 2 * _MARGIN) / max(last - first, 1)
    return [Mark(round(_MARGIN + (at - first) * scale, 1), at, what) for at, what in sorted(found)]
