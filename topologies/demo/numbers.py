"""Invented shipment numbers that pass the carriers' own check-digit rules."""

from __future__ import annotations

from random import Random

_ALPHANUMERIC = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def _digits(rng: Random, count: int) -> str:
    return "".join(str(rng.randrange(10)) for _ in range(count))


def ups_check_digit(body: str) -> str:
    """The 18th character of a 1Z number. ``body``: the 15 characters between ``1Z`` and it.

    Letters count as (position in the alphabet + 1) modulo 10; even positions count double.
    """
    values = [int(char) if char.isdigit() else (ord(char) - 63) % 10 for char in body]
    total = sum(values[0::2]) + 2 * sum(values[1::2])
    return str(-total % 10)


def ups(rng: Random) -> str:
    """A UPS 1Z number: shipper, service 03 (ground), serial, check digit."""
    shipper = "".join(rng.choice(_ALPHANUMERIC) for _ in range(6))
    body = f"{shipper}03{_digits(rng, 7)}"
    return f"1Z{body}{ups_check_digit(body)}"


def fedex_check_digit(body: str) -> str:
    """The 12th digit of a FedEx number: weights 3, 1, 7 from the left, modulo 11, then modulo 10."""
    total = sum(int(digit) * weight for digit, weight in zip(body, (3, 1, 7) * 4, strict=False))
    return str(total % 11 % 10)


def fedex(rng: Random) -> str:
    """A 12-digit FedEx number."""
    body = f"7{_digits(rng, 10)}"
    return body + fedex_check_digit(body)


def dhl(rng: Random) -> str:
    """A 10-digit DHL Express waybill: the last digit is the first nine modulo 7."""
    body = f"{rng.randrange(1, 10)}{_digits(rng, 8)}"
    return f"{body}{int(body) % 7}"


def pro(rng: Random) -> str:
    """An LTL carrier's PRO number as it stands in B10-01."""
    return f"I{rng.choice('ABCDEFG')}{rng.choice('GHKMN')}{rng.randrange(1, 10)}{_digits(rng, 6)}"


def usps_check_digit(body: str) -> str:
    """The last digit of a 22-digit USPS number: modulo 10, weight 3 on every other digit from the right."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(body)))
    return str(-total % 10)


def usps(rng: Random) -> str:
    """A 22-digit USPS Ground Advantage number."""
    body = f"9400111{_digits(rng, 14)}"
    return body + usps_check_digit(body)
