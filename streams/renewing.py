"""Alerts that are open, told again: what they put at stake changes with the shipment's orders."""

from __future__ import annotations

from streams.deadlines import renewed
from streams.fanout import alerts_between
from streams.model import AlertSignal
from streams.punctuality import alerts_about
from streams.shipment import Shipment


def still_open(shipment: Shipment) -> list[AlertSignal]:
    """Every alert that holds of the shipment now, with its orders as they are."""
    return [*alerts_between(shipment, []), *alerts_about(shipment, None), *renewed(shipment)]
