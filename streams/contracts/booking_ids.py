"""Ids of bookings: DELIVERY-N, which carriers send back as the shipment identification."""

from __future__ import annotations

import re

_BOOKING = re.compile(r"(\S(?:.*\S)?)-([1-9]\d{0,3})")


def booking_id(delivery_id: str, turn: int) -> str:
    """The id of a delivery's booking of this turn, from 1."""
    return f"{delivery_id}-{turn}"


def delivery_of(text: str) -> str:
    """The delivery of a booking's id; empty for a text that is none."""
    found = _BOOKING.fullmatch(text)
    return "" if found is None else found[1]
