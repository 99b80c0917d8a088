"""Alerts that are open, told again: what they put at stake changes with the shipment's orders."""

from __future__ import annotations

from streams.fanout import alerts_between
from streams.model import AlertSignal
from streams.punctuality import Risk, alerts_about
from streams.shipment import Shipment


def after_a_claim(shipment: Shipment, risky: Risk | None) -> list[AlertSignal]:
    """What changes with an order's claim, and what holds all the same, with the orders as they are now. ``risky``: what
    put the promise at risk before it."""
    changed = alerts_about(shipment, risky) or alerts_about(shipment, None)
    return [*alerts_between(shipment, []), *changed]
