"""Adapters compiled from a ``carrier.yaml``: they decode a payload, choose the matching document, and map it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from connectors.formats import json, rows, xml
from connectors.formats.envelopes import unwrapped
from connectors.formats.room import LINE_BYTES, Room
from connectors.mapping.declared.refusals import MergedRejects, Refusals, Test, merged_by_reason
from connectors.mapping.declared.schema import Csv
from connectors.mapping.documents.document import MESSAGE, DocumentReader
from connectors.mapping.values.repetition import Repetition
from streams.intake.adapter import Parsed, RawContext
from streams.intake.payload_shape import SAMPLED, shape
from streams.kernel.carrier_errors import CarrierError
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

Decode = Callable[[bytes], dict[str, Any]]
DecodeRows = Callable[[bytes], Iterator[rows.Row]]
DECODERS: dict[str, Decode] = {"json": json.read, "xml": xml.read}
DECODERS_WITH_ATTRIBUTES: dict[str, Decode] = {**DECODERS, "xml": xml.read_with_attributes}
LOOKED_AT = 100
"""Lines among which some that can be read are looked for, to tell the shape of a file."""
BY_LINE = ("ndjson", "csv")
_MAY_BE_WRAPPED = frozenset({
    RejectReason.UNSUPPORTED_MESSAGE, RejectReason.UNEXPECTED_SHAPE, RejectReason.MALFORMED,
})
_BLANK = b" \t\r\n\xef\xbb\xbf\x00"
Documents = Sequence[tuple[Test, DocumentReader]]


class MappedAdapter:
    """Maps one carrier's JSON and XML to canonical events. ``documents`` are tried in order; the first match maps."""

    def __init__(self, feed: str, decoders: Mapping[str, Decode], refusals: Refusals, documents: Documents) -> None:
        self.feed = feed
        self._decoders = decoders
        self._refusals = refusals
        self._documents = documents

    def parse(self, body: bytes, context: RawContext) -> Parsed:
        """Map one payload to events, rejects and carrier errors. Raises Reject if no document matches.

        What is recognised only without the envelope of a connector is read without it.
        """
        parsed = Parsed([], [])
        repetition = Repetition(len(body))
        try:
            message, kind = self._read(body)
            self.parse_message(message, kind == "xml", context, parsed, repetition)
        except Reject as reject:
            inner = unwrapped(body) if reject.reason in _MAY_BE_WRAPPED else None
            if inner is None:
                raise
            message, kind = self._read(inner)
            self.parse_message(message, kind == "xml", context, parsed, repetition)
        if parsed.rejects:
            parsed.rejects = merged_by_reason(parsed.rejects)
        return parsed

    def shape(self, body: bytes) -> set[str]:
        """Return the paths of all fields in a payload. Raises Reject if it cannot be decoded."""
        return shape(self._read(unwrapped(body) or body)[0])

    def parse_message(
        self, message: dict[str, Any], single_as_object: bool, context: RawContext, parsed: Parsed,
        repetition: Repetition,
    ) -> None:
        """Append the events, rejects and errors of a message to ``parsed``. Raises Reject if no document matches.

        ``single_as_object``: the format (XML) shows a list of one element as an object.
        """
        at = (message,)
        for recognised, document in self._documents:
            if recognised(at):
                document.parse(at, context, parsed, single_as_object, repetition)
                return
        outcome = self._refusals.outcome_for(at)
        if isinstance(outcome, CarrierError):
            parsed.errors.append(outcome)
            return
        raise outcome or self._unrecognised(message)

    def _unrecognised(self, message: dict[str, Any]) -> Reject:
        if list(message) == [json.LIST]:
            return Reject(
                RejectReason.UNEXPECTED_SHAPE, f"an object is due, this is a list of {len(message[json.LIST])}", MESSAGE
            )
        return Reject(
            RejectReason.UNSUPPORTED_MESSAGE, f"none of the messages known of {self.feed}; it holds {_keys(message)}",
            MESSAGE,
        )

    def _read(self, body: bytes) -> tuple[dict[str, Any], str]:
        first = body[:1]
        if first != b"{" and first != b"<":
            body = body.lstrip(_BLANK)
            first = body[:1]
            if not first:
                raise Reject(RejectReason.EMPTY, "only blanks")
        kind = "xml" if first == b"<" else "json"
        decode = self._decoders.get(kind)
        if decode is None:
            raise Reject(RejectReason.UNSUPPORTED_MESSAGE, f"{kind} is not what {self.feed} sends")
        return decode(body), kind


class RowsAdapter:
    """Maps one carrier's NDJSON, CSV and fixed-width files; each line is one message."""

    def __init__(self, mapped: MappedAdapter, read: DecodeRows) -> None:
        self.feed = mapped.feed
        self._mapped = mapped
        self._read = read

    def parse(self, body: bytes, context: RawContext) -> Parsed:
        """Map every line. A line that cannot be mapped adds a reject with its number; the others are still mapped.

        Raises Reject ``empty`` if every line is blank, ``malformed`` for more lines than have room in the body.
        """
        parsed = Parsed([], [])
        number, rejects = 0, MergedRejects()
        repetition = Repetition(len(body))
        room = Room(len(body), LINE_BYTES, "lines")
        for number, message in self._read(body):
            room.take()
            if isinstance(message, Reject):
                rejects.add(message, f"line {number}: ")
                continue
            try:
                self._mapped.parse_message(message, False, context, parsed, repetition)
            except Reject as reject:
                parsed.rejects.append(reject.as_value())
            for one in parsed.rejects:
                rejects.add(one, f"line {number}: ")
            parsed.rejects.clear()
        if not number:
            raise Reject(RejectReason.EMPTY, "no line with anything in it")
        parsed.rejects = rejects.merged()
        return parsed

    def shape(self, body: bytes) -> set[str]:
        """Return the paths of all fields in the first lines. Raises Reject if the table cannot be decoded."""
        first = (message for _, message in islice(self._read(body), LOOKED_AT) if not isinstance(message, Reject))
        return {part for message in islice(first, SAMPLED) for part in shape(message)}


def rows_decoder(kind: str, table: Csv | None) -> DecodeRows:
    """Return the decoder of ``ndjson`` or ``csv`` lines; ``table`` is the ``csv`` field of the ``carrier.yaml``."""
    if kind == "ndjson":
        return rows.ndjson
    spec = table or Csv()
    if spec.widths:
        return lambda body: rows.fixed(body, spec.widths, spec.columns, spec.encoding)
    return lambda body: rows.delimited(body, spec.delimiter, spec.quote, spec.columns, spec.encoding)


def _keys(message: dict[str, Any]) -> str:
    names = ", ".join(key[:40] for key in list(message)[:8])
    return names or "nothing"
