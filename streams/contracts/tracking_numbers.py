"""Tracking numbers as every topic carries them: one number, however a label, a scanner or a person writes it.

A label's bar code holds more than the number: the ZIP code, an application identifier, the service. Carriers report the
number alone, scanners and people send the whole code. ``LABEL_FORMS`` says which part is the number; events, orders,
links and master data all pass through here.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from streams.contracts.ids import normalise_tracking_number

_SHORTEST_LABEL = 18
_LEAST_OF_SEVERAL = 10
_SEPARATORS = re.compile(r"[,;|&+\r\n\t]+")
_WITH_SLASH = re.compile(r"\s*/\s*")


class LabelForm(NamedTuple):
    """How a label writes the numbers of these carriers (slugs; none: of all). ``shape`` has one group, the number;
    ``before`` is put before it. ``source``: where the form is published."""

    carriers: tuple[str, ...]
    shape: re.Pattern[str]
    source: str
    before: str = ""


_IMPB = "USPS Publication 199, Intelligent Mail package barcode: 420, ZIP or ZIP+4, then the number (91 to 95)"
_CARRY_FOR_USPS = ("usps", "ups", "fedex", "dhl", "landmark", "seko")
"""Whose parcels USPS delivers (UPS Mail Innovations and Ground Saver, FedEx Ground Economy, DHL eCommerce)."""

LABEL_FORMS: tuple[LabelForm, ...] = (
    LabelForm(_CARRY_FOR_USPS, re.compile(r"420\d{9}(9[1-5]\d{20})"), _IMPB),
    LabelForm(_CARRY_FOR_USPS, re.compile(r"420\d{5}(9[1-5]\d{24}|9[1-5]\d{20})"), _IMPB),
    LabelForm(
        ("fedex",), re.compile(r"100\d{17}00(\d{12})"),
        "FedEx Express, 34 digits (ASTRA): the number is the last 12; as in tracking_number_data, couriers/fedex.json",
    ),
    LabelForm(
        ("fedex",), re.compile(r"96\d{18}00(\d{12})"),
        "FedEx Ground, 34 digits (GSN): the number is the last 12; as in tracking_number_data, couriers/fedex.json",
    ),
    LabelForm(
        ("fedex",), re.compile(r"96\d{5}(\d{15})"),
        "FedEx Ground 96, 22 digits: the number is the last 15; as in tracking_number_data, couriers/fedex.json",
    ),
    LabelForm(
        ("dhl",), re.compile(r"(?:\(00\)|00)?(340434\d{12})"),
        "DHL Paket: the number is the SSCC with its identifier 00, 20 digits (00340434...)", before="00",
    ),
    LabelForm((), re.compile(r"\(00\)(\d{18})"), "GS1 General Specifications, application identifier 00 (SSCC)"),
)
"""The first form that fits is taken. UPS 1Z numbers, S10 numbers and FedEx door tags (``DT`` and 12 digits, numbers of
their own) have no other form than blanks, which are taken out of every number."""
_SSCC = re.compile(r"(?:\(00\)|00)(\d{18})")


def _by_carrier(forms: Sequence[LabelForm]) -> Mapping[str, tuple[LabelForm, ...]]:
    slugs = {slug for form in forms for slug in form.carriers}
    found: defaultdict[str, tuple[LabelForm, ...]] = defaultdict(
        lambda: tuple(form for form in forms if not form.carriers)
    )
    for slug in slugs:
        found[slug] = tuple(form for form in forms if not form.carriers or slug in form.carriers)
    return found


_FORMS = _by_carrier(LABEL_FORMS)
_ANY = tuple(form for form in LABEL_FORMS if not form.carriers)


def without_label(carrier: str, number: str) -> str:
    """The number in a label's form of it; any other number as it is. Both are normalised, ``carrier`` is a slug."""
    if len(number) < _SHORTEST_LABEL:
        return number
    for form in _FORMS.get(carrier, _ANY):
        found = form.shape.fullmatch(number)
        if found is not None:
            return form.before + found[1]
    return number


def tracking_number(carrier: str, text: str) -> str:
    """The carrier's number in a text: upper case, without white space, without what only the label adds."""
    return without_label(carrier, normalise_tracking_number(text))


def tracking_numbers(carrier: str, text: str) -> list[str]:
    """The numbers in a text that may hold several, each once, in their order; one of them may be empty.

    Numbers are separated by ``, ; | & +``, a tabulator or a new line; by a slash or blanks only where every part is
    long enough for a number of its own, since blanks also group the digits of one number.
    """
    parts = [part for part in _SEPARATORS.split(text) if part.strip()]
    numbers = (tracking_number(carrier, one) for part in parts for one in _told_apart(part))
    return list(dict.fromkeys(numbers)) or [""]


def sscc(text: str) -> str:
    """The 18 digits of a normalised SSCC, without its application identifier; any other text as it is."""
    found = _SSCC.fullmatch(text)
    return text if found is None else found[1]


def _told_apart(part: str) -> list[str]:
    for pieces in (_WITH_SLASH.split(part.strip()), part.split()):
        if len(pieces) > 1 and all(map(_is_long, pieces)):
            return [one for piece in pieces for one in _told_apart(piece)]
    return [part]


def _is_long(piece: str) -> bool:
    return sum(map(str.isalnum, piece)) >= _LEAST_OF_SEVERAL and any(map(str.isdigit, piece))
