"""Two shipments under one number: what is said of the first and of the second, by the day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.contracts.model import OrderReference
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import Milestone
from streams.shipments.chunk import Outputs
from streams.shipments.record import Shipment
from streams.shipments.reuse.archive import Keeping
from streams.shipments.step import Received, step
from tests.support.reference_inputs import mistaken
from tests.support.strategies import DAY_ONE, HOUR, carrier_event, received, reference

KEY = "north:N100"
DAY_MINUTES, DAY = 24 * 60, 24 * HOUR
KEEPING = Keeping(60 * DAY, 180 * DAY, 400 * DAY, 45 * DAY)
Said = Received | OrderReference
Result = StepResult[Outputs, Shipment]


def at(day: float, milestone: Milestone, **changes: Any) -> Received:
    return received(carrier_event(milestone, int(day * DAY_MINUTES), **changes))


def claim(day: float, order: str, **changes: Any) -> OrderReference:
    return reference(order, f"of {order}", updated_at=DAY_ONE + int(day * DAY), **changes)


def tell(*said: Said, states: Mapping[str, Shipment | None] | None = None) -> Result:
    return step(said, states or {KEY: None}, keeping=KEEPING)


FIRST = (claim(-1, "O-1"), at(-1, Milestone.PICKED_UP), at(0, Milestone.DELIVERED))
SECOND = (at(99, Milestone.PRE_ADVISED), at(100, Milestone.PICKED_UP), at(101, Milestone.OUT_FOR_DELIVERY))


def found(day: float, milestone: Milestone, **changes: Any) -> list[Received]:
    """An event found to be the shipment's by a reference, and what takes it back."""
    return [received(one) for one in mistaken(at(day, milestone, **changes).event)]
