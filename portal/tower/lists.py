"""Lists: filters in the address, pages of it, and the same list as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from fastapi import Request
from fastapi.responses import StreamingResponse

from connectors.read_store.pages import Page

T = TypeVar("T")
ROWS = 50
MOST_EXPORTED = 100_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def given(request: Request, names: Sequence[str]) -> dict[str, str | None]:
    """The filters of an address; None for those that are empty or left out."""
    return {name: request.query_params.get(name, "").strip() or None for name in names}


def with_cursor(filters: dict[str, str | None], cursor: str | None) -> dict[str, str | None]:
    """The same list, from the cursor on."""
    return {**filters, "cursor": cursor}


def every(read: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """The rows of all pages of a list, up to a hundred thousand."""
    cursor, number = None, 0
    while number < MOST_EXPORTED:
        page = read(cursor)
        yield from page.rows[:MOST_EXPORTED - number]
        number, cursor = number + len(page.rows), page.next
        if cursor is None:
            return


def table(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingResponse:
    """CSV (RFC 4180) in UTF-8 to download. A text that a spreadsheet would run as a formula gets an apostrophe."""
    return StreamingResponse(_lines(columns, rows), media_type="text/csv; charset=utf-8", headers={
        "Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    })


def _lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(one) for one in row])
        if written.tell() > 32_000:
            yield written.getvalue()
            written.seek(0)
            written.truncate()
    yield written.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
