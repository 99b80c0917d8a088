"""Odoo's External JSON-2 API, as far as transfers, orders and notes go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.erp.stand_in import StandIn, body_of

KEY, DATABASE = "6578616d706c65206b6579", "mycompany"
READING = ("search_read", "read", "search", "search_count")


@dataclass
class Odoo(StandIn):
    """Models by name, each a list of records."""

    models: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {
        "stock.picking": [{
            "id": 7, "name": "WH/OUT/00007", "state": "assigned", "carrier_tracking_ref": False,
            "sale_id": [3, "S00003"], "carrier_id": [2, "acme"], "picking_type_code": "outgoing",
            "write_date": "2026-09-14 10:05:00",
        }],
        "sale.order": [{
            "id": 3, "name": "S00003", "partner_id": [77, "Ada"], "state": "sale", "currency_id": [1, "EUR"],
            "amount_total": 120.5, "commitment_date": "2026-09-20 12:00:00", "write_date": "2026-09-14 10:00:00",
            "client_order_ref": "PO-9",
        }],
        "mail.message": [],
    })
    asks_a_question: bool = False

    def routes(self) -> list[web.RouteDef]:
        """One route: model and method are in the path."""
        return [web.post("/json/2/{model}/{method}", self._call)]

    def is_writing(self, request: web.Request) -> bool:
        """Every call is a POST; its method tells."""
        return request.path.rpartition("/")[2] not in READING

    def unauthorised(self, request: web.Request) -> web.Response | None:
        """As a wrong key is answered."""
        if request.headers.get("Authorization") == f"bearer {KEY}":
            return None
        return _fault(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")

    async def _call(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Odoo-Database") != DATABASE:
            return _fault(404, "werkzeug.exceptions.NotFound", "no such database")
        records = self.models.get(request.match_info["model"])
        if records is None:
            return _fault(404, "werkzeug.exceptions.NotFound", "the model does not exist")
        body, method = await body_of(request), request.match_info["method"]
        if method == "search_read":
            return web.json_response(_searched(records, body))
        chosen = [one for one in records if one["id"] in body["ids"]]
        if method == "write":
            for one in chosen:
                one.update(body["vals"])
            self.effects["tracking"] += 1
            return web.json_response(True)
        if method == "button_validate":
            return self._validated(chosen)
        assert method == "message_post"
        self.models["mail.message"].append({
            "id": len(self.models["mail.message"]) + 1, "model": "stock.picking", "res_id": chosen[0]["id"],
            "record_name": chosen[0]["name"], "body": body["body"],
        })
        self.effects["marker"] += 1
        return web.json_response([len(self.models["mail.message"])])

    def _validated(self, chosen: list[dict[str, Any]]) -> web.Response:
        if self.asks_a_question:
            return web.json_response({"type": "ir.actions.act_window", "res_model": "stock.backorder.confirmation"})
        for one in chosen:
            if one["state"] != "assigned":
                return _fault(422, "odoo.exceptions.UserError", "You cannot validate a transfer if no quantities are "
                                                                "reserved.")
            one["state"] = "done"
            self.effects["goods_issue"] += 1
        return web.json_response(True)


def _searched(records: list[dict[str, Any]], body: dict[str, Any]) -> list[dict[str, Any]]:
    found = [one for one in records if all(_holds(one, *term) for term in body.get("domain", []))]
    if "order" in body:
        found.sort(key=lambda one: (one["write_date"], one["id"]))
    offset = body.get("offset", 0)
    return found[offset : offset + body.get("limit", len(found))]


def _holds(record: dict[str, Any], name: str, operator: str, wanted: Any) -> bool:
    value = record[name]
    single = value[0] if isinstance(value, list) else value
    match operator:
        case "=":
            return bool(single == wanted)
        case "!=":
            return bool(single != wanted)
        case ">=":
            return bool(single >= wanted)
        case "in":
            assert isinstance(wanted, list)
            return single in wanted
        case "ilike":
            return str(wanted).lower() in str(value).lower()
    raise AssertionError(operator)


def _fault(status: int, name: str, message: str) -> web.Response:
    return web.json_response(
        {"name": name, "message": message, "arguments": [message], "context": {}, "debug": "Traceback ..."},
        status=status,
    )
