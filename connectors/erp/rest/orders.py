"""Reads orders page by page. The cursor says, for each source, since when its changes are read.

A page asks for changes at or after ``since``, oldest first; its newest change is the next ``since``. Only where a whole
page was changed at one moment does the next page go on by ``offset``. So changes made while pages are read are never
stepped over, and an item may come twice, which does no harm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, structs

from connectors.erp.port import Encode, OrderPage, Refused, Unknown
from connectors.erp.rest import running
from connectors.erp.rest.client import ErpClient, NoReply
from connectors.erp.rest.compiled import Compiled, Orders
from connectors.erp.rest.expressions import NoValue
from connectors.erp.rest.session import Session
from connectors.formats.prepared_types import prepared
from streams.kernel.errors import Reject, Transient
from streams.kernel.vocabulary import RejectReason


class Place(Struct):
    """How far one source is read. ``since``: UTC ms. ``offset``: items of that very moment already read. ``reading``:
    whether there are more pages. ``next``: the address of the next page."""

    since: int
    offset: int = 0
    reading: bool = False
    next: str = ""


class Cursor(Struct):
    """How far all sources are read, and which is next."""

    sources: dict[str, Place]
    turn: int = 0


class OrderPuller:
    """Reads the orders of one ERP."""

    def __init__(
        self, compiled: Compiled, session: Session, client: ErpClient, values: Mapping[str, str], encode: Encode
    ) -> None:
        self._compiled, self._session, self._client = compiled, session, client
        self._values, self._encode = dict(values), encode

    async def page(self, cursor: str) -> OrderPage:
        """The next page: of the first source that has more, else of all that follow it. Raises Transient."""
        names = list(self._compiled.orders)
        if not names:
            return OrderPage((), cursor)
        read = self._read_cursor(cursor)
        turn = read.turn if read.turn < len(names) else 0
        name = names[turn]
        page, place = await self._read(name, self._compiled.orders[name], read.sources[name])
        turn = turn if place.reading else (turn + 1) % len(names)
        after = Cursor(read.sources | {name: place}, turn)
        more = place.reading or turn != 0
        return structs.replace(page, cursor=msgspec.json.encode(after).decode(), more=more)

    def _read_cursor(self, cursor: str) -> Cursor:
        try:
            read = msgspec.json.decode(cursor, type=prepared(Cursor)) if cursor else Cursor({})
        except msgspec.DecodeError as error:
            raise Transient(f"the cursor of the orders cannot be read: {error}") from error
        sources = {name: read.sources.get(name, Place(one.begin_ms)) for name, one in self._compiled.orders.items()}
        return Cursor(sources, read.turn)

    async def _read(self, name: str, orders: Orders, place: Place) -> tuple[OrderPage, Place]:
        declared = orders.declared
        since = place.since if place.reading else max(orders.begin_ms, place.since - declared.overlap_s * 1000)
        context = {"values": self._values, "since": since, "offset": place.offset, "limit": declared.limit}
        try:
            calls = await self._called(orders, context, place.next)
            seen = {**context, "calls": calls}
            items = orders.items.value(seen)
            if not isinstance(items, list):
                raise NoValue(f"items of {name}: a list is due, {type(items).__name__} is there")
            following = None if orders.next is None else orders.next.value(seen)
            more = bool(following) if orders.next is not None else (
                len(items) >= declared.limit if orders.more is None else orders.more.holds(seen))
        except NoValue as error:
            raise Transient(f"the ERP's answer about orders cannot be read: {error}") from error
        kept, refused, newest = self._mapped(orders, items, seen)
        after = _after(place, since, newest, more, str(following or ""), declared.limit)
        return OrderPage(kept, "", refused=refused), after

    async def _called(self, orders: Orders, context: Mapping[str, Any], following: str) -> dict[str, dict[str, Any]]:
        first, *others = orders.requests
        try:
            if not following:
                return await running.made(orders.requests, context, self._session, self._compiled)
            page = await running.followed(first, following, context, self._session, self._compiled)
            return await running.made(others, context, self._session, self._compiled, page)
        except running.Ended as ended:
            answer = ended.answer
            words = answer.detail if isinstance(answer, Unknown) else ""
            words = answer.reason if isinstance(answer, Refused) else words
            raise Transient(self._client.told(f"orders: {words}")) from ended
        except NoReply as error:
            raise Transient(f"orders: {error.detail}") from error

    def _mapped(
        self, orders: Orders, items: list[Any], seen: Mapping[str, Any]
    ) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, Reject]], int | None]:
        """Orders, items that are none, and when the newest item was changed."""
        kept: dict[bytes, bytes] = {}
        refused: list[tuple[bytes, Reject]] = []
        newest: int | None = None
        for item in items:
            context = {**seen, "item": item, "given": {}}
            try:
                for name, one in orders.given.items():
                    context["given"][name] = one.value(context)
                stamp = orders.stamp.value(context)
                if isinstance(stamp, int):
                    newest = stamp if newest is None else max(newest, stamp)
                key, value = self._encode(_without_nothing(orders.order.value(context)))
            except NoValue as error:
                refused.append((_raw(item), Reject(RejectReason.CONTRACT_BROKEN, self._client.told(str(error)))))
            except Reject as reject:
                refused.append((_raw(item), reject.as_value()))
            else:
                kept[key] = value
        return list(kept.items()), refused, newest


def _after(place: Place, since: int, newest: int | None, more: bool, following: str, limit: int) -> Place:
    if not more:
        return Place(max(place.since, since if newest is None else newest))
    if following:
        return Place(max(place.since, since if newest is None else newest), 0, True, following)
    if newest is None or newest <= since:
        return Place(since, place.offset + limit, True)
    return Place(newest, 0, True)


def _without_nothing(document: dict[str, Any]) -> dict[str, Any]:
    """The document without fields that are None: an ERP that has no value for one does not say it is none."""
    return {name: value for name, value in document.items() if value is not None}


def _raw(item: Any) -> bytes:
    return json.dumps(item, ensure_ascii=False).encode("utf-8", "replace")
