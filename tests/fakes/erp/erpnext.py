"""Frappe's REST API, as ERPNext serves it: documents by DocType, with the three values of docstatus."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.erp.stand_in import StandIn, body_of

KEY, SECRET = "a-frappe-key", "a-frappe-secret"
POSTING = "ShipSync Posting"


@dataclass
class ErpNext(StandIn):
    """Documents by DocType and name."""

    documents: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {
        "Delivery Note": {"DN-7": {
            "name": "DN-7", "docstatus": 0, "modified": "2026-09-14 10:05:00.123456", "lr_no": None,
            "transporter_name": None, "against_sales_order": "SO-3",
        }},
        "Sales Order": {"SO-3": {
            "name": "SO-3", "customer": "Ada", "status": "To Deliver", "docstatus": 1, "currency": "EUR",
            "modified": "2026-09-14 10:00:00.000001", "grand_total": 120.5, "delivery_date": "2026-09-20",
            "po_no": "PO-9",
        }},
        "Deleted Document": {},
        POSTING: {},
        "Comment": {},
    })
    short_of_stock: bool = False

    def routes(self) -> list[web.RouteDef]:
        """Lists and documents."""
        return [
            web.get("/api/resource/{doctype}", self._listed), web.post("/api/resource/{doctype}", self._created),
            web.get("/api/resource/{doctype}/{name}", self._read), web.put("/api/resource/{doctype}/{name}", self._put),
        ]

    def unauthorised(self, request: web.Request) -> web.Response | None:
        """As a wrong token is answered."""
        if request.headers.get("Authorization") == f"token {KEY}:{SECRET}":
            return None
        return _fault(401, "AuthenticationError", "Invalid token")

    async def _listed(self, request: web.Request) -> web.Response:
        filters = json.loads(request.query["filters"])
        found = [
            one for one in self.documents[request.match_info["doctype"]].values()
            if all(_holds(one, *term[-3:]) for term in filters)
        ]
        found.sort(key=lambda one: str(one.get("modified") or one.get("creation")))
        start, length = int(request.query.get("limit_start", "0")), int(request.query.get("limit_page_length", "20"))
        return web.json_response({"data": found[start : start + length] if length else found[start:]})

    async def _read(self, request: web.Request) -> web.Response:
        document = self.documents[request.match_info["doctype"]].get(request.match_info["name"])
        return _missing(request) if document is None else web.json_response({"data": document})

    async def _created(self, request: web.Request) -> web.Response:
        body, doctype = await body_of(request), request.match_info["doctype"]
        name = body["posting_id"] if doctype == POSTING else f"c{len(self.documents[doctype]) + 1}"
        if name in self.documents[doctype]:
            return _fault(409, "DuplicateEntryError", f"('{doctype}', '{name}', IntegrityError(1062, 'Duplicate'))")
        self.documents[doctype][name] = {"name": name, **body}
        self.effects["marker"] += 1
        return web.json_response({"data": self.documents[doctype][name]})

    async def _put(self, request: web.Request) -> web.Response:
        document = self.documents[request.match_info["doctype"]].get(request.match_info["name"])
        if document is None:
            return _missing(request)
        body = await body_of(request)
        allowed = {0: (0, 1), 1: (1, 2), 2: (2,)}[document["docstatus"]]
        if body.get("docstatus", document["docstatus"]) not in allowed:
            return _fault(417, "ValidationError", "Cannot edit cancelled document")
        if body.get("docstatus") == 1 and document["docstatus"] == 1:
            self.effects["double"] += 1
        if body.get("docstatus") == 1 and self.short_of_stock:
            return _fault(417, "NegativeStockError", "2.0 units of Item A needed in Warehouse Stores - C")
        if body.get("docstatus") == 1:
            self.effects["goods_issue"] += 1
        if body.get("docstatus") == 2:
            self.effects["goods_issue reversed"] += 1
        document.update(body)
        return web.json_response({"data": document})


def _holds(record: dict[str, Any], name: str, operator: str, wanted: Any) -> bool:
    value = record.get(name)
    match operator:
        case "=":
            return bool(value == wanted)
        case ">":
            return bool(value > wanted)  # type: ignore[operator]
        case "<":
            return bool(value < wanted)  # type: ignore[operator]
        case ">=":
            return bool(str(value) >= wanted)
        case "in":
            assert isinstance(wanted, list)
            return value in wanted
        case "!=":
            return bool(value != wanted)
        case "like":
            return str(wanted).strip("%") in str(value)
        case "is":
            return bool(value) is (wanted == "set")
    raise AssertionError(operator)


def _missing(request: web.Request) -> web.Response:
    return _fault(404, "DoesNotExistError", f"{request.match_info['doctype']} {request.match_info['name']} not found")


def _fault(status: int, kind: str, words: str) -> web.Response:
    return web.json_response({
        "exc_type": kind, "exception": f"frappe.exceptions.{kind}: {words}",
        "_server_messages": json.dumps([json.dumps({"message": words})]),
    }, status=status)
