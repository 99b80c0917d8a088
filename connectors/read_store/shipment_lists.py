"""Reads lists of shipments from the read model, a page at a time, by the index that holds the fewest others."""

from __future__ import annotations

from typing import Any, NamedTuple

from connectors.read_store.counts import CountReads
from connectors.read_store.pages import Page, equal, page_of, position_of, where_all
from streams.contracts import model
from streams.kernel.vocabulary import Status


class ShipmentFilter(NamedTuple):
    """Which shipments a list shows; None: all. ``since``: changed then or later, UTC ms."""

    carrier: str | None = None
    status: str | None = None
    punctuality: str | None = None
    exception: str | None = None
    since: int | None = None
    customer: str | None = None


class ShipmentListReads(CountReads):
    """The lists. All methods raise Transient where there is no file that can be read."""

    def shipments(self, wanted: ShipmentFilter, limit: int, cursor: str | None = None) -> Page[model.ShipmentState]:
        """The newest first; of one customer, judged by the promise to it. Raises WrongCursor."""
        where, given = equal(wanted, ("carrier", "status", "exception"))
        judged = "shipments" if wanted.customer is None else "c"
        if wanted.punctuality is not None:
            where, given = [*where, f"{judged}.punctuality = ?"], [*given, wanted.punctuality]
        source, by, number, more = self._source(wanted)
        if source is None:
            return Page([], None)
        where += more
        if wanted.customer is not None:
            where, given = [*where, "c.customer = ?"], [*given, wanted.customer]
        if wanted.since is not None:
            where, given = [*where, f"{by} >= ?"], [*given, wanted.since]
        if cursor is not None:
            where.append(f"({by}, {number}) < (?, ?)")
            given += position_of(cursor, (int, int))
        newest = f"ORDER BY {by} DESC, {number} DESC LIMIT ?"
        if source == "shipments":
            rows = self._of_any_status(where, newest, [*given, limit + 1])
        else:
            rows = self._rows(
                f"SELECT {by}, {number}, shipments.doc FROM {source}{where_all(where)} {newest}", *given, limit + 1
            )
        return page_of(rows, limit, model.ShipmentState)

    def _of_any_status(self, where: list[str], newest: str, given: list[Any]) -> list[tuple[Any, ...]]:
        """The newest of each status, merged: an index of all by their time alone would have to be written with every
        change."""
        of_one = (
            "SELECT * FROM (SELECT updated_at, number FROM shipments INDEXED BY shipments_by_status"
            f"{where_all(['status = ?', *where])} {newest})"
        )
        return self._rows(
            f"WITH found AS ({' UNION ALL '.join([of_one] * len(Status))})"
            f" SELECT updated_at, number, shipments.doc FROM found CROSS JOIN shipments USING (number, updated_at)"
            f" {newest.replace('shipments.', '')}",
            *(value for status in Status for value in (status.value, *given)), given[-1],
        )

    def _source(self, wanted: ShipmentFilter) -> tuple[str | None, str, str, list[str]]:
        """Where a list is read from, by the index that holds the fewest others: tables, None for an empty list; the
        columns it is sorted by; further conditions."""
        columns = ("carrier", "status", "exception", *(("punctuality",) if wanted.customer is None else ()))
        named = {one: value for one in columns if (value := getattr(wanted, one)) is not None}
        narrowest = self._narrowest(named) if named else None
        if narrowest is not None and not narrowest.matching:
            return None, "", "", []
        own, theirs = ("shipments.updated_at", "shipments.number"), ("c.updated_at", "c.shipment")
        indexed, more = "shipments", list[str]()
        if narrowest is not None and narrowest.way:
            indexed, more = f"shipments INDEXED BY {narrowest.way}", [narrowest.condition] * bool(narrowest.condition)
        if wanted.customer is None:
            return indexed, *own, more
        if indexed == "shipments" or not self._has_more(wanted.customer, narrowest.holds if narrowest else 0):
            return "shipment_customers AS c CROSS JOIN shipments ON shipments.number = c.shipment", *theirs, []
        return (
            f"{indexed} CROSS JOIN shipment_customers AS c ON c.updated_at = shipments.updated_at"
            " AND c.shipment = shipments.number"
        ), *own, more
