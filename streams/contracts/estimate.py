"""Delivery estimates a shipment had before its current one, and how far the current one has slipped. UTC ms."""

from __future__ import annotations

from msgspec import Struct

MOST_EARLIER = 8
"""Earlier estimates kept of a shipment: the first, and the latest others."""


class Estimate(Struct, frozen=True, array_like=True, gc=False):
    """An estimate another one took the place of. ``stated_at``: event time of the event that stated it last;
    ``stated_by``: its feed."""

    estimate: int
    stated_at: int
    stated_by: str


def with_earlier(earlier: tuple[Estimate, ...], one: Estimate) -> tuple[Estimate, ...]:
    """The earlier estimates with the one that holds no more, in the order they were stated."""
    if len(earlier) < MOST_EARLIER:
        return (*earlier, one)
    return (earlier[0], *earlier[2:], one)


def slip(estimate: int | None, against: int | None) -> int | None:
    """How much later than ``against`` the estimate is, ms; negative: sooner. None where one of them is not known."""
    return None if estimate is None or against is None else estimate - against
