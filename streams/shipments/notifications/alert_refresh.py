"""Alerts that are open, told again: what they put at stake changes with the shipment's orders."""

from __future__ import annotations

from streams.contracts.model import AlertSignal
from streams.shipments.history import Concern, concern
from streams.shipments.notifications.outputs import alerts_between
from streams.shipments.record import Shipment
from streams.shipments.timers.punctuality import alerts_about


def held(shipment: Shipment, before: Concern) -> list[AlertSignal]:
    """What was told ``before`` and holds unchanged, with the orders as they are now."""
    now = concern(shipment)
    told = alerts_between(shipment, [], [one for one in now.open if one in before.open])
    return told if now.risk is None or now.risk != before.risk else [*told, *alerts_about(shipment, None, now.risk)]
