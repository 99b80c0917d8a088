"""SAP S/4HANA's OData V2 services for outbound deliveries and sales orders: CSRF tokens, ETags, function imports."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.erp.stand_in import StandIn

USER, PASSWORD = "SHIPSYNC", "a-sap-password"
SERVICE = "/sap/opu/odata/sap/API_OUTBOUND_DELIVERY_SRV;v=0002"
ORDERS = "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder"
COOKIE = "SAP_SESSIONID_S4H_100"
_VALUES = re.compile(r"eq '((?:[^']|'')*)'")


@dataclass
class S4Hana(StandIn):
    """Deliveries by number, with the version their ETag shows."""

    deliveries: dict[str, dict[str, Any]] = field(default_factory=lambda: {
        "80001": {"DeliveryDocument": "80001", "OverallGoodsMovementStatus": "A", "BillOfLading": "BOL-1"},
    })
    versions: dict[str, int] = field(default_factory=lambda: {"80001": 1})
    orders: list[dict[str, Any]] = field(default_factory=lambda: [{
        "SalesOrder": "3", "SoldToParty": "77", "PurchaseOrderByCustomer": "PO-9", "TransactionCurrency": "EUR",
        "TotalNetAmount": "120.50", "LastChangeDateTime": "/Date(1789380000000+0000)/", "OverallSDProcessStatus": "B",
        "OverallSDDocumentRejectionSts": "A", "RequestedDeliveryDate": "/Date(1789862400000)/",
    }])
    block: str = ""
    token: str = "first-token"
    changes_between: bool = False
    """Somebody else changes the delivery before each writing call."""

    def routes(self) -> list[web.RouteDef]:
        """The service document, the entity sets that are read, and the function imports."""
        return [
            web.get(SERVICE + "/", self._document),
            web.get(SERVICE + "/A_OutbDeliveryHeader('{number}')", self._one),
            web.get(SERVICE + "/A_OutbDeliveryItem", self._items),
            web.get(SERVICE + "/A_OutbDeliveryHeader", self._many),
            web.post(SERVICE + "/PostGoodsIssue", self._posted), web.get(ORDERS, self._orders),
        ]

    def unauthorised(self, request: web.Request) -> web.Response | None:
        """As wrong credentials are answered: not in JSON."""
        due = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") == due:
            return None
        return web.Response(status=401, text="<html><h1>Anmeldung fehlgeschlagen</h1></html>", content_type="text/html")

    def new_token(self) -> None:
        """End the session: the token given before is good no more."""
        self.token = "next-token"

    async def _document(self, request: web.Request) -> web.Response:
        response = web.json_response({"d": {"EntitySets": ["A_OutbDeliveryHeader"]}})
        if request.headers.get("x-csrf-token", "").lower() == "fetch":
            response.headers["x-csrf-token"] = self.token
            response.set_cookie(COOKIE, "session")
        return response

    async def _one(self, request: web.Request) -> web.Response:
        number = request.match_info["number"].replace("''", "'")
        if number not in self.deliveries:
            return _fault(404, "LE_SHP/100", f"Auslieferung {number} existiert nicht")
        return self._shown(number)

    async def _items(self, request: web.Request) -> web.Response:
        wanted = _VALUES.findall(request.query["$filter"])
        rows = [{"DeliveryDocument": number, "ReferenceSDDocument": "3"} for number in self.deliveries if "3" in wanted]
        return web.json_response({"d": {"results": rows}})

    async def _many(self, request: web.Request) -> web.Response:
        wanted = _VALUES.findall(request.query["$filter"])
        return web.json_response({"d": {"results": [one for name, one in self.deliveries.items() if name in wanted]}})

    async def _orders(self, request: web.Request) -> web.Response:
        skip, top = int(request.query["$skip"]), int(request.query["$top"])
        assert request.query["$filter"].startswith("LastChangeDateTime ge datetimeoffset'")
        return web.json_response({"d": {"results": self.orders[skip : skip + top]}})

    async def _posted(self, request: web.Request) -> web.Response:
        if request.headers.get("x-csrf-token") != self.token or COOKIE not in request.cookies:
            return web.Response(
                status=403, text="CSRF token validation failed", headers={"x-csrf-token": "Required"}
            )
        number = request.query["DeliveryDocument"].strip("'")
        if number not in self.deliveries:
            return _fault(404, "LE_SHP/100", f"Auslieferung {number} existiert nicht")
        if self.changes_between:
            self.versions[number] += 1
        if "If-Match" not in request.headers:
            return _fault(428, "/IWBEP/CM_MGW_RT/020", "Precondition required")
        if request.headers["If-Match"] != self._etag(number):
            return _fault(412, "/IWBEP/CM_MGW_RT/021", "Precondition failed")
        if self.block:
            return _fault(400, "VL/605", self.block)
        if self.deliveries[number]["OverallGoodsMovementStatus"] != "A":
            return _fault(400, "VL/600", "Warenausgang ist bereits gebucht")
        self.deliveries[number]["OverallGoodsMovementStatus"] = "C"
        self.versions[number] += 1
        self.effects["goods_issue"] += 1
        return self._shown(number)

    def _etag(self, number: str) -> str:
        return f"W/\"'{self.versions[number]}'\""

    def _shown(self, number: str) -> web.Response:
        etag = self._etag(number)
        shown = {"__metadata": {"etag": etag}, **self.deliveries[number]}
        return web.json_response({"d": shown}, headers={"ETag": etag})


def _fault(status: int, code: str, words: str) -> web.Response:
    return web.json_response(
        {"error": {"code": code, "message": {"lang": "de", "value": words}, "innererror": {"transactionid": "1"}}},
        status=status,
    )
