"""Invented shipment numbers that pass the carriers' own check-digit rules."""

from __future__ import annotations

from random import Random

from connectors.mapping.values.check_digits import RULES

_ALPHANUMERIC = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def _digits(rng: Random, count: int) -> str:
    return "".join(str(rng.randrange(10)) for _ in range(count))


def ups(rng: Random) -> str:
    """A UPS 1Z number: shipper, service 03 (ground), serial, check digit."""
    shipper = "".join(rng.choice(_ALPHANUMERIC) for _ in range(6))
    body = f"{shipper}03{_digits(rng, 7)}"
    return "1Z" + body + RULES["weights_1_2"](body)


def fedex(rng: Random) -> str:
    """A 12-digit FedEx number."""
    body = f"7{_digits(rng, 10)}"
    return body + RULES["weights_3_1_7"](body)


def dhl(rng: Random) -> str:
    """A 10-digit DHL Express waybill: the last digit is the first nine modulo 7."""
    body = f"{rng.randrange(1, 10)}{_digits(rng, 8)}"
    return body + RULES["mod_7"](body)


def pro(rng: Random) -> str:
    """An LTL carrier's PRO number as it stands in B10-01."""
    return f"I{rng.choice('ABCDEFG')}{rng.choice('GHKMN')}{rng.randrange(1, 10)}{_digits(rng, 6)}"


def usps(rng: Random) -> str:
    """A 22-digit USPS Ground Advantage number."""
    body = f"9400111{_digits(rng, 14)}"
    return body + RULES["gs1"](body)
