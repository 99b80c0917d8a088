"""Detects the format of a sample file and drafts a ``carrier.yaml`` for it."""

from __future__ import annotations

import csv
from json import dumps as json_text
from typing import Any

from connectors.drafting.draft import carrier_yaml
from connectors.drafting.leaves import analyse
from connectors.formats import json, rows, x12, xml
from connectors.mapping.x12.set_214 import SETS
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

_MAX_ROWS = 200


def draft(feed: str, name: str, body: bytes, source: str) -> str:
    """Return the text of a ``carrier.yaml`` for payloads like ``body``. Raises Reject for an unknown format."""
    start = body.lstrip(b" \t\r\n\xef\xbb\xbf\x00")
    if not start:
        raise Reject(RejectReason.EMPTY, "only blanks")
    if start.startswith(b"ISA"):
        return _edi(feed, name, "x12", sorted({one.code for one in x12.read(body)[0]} & {*SETS}), source)
    if start.startswith(b"<"):
        with_attributes = _needs_attributes(body)
        message = (xml.read_with_attributes if with_attributes else xml.read)(body)
        return _mapped(feed, name, "xml", "\nxml_attributes: true" if with_attributes else "", message, source)
    if start[:1] in b"{[":
        return _json(feed, name, body, source)
    return _table(feed, name, body, source)


def _json(feed: str, name: str, body: bytes, source: str) -> str:
    try:
        return _mapped(feed, name, "json", "", json.read(body), source)
    except Reject:
        lines = [one for _, one in rows.ndjson(body) if isinstance(one, dict)]
        if len(lines) < 2:
            raise
        return _mapped(feed, name, "ndjson", "", lines[0], source)


def _needs_attributes(body: bytes) -> bool:
    """Return True if an element has an attribute that a mapping may need."""
    def any_in(value: Any) -> bool:
        if isinstance(value, dict):
            names = [key for key in value if key.startswith("@") and key not in ("@schemaLocation", "@type", "@nil")]
            return bool(names) or any(any_in(inner) for inner in value.values())
        return isinstance(value, list) and any(any_in(inner) for inner in value)

    return any_in(xml.read_with_attributes(body))


def _table(feed: str, name: str, body: bytes, source: str) -> str:
    try:
        dialect = csv.Sniffer().sniff(body[:4_000].decode("utf-8-sig", "replace"), ",;|\t")
    except csv.Error as error:
        raise Reject(RejectReason.MALFORMED, "neither JSON, XML, X12 nor a table with a delimiter") from error
    delimiter = dialect.delimiter
    found = [one for _, one in rows.delimited(body, delimiter, '"', (), "utf-8") if isinstance(one, dict)][:_MAX_ROWS]
    if not found:
        raise Reject(RejectReason.EMPTY, "a table without rows")
    shown = '"\\t"' if delimiter == "\t" else f'"{delimiter}"'
    return _mapped(feed, name, "csv", "" if delimiter == "," else f"\ncsv: {{delimiter: {shown}}}", found[0], source)


def _mapped(feed: str, name: str, kind: str, extra: str, message: dict[str, Any], source: str) -> str:
    return carrier_yaml(feed, name, kind, extra, analyse(message, kind == "xml"), source)


def _edi(feed: str, name: str, kind: str, sets: list[str], source: str) -> str:
    return "\n".join([
        f"# {name}. Drafted from one sample; the standard's tables hold where no entry here differs.",
        f"feed: {feed}", f"name: {name}", f"carrier: {feed}", f"formats: [{kind}]", "channel: edi",
        "zone: UTC  # look: the zone of the partner's clocks where a time tells none, such as America/New_York",
        "cadence: {expect_every: 1h, stale_after: 6h}  # look: how often it should be heard of",
        f"source: {json_text(source)}  # look: the partner's implementation guide", f"{kind}:",
        f"  sets: {json_text(sets)}", "",
    ])
