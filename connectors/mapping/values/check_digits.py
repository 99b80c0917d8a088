"""Check digits of tracking numbers, SSCCs and container numbers, by rules that carriers and standards publish."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from connectors.mapping.values import gs1
from connectors.mapping.values.label_forms import LabelForms
from streams.contracts.model import Reference
from streams.kernel.memo import is_short

_MAX_CACHED_NUMBERS = 200_000
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_WEIGHTS_3_1_7 = (3, 1, 7)
_CONTAINER_LETTERS = dict(zip(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ", (value for value in range(10, 39) if value % 11), strict=True
))


class Scheme(NamedTuple):
    """``shape`` has two groups, body and check digit; ``digit_of`` computes the check digit of a body."""

    shape: re.Pattern[str]
    digit_of: Callable[[str], str]


def _weights_1_2(body: str) -> str:
    values = [int(sign) if sign.isdecimal() else (ord(sign) - 63) % 10 for sign in body]
    return str(-(sum(values[::2]) + 2 * sum(values[1::2])) % 10)


def _s10(body: str) -> str:
    found = 11 - sum(weight * int(digit) for weight, digit in zip(_S10_WEIGHTS, body, strict=True)) % 11
    return {10: "0", 11: "5"}.get(found, str(found))


def _weights_3_1_7(body: str) -> str:
    return str(sum(_WEIGHTS_3_1_7[place % 3] * int(digit) for place, digit in enumerate(body)) % 11 % 10)


def _mod_7(body: str) -> str:
    return str(int(body) % 7)


def _iso_6346(body: str) -> str:
    values = [_CONTAINER_LETTERS[sign] if sign.isalpha() else int(sign) for sign in body]
    return str(sum(value << place for place, value in enumerate(values)) % 11 % 10)


RULES: dict[str, Callable[[str], str]] = {
    # Modulo 10; letters count as (position in the alphabet + 1) modulo 10.
    "weights_1_2": _weights_1_2,
    # Modulo 11, then modulo 10.
    "weights_3_1_7": _weights_3_1_7,
    # UPU S10-12, section 5: weights 8 6 4 2 3 5 9 7, modulo 11.
    "s10": _s10,
    # GS1 General Specifications, section 7.9.1: weights 3 and 1 from the right, modulo 10.
    "gs1": gs1.check_digit,
    # IATA Resolution 600a: the number modulo 7.
    "mod_7": _mod_7,
    # ISO 6346, annex A.
    "iso_6346": _iso_6346,
}
"""Functions from the digits (and letters) of a body to its check digit, by the names used in a ``carrier.yaml``."""
_SSCC = Scheme(re.compile(r"(?:\(00\)|00)?(\d{17})(\d)"), gs1.check_digit)
_CONTAINER = Scheme(re.compile(r"([A-Z]{3}[JUZ]\d{6})(\d)"), _iso_6346)
_OF_REFERENCES = {"sscc": _SSCC, "container": _CONTAINER, "equipment": _CONTAINER}


def is_wrong(scheme: Scheme, number: str) -> bool:
    """Return True if the number has the scheme's shape and its check digit is wrong."""
    found = scheme.shape.fullmatch(number)
    return found is not None and scheme.digit_of(found[1]) != found[2]


class Checks:
    """Checks tracking numbers by the schemes of their carrier. A number that fits no scheme is not wrong.

    ``number_of``: the number in a label's form of it (``label_forms.py``).
    """

    def __init__(self, schemes: Mapping[str, Sequence[Scheme]], forms: LabelForms | None = None) -> None:
        """``schemes`` by carrier slug; the first whose shape fits decides."""
        self.number_of = (forms or LabelForms()).number_of
        self._schemes = {slug: own for slug, own in schemes.items() if own}
        self._known: dict[tuple[str, str], bool] = {}

    def number_is_wrong(self, carrier: str, number: str) -> bool:
        """Return True if the tracking number fits a scheme of the carrier and its check digit is wrong."""
        schemes = self._schemes.get(carrier)
        if schemes is None or not number:
            return False
        known = self._known.get((carrier, number))
        if known is None:
            if len(self._known) >= _MAX_CACHED_NUMBERS:
                self._known.clear()
            known = _first_fitting_is_wrong(schemes, number)
            if is_short(number):
                self._known[carrier, number] = known
        return known


def _first_fitting_is_wrong(schemes: Iterable[Scheme], number: str) -> bool:
    fitting = next((scheme for scheme in schemes if scheme.shape.fullmatch(number)), None)
    return fitting is not None and is_wrong(fitting, number)


def any_is_wrong(references: Sequence[Reference]) -> bool:
    """Return True if an SSCC (GS1) or container number (ISO 6346) among the references has a wrong check digit."""
    for reference in references:
        scheme = _OF_REFERENCES.get(reference.type)
        if scheme is not None and is_wrong(scheme, reference.value):
            return True
    return False
