"""``document_call:`` of a ``carrier.yaml``: the request that asks a carrier's own API for the proof of a delivery,
checked and compiled.

Templates hold ``{tracking_number}`` and ``{request_id}``; other braces stand for themselves. Credentials are never
here: they come from SHIPSYNC_DOCUMENTS_API_CREDENTIALS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct, field

from connectors.mapping.declared.poll_plan import (
    NUMBER,
    REQUEST_ID,
    Authorisation,
    check_authorisation,
    check_placeholders,
    duration_ms,
)
from connectors.mapping.declared.yaml_text import Lines
from connectors.mapping.documents.paths import BadPath, Value, value_getter

FIELD = "document_call"
_ANSWER = "message"
"""The level that paths into an answer begin with, as in ``documents``."""


class DocumentCall(Struct, frozen=True, forbid_unknown_fields=True):
    """The field ``document_call``. ``document``: the path of the document, as base64, in a JSON answer; without it the
    answer is the document itself. ``numbers``: a regular expression of the whole numbers that are asked for; without
    it, all of the carrier's. ``source``: the carrier's documentation.
    """

    source: str
    url: str
    authorisation: Authorisation
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    document: str = ""
    numbers: str = ""
    timeout: str = "30s"


@dataclass(frozen=True, slots=True)
class CallPlan:
    """A compiled ``document_call:``. ``content``: reads the base64 text out of a JSON answer; None where the answer is
    the document. ``timeout_s``: seconds of one request."""

    call: DocumentCall
    timeout_s: float
    numbers: re.Pattern[str] | None = None
    content: Value | None = None

    def is_for(self, tracking_number: str) -> bool:
        """Whether the carrier's API knows numbers of this form."""
        return self.numbers is None or self.numbers.fullmatch(tracking_number) is not None


def call_plan_of(call: DocumentCall, carrier: object, lines: Lines) -> CallPlan:
    """Check and compile ``document_call``. Raises CarrierFileError that names the wrong field and the fix."""
    if not isinstance(carrier, str):
        raise lines.error((FIELD,), "an aggregator is not asked number by number: give carrier a name")
    for name, text in (("url", call.url), ("body", call.body)):
        check_placeholders(text, (NUMBER, REQUEST_ID), lines, (FIELD, name))
    for name, text in call.headers.items():
        check_placeholders(text, (REQUEST_ID,), lines, (FIELD, "headers", name))
    if not call.url.startswith("https://"):
        raise lines.error((FIELD, "url"), "give an https:// address")
    if NUMBER not in call.url + call.body:
        raise lines.error((FIELD, "url"), f"neither url nor body holds {NUMBER}")
    if call.body and call.method == "GET":
        raise lines.error((FIELD, "method"), "a body goes with POST")
    check_authorisation(call.authorisation, lines, (FIELD, "authorisation"))
    timeout_ms = duration_ms(call.timeout, lines, (FIELD, "timeout"))
    return CallPlan(call, timeout_ms / 1000, _numbers(call.numbers, lines), _content(call.document, lines))


def _numbers(text: str, lines: Lines) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise lines.error((FIELD, "numbers"), f"{text!r} is no regular expression: {error}") from error


def _content(path: str, lines: Lines) -> Value | None:
    if path == _ANSWER:
        raise lines.error((FIELD, "document"), "names no field; leave it out where the answer is the file")
    try:
        return value_getter(path, [_ANSWER]) if path else None
    except BadPath as error:
        raise lines.error((FIELD, "document"), str(error)) from error
