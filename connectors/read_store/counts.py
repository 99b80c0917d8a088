"""Reads from the read model how many shipments there are of each sort, and which index finds some of them soonest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from connectors.read_store.connections import Connections
from connectors.read_store.schema import AT_RISK
from streams.kernel.vocabulary import ExceptionType, Punctuality

MOST_SKIPPED = 50_000
"""A customer's shipments are counted so far, to find out whether another way is shorter."""


class Counted(NamedTuple):
    """How many shipments are alike in these."""

    carrier: str
    status: str
    punctuality: str
    exception: str
    number: int


class CarrierNow(NamedTuple):
    """How many shipments of a carrier there are; how many of them are at risk, and have an open exception."""

    shipments: int = 0
    at_risk: int = 0
    with_exception: int = 0


class Narrowest(NamedTuple):
    """How many shipments fit all conditions, as far as they are counted; the index that holds the fewest that fit one
    of them, how many it holds, and a condition that lets it be used. Empty where no index fits."""

    matching: int
    way: str = ""
    holds: int = 0
    condition: str = ""


class CountReads(Connections):
    """The numbers of shipments. All methods raise Transient where there is no file that can be read."""

    def counts(self) -> list[Counted]:
        """Shipments by carrier, status, punctuality and open exception."""
        return [Counted(*row) for row in self._rows("SELECT * FROM shipment_counts")]

    def carriers(self) -> dict[str, CarrierNow]:
        """The carriers that shipments are of, in order of their names, and how many."""
        rows = self._rows(
            "SELECT carrier, sum(number), sum(number * (punctuality = ?)), sum(number * (exception <> ?))"
            " FROM shipment_counts GROUP BY carrier ORDER BY carrier", Punctuality.AT_RISK, ExceptionType.NONE,
        )
        return {carrier: CarrierNow(*numbers) for carrier, *numbers in rows}

    def by_punctuality(self) -> dict[str, int]:
        """How many shipments have each punctuality."""
        return dict(self._rows("SELECT punctuality, sum(number) FROM shipment_counts GROUP BY punctuality"))

    def _narrowest(self, wanted: Mapping[str, str]) -> Narrowest:
        """The best way to shipments with these values of carrier, status, punctuality or exception: SQLite knows
        nothing of how many there are of each, and uses no partial index for a value it is given beside the query."""
        columns = [*wanted]
        sums = ", ".join(f"coalesce(sum(number * ({column} = ?)), 0)" for column in columns)
        every = " AND ".join(f"{column} = ?" for column in columns)
        [[matching, *held]] = self._rows(
            f"SELECT coalesce(sum(number * ({every})), 0), {sums} FROM shipment_counts", *wanted.values(),
            *wanted.values(),
        )
        ways = [
            Narrowest(matching, *_INDEXES[column][:1], number, _INDEXES[column][1])
            for column, number in zip(columns, held, strict=True) if wanted[column] not in _INDEXES[column][2]
        ]
        return min(ways, key=lambda one: one.holds, default=Narrowest(matching))

    def _has_more(self, customer: str, number: int) -> bool:
        """Whether a customer has more shipments than so many."""
        [[some]] = self._rows(
            "SELECT count(*) FROM (SELECT 1 FROM shipment_customers WHERE customer = ? LIMIT ?)", customer,
            min(number, MOST_SKIPPED) + 1,
        )
        return int(some) > number


_OFTEN = frozenset(Punctuality) - frozenset(AT_RISK)
_INDEXES: Mapping[str, tuple[str, str, frozenset[str]]] = {
    "carrier": ("shipments_by_carrier", "", frozenset()), "status": ("shipments_by_status", "", frozenset()),
    "punctuality": (
        "shipments_at_risk", f"shipments.punctuality IN ({', '.join(f'{one!r}' for one in map(str, AT_RISK))})", _OFTEN
    ),
    "exception": (
        "shipments_with_exception", f"shipments.exception <> '{ExceptionType.NONE}'", frozenset({ExceptionType.NONE})
    ),
}
"""By column: the index, what a query has to say to use it, and values it does not hold."""
