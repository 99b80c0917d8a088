"""A Tryton in memory, as far as postings ask it: an httpx transport with a shipment of one sale, or several.

Answers can be lost after the call was carried out (``lose``). ``make erp`` holds the same against a real one.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import httpx

SHIPMENT, RETURN, INVOICE = "stock.shipment.out", "stock.shipment.out.return", "account.invoice"
LINE, MOVE = "account.invoice.line", "stock.move"
STEPS = {
    (SHIPMENT, "wait"): ("draft", "waiting"), (SHIPMENT, "pick"): ("assigned", "picked"),
    (SHIPMENT, "pack"): ("picked", "packed"), (SHIPMENT, "ship"): ("packed", "shipped"),
    (SHIPMENT, "do"): ("shipped", "done"), (INVOICE, "post"): ("draft", "posted"),
    (RETURN, "receive"): ("draft", "received"), (RETURN, "do"): ("received", "done"),
}
Record = dict[str, Any]


class Refusal(Exception):
    """Takes the place of a result."""


class FakeTryton(httpx.AsyncBaseTransport):
    """The server. ``calls``: methods called, sessions left out; ``has_stock``: whether it can be assigned;
    ``dies_before_invoice``: the task after a shipment's end, which invoices it, is lost; ``is_administrator``: the user
    may have a sale processed."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.has_stock, self.lose = True, frozenset[int]()
        self.dies_before_invoice, self.is_administrator = False, True
        self.token, self._skipped = "t1", set[str]()
        self._ids, self._clock = itertools.count(100), itertools.count(1)
        self.tables: dict[str, dict[int, Record]] = {}
        self.add("sale.line", sale=self.add("sale.sale", invoices_recreated=[]))
        self.add("stock.package.type", name="Parcel")
        self.add("stock.location", input_location=51, storage_location=52)
        self.shipment = self.ship("800123")

    def ship(self, number: str) -> int:
        """A shipment that waits to be assigned; its id."""
        [line], [place] = self.tables["sale.line"], self.tables["stock.location"]
        shipment = self.add(
            SHIPMENT, number=number, state="waiting", customer=3, company=1, warehouse=place, delivery_address=4,
            warehouse_storage=52, warehouse_output=53, shipping_reference=None,
        )
        self.add(
            MOVE, shipment=f"{SHIPMENT},{shipment}", package=None, state="draft", product=5, quantity=2.0, unit=1,
            unit_price={"__class__": "Decimal", "decimal": "10"}, currency=1, to_location=9, origin=f"sale.line,{line}",
        )
        return shipment

    def add(self, model: str, **values: Any) -> int:
        """A record; its id."""
        number = next(self._ids)
        self.tables.setdefault(model, {})[number] = {**values, "id": number, "_timestamp": str(next(self._clock))}
        return number

    def rows(self, model: str, **wanted: Any) -> list[Record]:
        """The records that fit."""
        return [
            one for one in self.tables.get(model, {}).values() if all(one.get(key) == wanted[key] for key in wanted)
        ]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(await request.aread())
        method, params = body["method"], body["params"]
        if method == "common.db.login":
            return httpx.Response(200, json={"id": 0, "result": [1, self.token, None]})
        if not request.headers["authorization"].startswith("Session "):
            return httpx.Response(401)
        if method == "model.res.user.get_preferences":
            return httpx.Response(200, json={"id": 0, "result": {"company": 1}})
        self.calls.append(method)
        number = len(self.calls)
        try:
            answer: Record = {"id": 0, "result": self._called(method, params[:-1], params[-1])}
        except Refusal as refusal:
            answer = {"id": 0, "error": refusal.args[0]}
        if number in self.lose:
            raise httpx.ReadTimeout("lost", request=request)
        return httpx.Response(200, json=answer)

    def _called(self, method: str, params: list[Any], context: Record) -> Any:
        kind, _, rest = method.partition(".")
        model, _, name = rest.rpartition(".")
        if kind == "wizard":
            return self._wizard(model, name, params, context)
        for reference, stamp in context.get("_timestamp", {}).items():
            table, _, number = reference.partition(",")
            if self.tables[table][int(number)]["_timestamp"] != stamp:
                raise Refusal(["ConcurrencyException", "changed"])
        own: dict[str, Callable[..., Any]] = {
            "search_read": self._search, "read": self._read, "create": self._create, "write": self._write,
            "delete": self._delete, "skip": self._skip, "assign_try": self._assign,
            "cancel": self._cancel, "process": self._process,
        }
        return own[name](model, *params) if name in own else self._click(model, name, params[0][0])

    def _search(self, model: str, domain: list[Any], *_: Any) -> list[Record]:
        def fits(one: Record) -> bool:
            return all(one.get(key) == value if how == "=" else one.get(key) in value for key, how, value in domain)

        return [self._shown(model, one) for one in self.tables.get(model, {}).values() if fits(one)]

    def _read(self, model: str, ids: list[int], _: list[str]) -> list[Record]:
        return [self._shown(model, self.tables[model][number]) for number in ids]

    def _shown(self, model: str, one: Record) -> Record:
        if model == SHIPMENT:
            reference = f"{SHIPMENT},{one['id']}"
            return {**one, "outgoing_moves": [move["id"] for move in self.rows(MOVE, shipment=reference)],
                    "packages": [package["id"] for package in self.rows("stock.package", shipment=reference)]}
        if model == MOVE:
            return {**one, "invoice_lines": [line["id"] for line in self.rows(LINE, move=one["id"])]}
        if model == "sale.sale":
            return {**one, "invoices": sorted({line["invoice"] for line in self.rows(LINE) if line["quantity"] > 0})}
        if model == INVOICE:
            return {**one, "lines": [line["id"] for line in self.rows(LINE, invoice=one["id"])]}
        return one

    def _create(self, model: str, values: list[Record]) -> list[int]:
        made = []
        for one in values:
            moves = one.pop("incoming_moves", [])
            made.append(self.add(model, **{"state": "draft", "number": "R1", "link": None, **one}))
            for _, rows in moves:
                for row in rows:
                    self.add(MOVE, **{**row, "shipment": f"{model},{made[-1]}"})
        return made

    def _write(self, model: str, ids: list[int], values: Record) -> None:
        for number in ids:
            one = self.tables[model][number]
            for _, rows in values.get("packages", []):
                if one["state"] in ("shipped", "done"):
                    raise Refusal(["AccessError", ['You are not allowed to modify the field "Type".', "", None]])
                for row in rows:
                    [(_, moves)] = row.pop("moves", [("add", [])])
                    package = self.add("stock.package", **row, shipment=f"{model},{number}")
                    for move in moves:
                        self.tables[MOVE][move]["package"] = package
            one.update({key: value for key, value in values.items() if key != "packages"})
            one["_timestamp"] = str(next(self._clock))

    def _delete(self, model: str, ids: list[int]) -> None:
        for number in ids:
            self.tables[model].pop(number)

    def _skip(self, _: str, name: str, __: bool) -> None:
        self._skipped.add(name)

    def _assign(self, model: str, ids: list[int]) -> None:
        if self.has_stock:
            self._to(self.tables[model][ids[0]], "assigned")

    def _click(self, model: str, name: str, number: int) -> None:
        one = self.tables[model][number]
        before, after = STEPS[model, name]
        if one["state"] != before:
            raise Refusal(["UserError", [f"The button {name} is not available", "", None]])
        warning = f"{number}.no_carrier"
        if name == "pack" and warning not in self._skipped:
            raise Refusal(["UserWarning", [warning, "There is no carrier.", ""]])
        self._skipped.discard(warning)
        self._to(one, after)
        if (model, name) == (SHIPMENT, "do"):
            for move in self.rows(MOVE, shipment=f"{SHIPMENT},{number}"):
                move["state"] = "done"
            if not self.dies_before_invoice:
                self._invoice_all()

    def _invoice(self, move: int, quantity: float, **more: Any) -> int:
        invoice = self.add(INVOICE, **{"state": "draft", "number": f"I{next(self._clock)}", "reference": None, **more})
        self.add(LINE, invoice=invoice, move=move, quantity=quantity, origin=None)
        return invoice

    def _to(self, one: Record, state: str) -> None:
        one.update(state=state, _timestamp=str(next(self._clock)))

    def _process(self, *_: Any) -> None:
        if not self.is_administrator:
            raise Refusal(["UserError", ['Calling button "process on "Sale" is not allowed.', "", None]])
        self._invoice_all()

    def _invoice_all(self) -> None:
        [sale] = self.rows("sale.sale")
        for move in self.rows(MOVE):
            if not move["shipment"].startswith(f"{SHIPMENT},"):
                continue
            lines = self.rows(LINE, move=move["id"])
            invoiced = any(one["quantity"] > 0 and one["invoice"] not in sale["invoices_recreated"] for one in lines)
            if move["state"] == "done" and not invoiced:
                self._invoice(move["id"], 2.0)

    def _cancel(self, model: str, ids: list[int]) -> None:
        self._to(self.tables[model][ids[0]], "cancelled")

    def _wizard(self, model: str, name: str, params: list[Any], context: Record) -> Any:
        if name == "create":
            return ["session", "start", "end"]
        if name == "execute" and model == "sale.handle.invoice.exception":
            [sale] = self.rows("sale.sale")
            sale["invoices_recreated"] += params[1]["ask"]["recreate_invoices"]
            if not self.dies_before_invoice:
                self._invoice_all()
        elif name == "execute":
            invoice = self.tables[INVOICE][context["active_id"]]
            if invoice["state"] != "posted":
                raise Refusal(["UserError", ["It is not posted.", "", None]])
            for line in self.rows(LINE, invoice=invoice["id"]):
                self._invoice(line["move"], -line["quantity"], state="paid")
            self._to(invoice, "cancelled")
        return None


