"""Earlier delivery estimates of a shipment, and how far the current one has slipped. Times are UTC ms."""

from __future__ import annotations

from msgspec import Struct

MOST_EARLIER = 8
"""Earlier estimates a shipment keeps: the first, and the latest of the others."""


class Estimate(Struct, frozen=True, array_like=True, gc=False):
    """An estimate that was replaced. ``stated_at``: event time of the event that stated it last; ``stated_by``: that
    event's feed."""

    estimate: int
    stated_at: int
    stated_by: str


class Statement(Struct, frozen=True, array_like=True, gc=False):
    """An estimate as a carrier stated it. ``received_at``: when it was first received; ``until`` and ``begins``: end
    and beginning of the window, the latter None where there is only an end; ``by``: the feed it came by."""

    received_at: int
    until: int
    begins: int | None
    by: str


def with_earlier(earlier: tuple[Estimate, ...], one: Estimate) -> tuple[Estimate, ...]:
    """The earlier estimates with the one just replaced, in the order they were stated."""
    if len(earlier) < MOST_EARLIER:
        return (*earlier, one)
    return (earlier[0], *earlier[2:], one)


def slip(estimate: int | None, against: int | None) -> int | None:
    """Returns how much later than ``against`` the estimate is, ms; negative: sooner. None where one of them is not
    known."""
    return None if estimate is None or against is None else estimate - against
