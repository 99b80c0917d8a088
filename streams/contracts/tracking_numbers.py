"""Several tracking numbers in one text, and the forms in which one number is written.

A label's bar code holds more than the number, and whoever scans the label sends all of it. Which part is the number is
declared by carrier (``label_forms`` of a ``carrier.yaml``); a ``NumberOf`` applies it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from streams.contracts.ids import normalise_tracking_number

NumberOf = Callable[[str, str], str]
"""The number in a label's form of it, by carrier slug and normalised text; any other text as it is."""
_LEAST_OF_SEVERAL = 10
_SEPARATORS = re.compile(r"[,;|&+\r\n\t]+")
_SLASH = re.compile(r"\s*/\s*")
_SSCC = re.compile(r"(?:\(00\)|00)(\d{18})")


def as_written(_: str, number: str) -> str:
    """Every text as it is."""
    return number


def tracking_numbers(carrier: str, text: str, number_of: NumberOf = as_written) -> list[str]:
    """The numbers in a text that may hold several, normalised, each once, in their order; one empty number in none.

    Numbers are separated by ``, ; | & +``, a tabulator or a new line; by a slash or blanks only where every part is
    long enough for a number of its own, since blanks also group the digits of one number.
    """
    parts = [part for part in _SEPARATORS.split(text) if part.strip()]
    numbers = (number_of(carrier, normalise_tracking_number(one)) for part in parts for one in _told_apart(part))
    return list(dict.fromkeys(numbers)) or [""]


def sscc(text: str) -> str:
    """The 18 digits of a normalised SSCC, without its application identifier (GS1 General Specifications, AI 00); any
    other text as it is."""
    found = _SSCC.fullmatch(text)
    return text if found is None else found[1]


def _told_apart(part: str) -> list[str]:
    for pieces in (_SLASH.split(part.strip()), part.split()):
        if len(pieces) > 1 and all(map(_is_long, pieces)):
            return [one for piece in pieces for one in _told_apart(piece)]
    return [part]


def _is_long(piece: str) -> bool:
    return sum(map(str.isalnum, piece)) >= _LEAST_OF_SEVERAL and any(map(str.isdigit, piece))
