"""How documents are fetched, and when missing ones are asked for again. Times and durations are milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from streams.contracts.model import DocumentWant
from streams.outbound.policy import DAY, HOUR, SECOND, Policy
from streams.resilience.circuit_breaker import Breaker

FETCHING = Policy(
    breaker=Breaker(failures=5, pause_ms=10 * SECOND, longest_ms=HOUR), disable_after=None, first_window=2.0,
    most_outstanding=16.0, retry=30 * SECOND, longest_retry=HOUR, refused_retries=(5 * 60 * SECOND, HOUR, 6 * HOUR),
    remembered=400 * DAY,
)
"""A host is waited for; what it refuses, or gives and is no document, is fetched a few times more and then given up: a
carrier often states the link before the document lies there."""
EARLY = 7 * DAY
"""How long before the delivery a document that says nothing else may have come to be of it."""
KEPT = 400 * DAY
"""How long the documents of a shipment are known after the last change."""
GIVEN_UP = 14 * DAY
"""How long a host that does not answer is asked for one document."""


class Chasing(Struct, frozen=True):
    """When the documents of a delivery without any are asked for again: times after the delivery, in order.
    ``default``: for customers that are not named."""

    default: Sequence[int] = ()
    customers: Mapping[str, Sequence[int]] = {}

    def of(self, wants: Sequence[DocumentWant]) -> Sequence[int]:
        """The schedule for a shipment that these deliveries want documents of: the longest of their customers'."""
        found = [self.customers.get(one.customer_id, self.default) for one in wants]
        return max(found, key=len, default=())


def _no_feed(carrier: str, tracking_number: str) -> str | None:
    del carrier, tracking_number
    return None


class Calls(Struct, frozen=True):
    """Which carriers' own APIs are asked for documents. ``feed_of``: carrier and tracking number to the feed that says
    how, None where there is none. ``at_once``, by customer: whether it is asked as soon as the delivery is known, and
    not only when a missing document is asked for again; ``default``: for customers that are not named."""

    feed_of: Callable[[str, str], str | None] = _no_feed
    default: bool = False
    at_once: Mapping[str, bool] = {}

    def is_at_once(self, wants: Sequence[DocumentWant]) -> bool:
        """Whether one of the deliveries that want documents of a shipment is of such a customer."""
        return any(self.at_once.get(one.customer_id, self.default) for one in wants)
