"""Asks the read model for its daily numbers: of carriers, of postings, of alerts and of what people decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import msgpack

from connectors.formats.prepared_types import prepared
from streams.contracts import model
from streams.kernel.vocabulary import AlertState, Severity
from streams.read_model.tallies import DAY_MS, Measure

Ask = Callable[..., list[Any]]
"""Runs a query with its parameters and returns the rows. Raises Transient where the file cannot be read."""
MOST_DECISIONS = 1_000


Counted = tuple[str, str, int, int, int]
"""Carrier, measure, how many steps of days before the last one, bucket of durations, number. Plain tuples: a board
reads tens of thousands."""


class Closed(NamedTuple):
    """Alerts that were resolved on one day (since 1970, UTC). ``in_time``: how many within their target."""

    day: int
    number: int
    in_time: int


class Figures:
    """The daily numbers. All methods raise Transient where the read model cannot be read."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def counted(self, measures: Sequence[Measure], first: int, last: int, step: int = 1) -> list[Counted]:
        """The numbers of these measures from the day ``first`` to the day ``last`` (since 1970, UTC), those of ``step``
        days together, counted from the last."""
        places = ", ".join("?" * len(measures))
        number, together = ("sum(number)", " GROUP BY 1, 2, 3, 4") if step > 1 else ("number", "")
        return self._ask(
            f"SELECT carrier, measure, (? - day) / ?, bucket, {number} FROM tallies"
            f" WHERE measure IN ({places}) AND day BETWEEN ? AND ?{together}", last, step, *measures, first, last,
        )

    def closed(self, since: int, targets: Mapping[Severity, int]) -> list[Closed]:
        """The alerts that were resolved at ``since`` or later, UTC ms, and have not come back, by day. ``targets``: ms
        within which alerts of a severity are to be closed."""
        within = " ".join("WHEN ? THEN ?" for _ in targets)
        named = [value for severity, target in targets.items() for value in (severity.value, target)]
        return [Closed(*row) for row in self._ask(
            f"SELECT resolved_at / {DAY_MS}, count(*), sum(resolved_at - raised_at <= CASE severity {within} END)"
            " FROM alerts WHERE resolved_at >= ? AND state = ? GROUP BY 1", *named, since, AlertState.RESOLVED,
        )]

    def raised_before(self, severity: str, at: int) -> int:
        """How many alerts of a severity are open that were raised before this time, UTC ms."""
        [[number]] = self._ask(
            "SELECT count(*) FROM alerts WHERE open = 1 AND severity = ? AND raised_at < ?", severity, at
        )
        return int(number)

    def decisions(self, since: int) -> list[model.MasterRecord]:
        """The references and links that people decided at ``since`` or later, UTC ms; the newest first."""
        rows = self._ask(
            "SELECT doc FROM manual_decisions WHERE at >= ? ORDER BY at DESC LIMIT ?", since, MOST_DECISIONS
        )
        return [msgpack.decode(doc, type=prepared(model.MasterRecord)) for [doc] in rows]

    def decided_at(self, since: int) -> list[int]:
        """When people decided them, UTC ms."""
        return [at for [at] in self._ask("SELECT at FROM manual_decisions WHERE at >= ?", since)]
