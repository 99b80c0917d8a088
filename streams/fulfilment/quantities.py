"""Whether the warehouse shipped what was ordered, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from streams.contracts.model import ShippedLine, ShippedPart, WmsConfirmation

_CLOSE = 1e-9


def with_shipped(known: Sequence[ShippedPart], told: WmsConfirmation) -> list[ShippedPart]:
    """The confirmations with this one, which takes the place of an older one under its number."""
    lines = [ShippedLine(one.line_id, one.ordered, one.confirmed) for one in told.lines]
    part = ShippedPart(told.confirmation_id, told.confirmed_at, lines)
    same = [one for one in known if one.confirmation_id == part.confirmation_id]
    rest = [one for one in known if one.confirmation_id != part.confirmation_id]
    best = max([*same, part], key=lambda one: (one.at, [(line.line_id, line.shipped) for line in one.lines]))
    return sorted([*rest, best], key=lambda one: one.confirmation_id)


def is_matched(parts: Sequence[ShippedPart]) -> bool:
    """Whether of each line exactly what was ordered was shipped; False where the warehouse says nothing of it. Of
    several words on what was ordered the largest counts."""
    ordered: dict[str, float] = {}
    shipped: dict[str, float] = {}
    for line in (line for part in parts for line in part.lines):
        shipped[line.line_id] = shipped.get(line.line_id, 0.0) + line.shipped
        if line.ordered is not None:
            ordered[line.line_id] = max(ordered.get(line.line_id, 0.0), line.ordered)
    return bool(shipped) and shipped.keys() == ordered.keys() and all(
        abs(shipped[name] - quantity) <= _CLOSE for name, quantity in ordered.items()
    )
