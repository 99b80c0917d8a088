"""A shipment of several customers is held against the promise to the one who asks, and against no other."""

from __future__ import annotations

import pytest

from streams.contracts.promise import is_shared, judged_for
from streams.kernel.vocabulary import Punctuality, Status
from tests.support.read_model_world import ACME, DAY, HOUR, NOON, OTHER, link, shipment

SHARED = shipment(
    "1Z", Status.IN_TRANSIT, NOON, promised=NOON - DAY, estimated=NOON + HOUR, punctuality=Punctuality.AT_RISK,
    orders=[link("SO-1", ACME, NOON + 2 * DAY), link("SO-2", OTHER, NOON - DAY), link("SO-3", ACME, NOON + DAY)],
)


@pytest.mark.parametrize(("customer", "promise", "stands", "slip"), [
    (ACME, NOON + DAY, Punctuality.ON_TIME, HOUR - DAY), (OTHER, NOON - DAY, Punctuality.AT_RISK, DAY + HOUR),
    ("C-NOBODY", None, Punctuality.NO_PROMISE, None),
])
def test_the_earliest_promise_to_the_customer_counts(
    customer: str, promise: int | None, stands: Punctuality, slip: int | None
) -> None:
    found = judged_for(SHARED, customer)
    assert (found.promised_delivery_at, found.punctuality, found.slip_from_promise_ms) == (promise, stands, slip)
    assert found.orders == SHARED.orders


def test_of_one_customer_alone_it_stays_as_it_is() -> None:
    alone = shipment("1Z", Status.IN_TRANSIT, NOON, orders=[link("SO-1", ACME, NOON)], punctuality=Punctuality.ENDED)
    assert not is_shared(alone, ACME)
    assert is_shared(SHARED, ACME)
    assert judged_for(alone, ACME) is alone
