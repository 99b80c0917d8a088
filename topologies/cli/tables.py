"""Tables of ``shipsync``: made for the eye on a terminal, and for ``cut`` and ``awk`` in a pipe.

On a terminal, texts are folded and times are told from now ("3 min ago"). Where the columns do not fit in less than
``WIDE``, the least important are left out and named below; what identifies a row stays, and is never cut. From ``WIDE``
on nothing is left out. In a pipe there is one line a row, each cell whole, with a tab between two cells, and times are
ISO 8601 in UTC.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from portal.words.times import ago
from topologies.operations.record_view import moment
from topologies.operations.terminal import PlainConsole, echo, one_line

WIDE = 120
"""Columns of a terminal from which on every column of a table is shown."""
KEY = 0
"""The rank of a column that identifies a row."""
GAP, NARROWEST = 2, 16


class Column(NamedTuple):
    """A column. ``rank``: ``KEY``, or the greater the less important; ``right``: aligned to the right, as numbers
    are."""

    head: str
    rank: int = 1
    right: bool = False


class At(NamedTuple):
    """A cell with a time, UTC ms; None where there is none. ``exact``: on a terminal also by the calendar."""

    at: int | None
    exact: bool = False


class Marked(NamedTuple):
    """A cell with a style of its own on a terminal."""

    text: str
    style: str


Cell = str | At | Marked


class Row(NamedTuple):
    """A row and its style on a terminal."""

    cells: Sequence[Cell]
    style: str


class Table:
    """A table that is filled, then shown. ``empty``: said where it has no rows; ``most``: rows on a terminal, where
    ``rest`` names the command that shows all; ``drop``: whether columns are left out where they do not fit, or each row
    gets lines of its own."""

    def __init__(
        self, *columns: Column, title: str = "", empty: str = "", most: int | None = None, rest: str = "",
        drop: bool = True,
    ) -> None:
        self.columns, self.rows = columns, list[Row]()
        self._title, self._empty, self._most, self._rest, self._drop = title, empty, most, rest, drop

    def add(self, *cells: Cell, style: str = "") -> None:
        """Add a row, a cell for each column."""
        assert len(cells) == len(self.columns)
        self.rows.append(Row(cells, style))

    def show(self, out: PlainConsole | None = None) -> None:
        """Print it as the standard output, or ``out``, wants it."""
        out = out or PlainConsole()
        if not out.is_terminal:
            for line in self.lines():
                out.file.write(f"{line}\n")
        elif self.rows:
            out.print(*self.drawn(out.width), sep="\n")
        if not self.rows and self._empty:
            note(self._empty)

    def lines(self) -> Iterator[str]:
        """The lines for a pipe: the heads, then a line a row."""
        yield "\t".join(column.head for column in self.columns)
        for row in self.rows:
            yield "\t".join(one_line(piped(cell)) for cell in row.cells)

    def drawn(self, width: int) -> Iterator[RenderableType]:
        """The table for a terminal of so many columns, and what is to be said below it."""
        now = time.time_ns() // 1_000_000
        shown = self.rows if self._most is None else self.rows[: self._most]
        cells = [[_text(cell, now) for cell in row.cells] for row in shown]
        natural = [
            max([cell_len(column.head), *(cell_len(row[place].plain) for row in cells)])
            for place, column in enumerate(self.columns)
        ]
        if self._title:
            yield Text(one_line(self._title), "bold")
        places, widths = fitted(self.columns, natural, width, drop=self._drop)
        if widths:
            yield self._table(cells, [row.style for row in shown], places, widths)
        else:
            for row, given in zip(cells, shown, strict=True):
                yield from self._entry(row, given.style)
        if len(shown) < len(self.rows):
            yield Text(f"and {len(self.rows) - len(shown):,} more: {self._rest}")
        left_out = [column.head for place, column in enumerate(self.columns) if place not in places]
        if left_out:
            yield Text(f"Not shown at this width: {', '.join(left_out)}", "dim")

    def _table(
        self, cells: Sequence[Sequence[Text]], styles: Sequence[str], places: Sequence[int], widths: Sequence[int]
    ) -> RichTable:
        drawn = RichTable(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for place, width in zip(places, widths, strict=True):
            column = self.columns[place]
            drawn.add_column(
                column.head, justify="right" if column.right else "left", overflow="fold", width=width, min_width=width
            )
        for row, style in zip(cells, styles, strict=True):
            drawn.add_row(*(row[place] for place in places), style=style or None)
        return drawn

    def _entry(self, row: Sequence[Text], style: str) -> Iterator[RenderableType]:
        """A row where no table fits: what identifies it, and below that all the rest."""
        keys = [row[place] for place, column in enumerate(self.columns) if column.rank == KEY]
        rest = [
            Text.assemble((f"{column.head} ", "dim"), row[place]) for place, column in enumerate(self.columns)
            if column.rank != KEY and row[place].plain not in ("", "-")
        ]
        head = Text("  ").join(keys)
        head.stylize(style)
        yield head
        yield Padding(Text(" · ").join(rest), (0, 0, 0, 4))


def fitted(
    columns: Sequence[Column], natural: Sequence[int], width: int, *, drop: bool = True
) -> tuple[list[int], list[int]]:
    """Which columns are shown, by their places, and how wide each is; no widths where no table fits.

    ``natural``: the width of each column in which nothing is folded.
    """
    places = list(range(len(columns)))
    while True:
        least = [
            natural[place] if columns[place].rank == KEY or columns[place].right
            else min(natural[place], max(NARROWEST, cell_len(columns[place].head)))
            for place in places
        ]
        spare = width - sum(least) - GAP * (len(places) - 1)
        if spare >= 0:
            return places, _shared([natural[place] for place in places], least, spare)
        rank, place = max((columns[place].rank, place) for place in places)
        if width >= WIDE or rank == KEY or not drop:
            return list(range(len(columns))), []
        places.remove(place)


def _shared(natural: Sequence[int], least: Sequence[int], spare: int) -> list[int]:
    """Widths between least and natural that use what is to spare, the narrowest column first."""
    widths = list(least)
    waiting = sorted(range(len(widths)), key=lambda place: natural[place] - least[place])
    for turn, place in enumerate(waiting):
        more = min(natural[place] - least[place], spare // (len(waiting) - turn))
        widths[place] += more
        spare -= more
    return widths


def show_card(title: str, rows: Mapping[str, Cell], out: PlainConsole | None = None) -> None:
    """Print names and values below each other, without those that are empty."""
    out = out or PlainConsole()
    given = {name: cell for name, cell in rows.items() if piped(cell)}
    if not out.is_terminal:
        for name, cell in given.items():
            out.file.write(f"{name}\t{one_line(piped(cell))}\n")
        return
    now = time.time_ns() // 1_000_000
    out.print(Text(one_line(title), "bold"))
    drawn = RichTable(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_header=False)
    drawn.add_column(style="dim", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, cell in given.items():
        drawn.add_row(name, _text(cell, now))
    out.print(drawn)


def note(text: str) -> None:
    """Print a line for people: not among the rows of a pipe."""
    echo(text, err=not PlainConsole().is_terminal)


def iso(at: int | None) -> str | None:
    """A time for JSON: ISO 8601, UTC."""
    return None if at is None else moment(at)


def iso_times(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Plain data for JSON with its times, the members whose names end in ``_at``, as ISO 8601; 0 is no time."""
    return {name: iso(value or None) if name.endswith("_at") else value for name, value in plain.items()}


def piped(cell: Cell) -> str:
    """A cell as a pipe gets it; empty where nothing is known."""
    match cell:
        case At(at=at):
            return iso(at) or ""
        case Marked(text=text):
            return text
        case _:
            return cell


def told(at: int | None, now: int, *, exact: bool = False) -> str:
    """A time on a terminal: ``3 min ago``; ``exact``: ``2026-11-29 10:12Z, 3 min ago``; ``-`` for None."""
    if at is None:
        return "-"
    calendar = moment(at)
    return f"{calendar[:10]} {calendar[11:16]}Z, {ago(at, now)}" if exact and calendar.endswith("Z") else ago(at, now)


def _text(cell: Cell, now: int) -> Text:
    match cell:
        case At(at=at, exact=exact):
            return Text(told(at, now, exact=exact))
        case Marked(text=text, style=style):
            return Text(one_line(text), style)
        case _:
            return Text(one_line(cell) or "-")
