"""Cuts a dropped file into records, by lines or interchanges if its format allows; else the file is one record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from connectors.carriers import Carrier
from connectors.formats import line_cutting, x12_cutting
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason


def pieces(carrier: Carrier, stream: BinaryIO, most_bytes: int) -> Iterator[bytes]:
    """The records of one file, in order, each at most ``most_bytes``. Raises Reject if it cannot be cut so."""
    kind = carrier.formats[0]
    if kind == "x12":
        yield from x12_cutting.split(stream, most_bytes)
    elif kind == "ndjson":
        yield from line_cutting.split(stream, most_bytes, with_header=False)
    elif kind == "csv":
        yield from line_cutting.split(stream, most_bytes, carrier.rows_have_header)
    else:
        body = stream.read(most_bytes + 1)
        if len(body) > most_bytes:
            detail = f"more than {most_bytes} bytes, and {kind} cannot be cut: split the file"
            raise Reject(RejectReason.TOO_LARGE, detail)
        if body.strip():
            yield body
