"""The value of the orders an alert is about."""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum, isfinite

from streams.contracts.model import AlertOrder, AtStake


def at_stake(orders: Iterable[AlertOrder]) -> list[AtStake]:
    """The value of the distinct orders by currency, ascending; an order counts once, whatever its deliveries."""
    orders = list(orders)
    if len(orders) == 1:
        value = orders[0].order_value
        return [] if value is None or not isfinite(value) else [AtStake(orders[0].currency or "", value)]
    amounts: dict[str, list[float]] = {}
    counted: set[str] = set()
    for one in sorted(orders, key=lambda order: (order.order_id, order.order_value is None)):
        value = one.order_value
        if one.order_id in counted or value is None or not isfinite(value):
            continue
        counted.add(one.order_id)
        amounts.setdefault(one.currency or "", []).append(value)
    return [AtStake(currency, fsum(amounts[currency])) for currency in sorted(amounts)]
