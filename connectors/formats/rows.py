"""Decodes NDJSON, delimited and fixed-width tables line by line. An invalid line does not affect the others."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any

from connectors.formats import json
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

Row = tuple[int, dict[str, Any] | Reject]


def ndjson(body: bytes) -> Iterator[Row]:
    """Yield (line number from 1, message or Reject) of every line that is not blank."""
    for number, line in enumerate(body.splitlines(), 1):
        if line.strip():
            yield number, json.tried(line)


def delimited(body: bytes, delimiter: str, quote: str, columns: Sequence[str], encoding: str) -> Iterator[Row]:
    """Yield (line number, row as column -> text, or Reject). Without ``columns`` the first row names them.

    A row with another number of columns yields a Reject ``contract_broken``; an invalid table ends with a Reject
    ``malformed``. Raises Reject ``not_text``.
    """
    text = io.StringIO(_text(body, encoding), newline="")
    lines = csv.reader(text, delimiter=delimiter, quotechar=quote, strict=True)
    names = list(columns)
    try:
        for row in lines:
            if not any(map(str.strip, row)):
                continue
            if not names:
                names = [field_name(cell) for cell in row]
                continue
            yield lines.line_num, _row(names, row)
    except csv.Error as error:
        yield lines.line_num, Reject(RejectReason.MALFORMED, f"no table from line {lines.line_num} on: {error}")


def fixed(body: bytes, widths: Sequence[int], columns: Sequence[str], encoding: str) -> Iterator[Row]:
    """Yield (line number, row as column -> text, or Reject). ``widths``: characters of each column.

    A line may end before its last columns; a longer line yields a Reject ``contract_broken``. Raises Reject
    ``not_text``.
    """
    cuts = list(pairwise(accumulate(widths, initial=0)))
    for number, line in enumerate(_text(body, encoding).splitlines(), 1):
        if line.strip():
            if len(line.rstrip()) > cuts[-1][1]:
                yield number, Reject(
                    RejectReason.CONTRACT_BROKEN, f"{len(line.rstrip())} characters; the columns are {cuts[-1][1]}"
                )
            else:
                yield number, {name: line[start:end] for name, (start, end) in zip(columns, cuts, strict=True)}


def field_name(cell: str) -> str:
    """Return a column's name as a key, with underscores for blanks and dots."""
    return "_".join(cell.replace(".", " ").split())


def _text(body: bytes, encoding: str) -> str:
    try:
        return body.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise Reject(RejectReason.NOT_TEXT, f"not {encoding}: {error.reason} at byte {error.start}") from error


def _row(names: Sequence[str], row: Sequence[str]) -> dict[str, Any] | Reject:
    if len(row) != len(names):
        return Reject(RejectReason.CONTRACT_BROKEN, f"{len(row)} columns; the table has {len(names)}")
    return dict(zip(names, row, strict=True))
