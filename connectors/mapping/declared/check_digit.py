"""Defines how a ``carrier.yaml`` declares the check digits of the carrier's numbers."""

from __future__ import annotations

from msgspec import Struct


class CheckDigit(Struct, frozen=True, forbid_unknown_fields=True):
    """The check digit of numbers of one shape. ``shape``: a regular expression with two groups, body and check digit;
    ``rule``: a name in ``RULES`` of ``mapping/values/check_digits.py``.
    """

    shape: str
    rule: str
    source: str
