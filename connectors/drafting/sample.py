"""Reads sample files whole, detects their format, and drafts a ``carrier.yaml`` for them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

from connectors.drafting.draft import Draft, carrier_draft
from connectors.drafting.interchanges import edifact_draft, x12_draft
from connectors.drafting.leaves import analyse
from connectors.formats import json, rows, xml
from connectors.formats.envelopes import unwrapped
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

MOST_MESSAGES = 50_000
"""Messages and rows of which a draft is made; a file may hold more."""
_BLANK = b" \t\r\n\xef\xbb\xbf\x00"
_DELIMITERS = ",;|\t"


class Sample(NamedTuple):
    """A sample file: its name, for people, and its bytes."""

    name: str
    body: bytes


def draft(feed: str, name: str, samples: Sequence[Sample], source: str) -> Draft:
    """Draft a ``carrier.yaml`` from all samples, each read whole.

    Raises Reject for a format nothing is known of, and for samples of several formats.
    """
    kinds = {one.name: _kind(one) for one in samples}
    first = next(iter(kinds.values()))
    other = next((sample for sample, kind in kinds.items() if kind != first), None)
    if other is not None:
        raise Reject(
            RejectReason.UNEXPECTED_SHAPE,
            f"{samples[0].name} is {first}, {other} is {kinds[other]}: draft from files of one format",
        )
    bodies = [(unwrapped(one.body) or one.body).lstrip(_BLANK) for one in samples]
    if first == "x12":
        return x12_draft(feed, name, bodies, source)
    if first == "edifact":
        return edifact_draft(feed, name, bodies, source)
    if first == "csv":
        return _table(feed, name, samples, source)
    extra, messages, files = _messages(first, samples, bodies)
    return _mapped(feed, name, first, extra, messages, files, source)


def _kind(sample: Sample) -> str:
    """The format of a sample, by its first characters, and of JSON by its lines. Raises Reject."""
    start = sample.body.lstrip(_BLANK)
    if not start:
        raise Reject(RejectReason.EMPTY, f"{sample.name}: only blanks")
    inner = (unwrapped(start) or start).lstrip(_BLANK)
    if inner.startswith(b"ISA"):
        return "x12"
    if inner.startswith((b"UNA", b"UNB")):
        return "edifact"
    if inner.startswith(b"<"):
        return "xml"
    if inner[:1] not in b"{[":
        return "csv"
    try:
        json.read(inner)
    except Reject:
        lines = [one for _, one in islice(rows.ndjson(inner), 2)]
        if len(lines) > 1 and all(isinstance(one, dict) for one in lines):
            return "ndjson"
        raise
    return "json"


def _messages(
    kind: str, samples: Sequence[Sample], bodies: Sequence[bytes]
) -> tuple[str, list[dict[str, Any]], list[str]]:
    """Return what stands beside ``formats``, every message of the samples, and of each the name of its file."""
    if kind == "xml":
        with_attributes = any(_needs_attributes(body) for body in bodies)
        read = xml.read_with_attributes if with_attributes else xml.read
        found = [[read(body)] for body in bodies]
        extra = "\nxml_attributes: true" if with_attributes else ""
    elif kind == "json":
        found, extra = [[json.read(body)] for body in bodies], ""
    else:
        found, extra = [[one for _, one in rows.ndjson(body) if isinstance(one, dict)] for body in bodies], ""
    pairs = [(one, sample.name) for sample, messages in zip(samples, found, strict=True) for one in messages]
    pairs = pairs[:MOST_MESSAGES]
    return extra, [one for one, _ in pairs], [name for _, name in pairs]


def _needs_attributes(body: bytes) -> bool:
    """Return True if an element has an attribute that a mapping may need."""
    def any_in(value: Any) -> bool:
        if isinstance(value, dict):
            names = [key for key in value if key.startswith("@") and key not in ("@schemaLocation", "@type", "@nil")]
            return bool(names) or any(any_in(inner) for inner in value.values())
        return isinstance(value, list) and any(any_in(inner) for inner in value)

    return any_in(xml.read_with_attributes(body))


def _table(feed: str, name: str, samples: Sequence[Sample], source: str) -> Draft:
    try:
        dialect = csv.Sniffer().sniff(samples[0].body[:4_000].decode("utf-8-sig", "replace"), _DELIMITERS)
    except csv.Error as error:
        raise Reject(
            RejectReason.MALFORMED, "neither JSON, XML, X12, EDIFACT nor a table with a delimiter"
        ) from error
    delimiter = dialect.delimiter
    messages: list[dict[str, Any]] = []
    files: list[str] = []
    for sample in samples:
        found = rows.delimited(sample.body, delimiter, '"', (), "utf-8")
        mine = [one for _, one in islice(found, MOST_MESSAGES) if isinstance(one, dict)]
        messages += mine
        files += [sample.name] * len(mine)
    if not messages:
        raise Reject(RejectReason.EMPTY, "a table without rows")
    shown = '"\\t"' if delimiter == "\t" else f'"{delimiter}"'
    extra = "" if delimiter == "," else f"\ncsv: {{delimiter: {shown}}}"
    return _mapped(feed, name, "csv", extra, messages, files, source)


def _mapped(
    feed: str, name: str, kind: str, extra: str, messages: list[dict[str, Any]], files: list[str], source: str
) -> Draft:
    structures = analyse(messages, kind == "xml")
    made = carrier_draft(feed, name, kind, extra, structures, messages, source)
    timed = {number for one in structures if one.is_timed for number in one.messages}
    made.unread = list(dict.fromkeys(file for number, file in enumerate(files) if number not in timed))
    return made
