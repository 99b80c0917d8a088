"""Tracking numbers in the form a label's bar code has them: which part of the code is the number, by carrier."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

_SHORTEST = 18


class LabelForm(NamedTuple):
    """``shape`` has one group, the number; ``before`` is put before it."""

    shape: re.Pattern[str]
    before: str = ""


SSCC = LabelForm(re.compile(r"\(00\)(\d{18})"))
"""GS1 General Specifications, application identifier 00, of every carrier."""


class LabelForms:
    """The label forms of all carriers, by slug; of one carrier the first that fits is taken."""

    __slots__ = ("_forms",)

    def __init__(self, forms: Mapping[str, Sequence[LabelForm]] | None = None) -> None:
        self._forms = {slug: (*own, SSCC) for slug, own in (forms or {}).items()}

    def number_of(self, carrier: str, number: str) -> str:
        """Return the number in a label's form of it; any other number as it is. Both are normalised."""
        if len(number) < _SHORTEST:
            return number
        for form in self._forms.get(carrier, (SSCC,)):
            found = form.shape.fullmatch(number)
            if found is not None:
                return form.before + found[1]
        return number
