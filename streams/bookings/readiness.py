"""Whether the warehouse is done with a delivery: what was ordered, what is packed, and what is short or over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.contracts.bookings import BookingState, LineCount, PackedPart
from streams.contracts.warehouse import WmsConfirmation, WmsParcel

PACKED, SHIPPED, SHORT = "packed", "shipped", "short"
_CLOSE = 1e-9


class PackedLine(NamedTuple):
    """A line, how much of it was ordered and how much is packed."""

    line_id: str
    ordered: float
    packed: float


class Readiness(NamedTuple):
    """``is_packed``: the warehouse is done, though ``short`` or ``over`` lines may be there; ``left``: the goods left,
    as the warehouse says."""

    is_packed: bool
    short: Sequence[PackedLine] = ()
    over: Sequence[PackedLine] = ()
    left: bool = False

    @property
    def words(self) -> str:
        """The uneven lines, for people; empty where none is."""
        return "; ".join(
            f"line {one.line_id}: {one.packed:g} of {one.ordered:g}" for one in (*self.short, *self.over)
        )


def readiness(state: BookingState) -> Readiness:
    """Where the warehouse stands. Lines that it reports short are done; what it shipped counts as packed. Of a release
    without lines the first packing is all of it."""
    packed = _packed(state.parts)
    left = any(one.kind == SHIPPED for one in state.parts)
    lines = [] if state.release is None else state.release.lines
    if not lines:
        return Readiness(any(one.kind in (PACKED, SHIPPED) for one in state.parts), left=left)
    given_up = {line.line_id for part in state.parts if part.kind == SHORT for line in part.lines}
    short, over, is_packed = [], [], bool(packed)
    ordered: dict[str, float] = {}
    for line in lines:
        ordered[line.line_id] = ordered.get(line.line_id, 0.0) + line.quantity
    for name, quantity in ordered.items():
        found = PackedLine(name, quantity, packed.get(name, 0.0))
        if found.packed < found.ordered - _CLOSE:
            short.append(found)
            is_packed = is_packed and name in given_up
        elif found.packed > found.ordered + _CLOSE:
            over.append(found)
    others = sorted(packed.items() - ordered.items())
    over += [PackedLine(name, 0.0, quantity) for name, quantity in others if name not in ordered and quantity]
    return Readiness(is_packed, short, over, left)


def packed_lines(state: BookingState) -> list[PackedLine]:
    """The lines of the release with what was ordered and what is packed, or shipped where that is more."""
    ordered: dict[str, float] = {}
    for line in [] if state.release is None else state.release.lines:
        ordered[line.line_id] = ordered.get(line.line_id, 0.0) + line.quantity
    packed = _packed(state.parts)
    return [PackedLine(name, quantity, packed.get(name, 0.0)) for name, quantity in ordered.items()]


def parcels_of(state: BookingState) -> list[WmsParcel]:
    """The pieces, each as it was packed last."""
    found: dict[str, WmsParcel] = {}
    for part in state.parts:
        for one in part.parcels:
            found[one.parcel_id] = one
    return list(found.values())


def part_of(told: WmsConfirmation) -> PackedPart:
    """The part that a confirmation adds."""
    return PackedPart(
        told.confirmation_id, told.kind, told.confirmed_at,
        [LineCount(line.line_id, line.confirmed) for line in told.lines], list(told.parcels),
    )


def _packed(parts: Sequence[PackedPart]) -> dict[str, float]:
    """The quantity by line: as packed, or as shipped where that is more."""
    counted: dict[str, dict[str, float]] = {PACKED: {}, SHIPPED: {}}
    for part in parts:
        by_line = counted.get(part.kind)
        for line in part.lines if by_line is not None else ():
            assert by_line is not None
            by_line[line.line_id] = by_line.get(line.line_id, 0.0) + line.quantity
    names = dict.fromkeys([*counted[PACKED], *counted[SHIPPED]])
    return {name: max(one.get(name, 0.0) for one in counted.values()) for name in names}
