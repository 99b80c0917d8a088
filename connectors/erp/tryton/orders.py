"""Reads orders of a Tryton by cursor: sales that changed, and those of which a shipment or a package did.

What changed is read from three models, oldest change first, each from where the last page ended; a sale is told as it
is now. So changes made meanwhile are never stepped over, and a sale may come twice, which does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from connectors.erp.port import Encode, OrderPage
from connectors.erp.tryton.records import SHIPMENT, Records
from connectors.formats.prepared_types import prepared
from streams.kernel.errors import Reject, Transient

SALE, PACKAGE = "sale.sale", "stock.package"
LIMIT = 200
OVERLAP = timedelta(minutes=5)
"""How far a round goes back before the last change it knows: a transaction may end later than one that began after
it."""
_ORDERED = ["confirmed", "processing", "done", "cancelled"]
_STATUS = {"cancelled": "cancelled", "draft": "cancelled", "quotation": "cancelled", "done": "closed"}
_SALE = [
    "number", "state", "reference", "total_amount", "shipments", "write_date", "create_date", "party.code",
    "party.rec_name", "currency.code",
]
_SHIPMENT = ["number", "state", "packages", "shipping_reference", "write_date", "create_date", "carrier.rec_name"]
_PACKAGE = ["shipping_reference", "write_date", "create_date"]


class Source(NamedTuple):
    """Where changes are read. ``moved``: the field that says when; ``wanted``: which records; ``sales``: the path from
    a sale to them."""

    model: str
    moved: str
    wanted: Sequence[Any]
    sales: str


SOURCES = {
    # A sale that was set back to draft after its confirmation has a date: it is an order no more.
    "sales": Source(SALE, "write_date", ["OR", ["state", "in", _ORDERED], ["sale_date", "!=", None]], "id"),
    "shipments": Source(SHIPMENT, "write_date", [], "lines.moves.shipment.id"),
    "packed": Source(PACKAGE, "create_date", [], "lines.moves.package"),
    "packages": Source(PACKAGE, "write_date", [], "lines.moves.package"),
}


class Place(Struct):
    """How far one source is read: up to the record ``id`` of those that changed at ``since``, ISO 8601 in UTC."""

    since: str = "1970-01-01T00:00:00"
    id: int = 0


class Cursor(Struct):
    """How far all are read, and which is next."""

    places: dict[str, Place] = {}
    turn: int = 0
    reading: bool = False


class SaleReader:
    """Reads the sales of one database."""

    def __init__(self, records: Records, encode: Encode) -> None:
        self._records, self._encode = records, encode

    async def page(self, cursor: str) -> OrderPage:
        """The next page: of the source whose turn it is. Raises Transient for a cursor of something else, and as
        ``TrytonRpc.call``."""
        try:
            read = msgspec.json.decode(cursor, type=prepared(Cursor)) if cursor else Cursor()
        except msgspec.DecodeError as error:
            raise Transient(f"the cursor of the orders cannot be read: {error}") from error
        names = list(SOURCES)
        turn = read.turn % len(names)
        name = names[turn]
        place = read.places.get(name, Place())
        found = await self._changed(SOURCES[name], place, again=not read.reading)
        orders, refused = await self._told(SOURCES[name], [one["id"] for one in found])
        reading = len(found) >= LIMIT
        if found:
            last = Place(_when(found[-1][SOURCES[name].moved]).isoformat(), found[-1]["id"])
            place = last if reading else max(place, last, key=lambda one: one.since)
        turn = turn if reading else (turn + 1) % len(names)
        after = Cursor({**read.places, name: place}, turn, reading)
        return OrderPage(orders, msgspec.json.encode(after).decode(), reading or turn != 0, refused)

    async def _changed(self, source: Source, place: Place, *, again: bool) -> list[dict[str, Any]]:
        since = datetime.fromisoformat(place.since)
        begins: list[Any]
        if again:
            begins = [[source.moved, ">=", _stamp(max(since - OVERLAP, datetime(1970, 1, 1)))]]  # noqa: DTZ001
        else:
            later = [source.moved, ">", _stamp(since)]
            begins = [["OR", later, [[source.moved, "=", _stamp(since)], ["id", ">", place.id]]]]
        domain = [*begins, source.wanted] if source.wanted else begins
        found: list[dict[str, Any]] = await self._records.rpc.call(
            f"model.{source.model}.search_read", domain, 0, LIMIT, [[source.moved, "ASC"], ["id", "ASC"]],
            [source.moved],
        )
        return found

    async def _told(
        self, source: Source, ids: list[int]
    ) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, Reject]]]:
        """The sales these records belong to, as they are now, and those that are no order."""
        if not ids:
            return [], []
        path: list[Any] = [source.sales, "in", ids]
        if source.model == SHIPMENT:
            path.append(SHIPMENT)
        sales = await self._records.search(SALE, [path, ["number", "!=", None], SOURCES["sales"].wanted], _SALE)
        shipments = await self._by_id(SHIPMENT, [number for one in sales for number in one["shipments"]], _SHIPMENT)
        packages = await self._by_id(PACKAGE, [
            number for one in shipments.values() for number in one["packages"]
        ], _PACKAGE)
        orders, refused = list[tuple[bytes, bytes]](), list[tuple[bytes, Reject]]()
        for sale in sales:
            document = document_of(sale, shipments, packages)
            try:
                orders.append(self._encode(document))
            except Reject as reject:
                refused.append((msgspec.json.encode(document), reject.as_value()))
        return orders, refused

    async def _by_id(self, model: str, ids: list[int], fields: list[str]) -> dict[int, dict[str, Any]]:
        return {one["id"]: one for one in await self._records.read(model, sorted(set(ids)), fields)}


def document_of(
    sale: Mapping[str, Any], shipments: Mapping[int, Mapping[str, Any]], packages: Mapping[int, Mapping[str, Any]]
) -> dict[str, Any]:
    """The order that a sale is, as ``/v1/orders`` takes it. Each package with a carrier's number is a shipment."""
    ours = [shipments[number] for number in sale["shipments"] if number in shipments]
    inside = [packages[number] for one in ours for number in one["packages"] if number in packages]
    moved = max(_when(one["write_date"] or one["create_date"]) for one in (sale, *ours, *inside))
    document = {
        "order_id": sale["number"], "customer_id": sale["party."]["code"] or sale["party."]["rec_name"],
        "status": _STATUS.get(sale["state"], "open"), "updated_at": moved.replace(tzinfo=UTC).isoformat(),
        "currency": sale["currency."]["code"], "value": _number(sale["total_amount"]),
        "references": [{"type": "po", "value": sale["reference"]}] if sale["reference"] else [],
        "shipments": [
            line for one in ours if one["state"] != "cancelled" and one["number"] for line in _lines(one, packages)
        ],
    }
    return {name: value for name, value in document.items() if value is not None}


def _lines(shipment: Mapping[str, Any], packages: Mapping[int, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A line for each number of the carrier's, where the carrier is known; else one by the shipment's own number."""
    carrier = (shipment.get("carrier.") or {}).get("rec_name")
    told = [packages[number]["shipping_reference"] for number in shipment["packages"] if number in packages]
    numbers = list(dict.fromkeys(filter(None, [*told, shipment["shipping_reference"]]))) if carrier else []
    line = {
        "delivery_id": shipment["number"], "references": [{"type": "delivery_note", "value": shipment["number"]}],
    }
    return [{**line, "carrier": carrier, "tracking_number": one} for one in numbers] or [line]


def _when(value: Mapping[str, Any]) -> datetime:
    """A time as Tryton writes it, in UTC without a zone."""
    return datetime(  # noqa: DTZ001
        value["year"], value["month"], value["day"], value["hour"], value["minute"], value["second"],
        value.get("microsecond", 0),
    )


def _stamp(at: datetime) -> dict[str, Any]:
    return {
        "__class__": "datetime", "year": at.year, "month": at.month, "day": at.day, "hour": at.hour,
        "minute": at.minute, "second": at.second, "microsecond": at.microsecond,
    }


def _number(value: Any) -> float | None:
    """A number as Tryton writes it: a decimal is an object."""
    if isinstance(value, Mapping):
        value = value.get("decimal")
    return None if value is None else float(value)
