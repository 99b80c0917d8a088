"""Restricts the fields of documents; the OpenAPI document states the same."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

from streams.contracts.ids import LONGEST_NUMBER

LONGEST_TEXT = 2_000
LONGEST_TYPE, LONGEST_VALUE = 64, 100
"""Characters of a reference: a container and a booking together fit into one key."""
DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks that turn the direction of writing (Unicode Bidi_Control): text that holds them shows as other text."""
CONTROLS = r"\u0000-\u001f\u007f-\u009f\u2028\u2029" + DIRECTIONS
SPACES = r"\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
NAME = rf"^[^{CONTROLS}]*[^{CONTROLS}{SPACES}][^{CONTROLS}]*$"
LABEL = rf"^[^{CONTROLS}]*$"
TEXT = rf"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f{DIRECTIONS}]*$"
"""Lines and tabs are taken, other control characters are not."""
_DATE, _CLOCK = "(19[7-9][0-9]|20[0-9]{2})-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}"
TIME = rf"^{_DATE}[Tt]{_CLOCK}:[0-9]{{2}}(\.[0-9]{{1,9}})?([Zz]|[+-]{_CLOCK})$"


def _matches(pattern: str, detail: str) -> AfterValidator:
    shape = re.compile(pattern)

    def check(text: str) -> str:
        if shape.search(text) is None:
            raise ValueError(detail)
        return text

    return AfterValidator(check)


def _rfc_3339(value: object) -> object:
    if not isinstance(value, str) or re.search(TIME, value) is None:
        raise ValueError(
            "a time is due as RFC 3339 has it, with its offset and a year of 1970 to 2099, such as 2026-09-14T10:00:00Z"
        )
    return value


_NO_CONTROLS = "holds control characters or marks of direction: leave them out"
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NUMBER),
    _matches(LABEL, _NO_CONTROLS), Field(json_schema_extra={"pattern": NAME}),
]
"""A number or code, not empty. Space around it is left out."""
ReferenceType = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TYPE),
    _matches(LABEL, _NO_CONTROLS), Field(json_schema_extra={"pattern": NAME}),
]
ReferenceValue = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_VALUE),
    _matches(LABEL, _NO_CONTROLS), Field(json_schema_extra={"pattern": NAME}),
]
Label = Annotated[
    str, StringConstraints(max_length=LONGEST_NUMBER), _matches(LABEL, _NO_CONTROLS),
    Field(json_schema_extra={"pattern": LABEL}),
]
"""A number, code or name that may be empty."""
Words = Annotated[
    str, StringConstraints(max_length=LONGEST_TEXT), _matches(TEXT, _NO_CONTROLS),
    Field(json_schema_extra={"pattern": TEXT}),
]
"""Takes a person's text of several lines."""
Timestamp = Annotated[AwareDatetime, BeforeValidator(_rfc_3339), Field(json_schema_extra={"pattern": TIME})]
"""A time with its offset, of 1970 to 2099."""
Number = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
"""A quantity or an amount: a number, not a text of one."""
