"""Business Central's API v2.0: OData V4 with tokens of Microsoft Entra, ETags in If-Match, and a bound action."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.erp.stand_in import StandIn, body_of

TENANT, COMPANY = "tenant-1", "c0ffee00-0000-0000-0000-000000000001"
CLIENT, SECRET = "client-1", "a-client-secret"
BASE = f"/v2.0/{TENANT}/production/api/v2.0/companies({COMPANY})"
_EQUALS = re.compile(r"(\w+) eq '((?:[^']|'')*)'")


@dataclass
class BusinessCentral(StandIn):
    """Open sales orders by id, and posted shipments."""

    orders: dict[str, dict[str, Any]] = field(default_factory=lambda: {"id-3": {
        "id": "id-3", "number": "S3", "externalDocumentNumber": "", "customerNumber": "C-77", "fullyShipped": False,
        "currencyCode": "EUR", "totalAmountExcludingTax": 120.5, "requestedDeliveryDate": "2026-09-20",
        "lastModifiedDateTime": "2026-09-14T10:00:00.12Z",
    }})
    shipments: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=lambda: {"id-3": 1})
    tokens: list[str] = field(default_factory=list)
    blocked: str = ""
    changes_between: bool = False

    def routes(self) -> list[web.RouteDef]:
        """Tokens, orders, shipments."""
        return [
            web.post("/token", self._token), web.get(BASE + "/salesOrders", self._orders),
            web.patch(BASE + "/salesOrders({id})", self._patch),
            web.post(BASE + "/salesOrders({id})/Microsoft.NAV.shipAndInvoice", self._ship),
            web.get(BASE + "/salesShipments", self._shipments),
        ]

    def is_writing(self, request: web.Request) -> bool:
        """A token changes nothing."""
        return request.method != "GET" and request.path != "/token"

    def unauthorised(self, request: web.Request) -> web.Response | None:
        """As a token that is good no more is answered."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if request.path == "/token" or (self.tokens and given == self.tokens[-1]):
            return None
        return _fault(401, "Authentication_InvalidCredentials", "The server has rejected the client credentials.")

    def expire(self) -> None:
        """Take the token back."""
        self.tokens.append("nobody has this one")

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["scope"] == "https://api.businesscentral.dynamics.com/.default"
        if (form["client_id"], form["client_secret"]) != (CLIENT, SECRET):
            words = f"AADSTS7000215: Invalid client secret provided: {form['client_secret']}"
            return web.json_response({"error": "invalid_client", "error_description": words}, status=401)
        self.tokens.append(f"token-{len(self.tokens)}")
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": self.tokens[-1]})

    async def _orders(self, request: web.Request) -> web.Response:
        wanted = request.query["$filter"]
        if "lastModifiedDateTime" in wanted:
            since = wanted.rpartition(" ")[2]
            found = [one for one in self.orders.values() if one["lastModifiedDateTime"] >= since[:19]]
            found.sort(key=lambda one: str(one["lastModifiedDateTime"]))
            skip, top = int(request.query["$skip"]), int(request.query["$top"])
            return web.json_response({"value": found[skip : skip + top]})
        number = _EQUALS.findall(wanted)[0][1].replace("''", "'")
        rows = [
            {"@odata.etag": self._etag(name), **one} for name, one in self.orders.items() if one["number"] == number
        ]
        if self.changes_between:
            for name in self.versions:
                self.versions[name] += 1
        return web.json_response({"value": rows})

    async def _patch(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if "If-Match" not in request.headers:
            return _fault(400, "BadRequest", "The request does not have an If-Match header.")
        if request.headers["If-Match"] != self._etag(name):
            return _fault(409, "Request_EntityChanged", "Another user has already changed the record.")
        self.orders[name].update(await body_of(request))
        self.versions[name] += 1
        self.effects["marker"] += 1
        return web.json_response({"@odata.etag": self._etag(name), **self.orders[name]})

    async def _ship(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if self.blocked:
            return _fault(400, "Application_DialogException", self.blocked)
        order = self.orders.pop(name)
        self.shipments.append({
            "number": "SH-1", "orderNumber": order["number"], "externalDocumentNumber": order["externalDocumentNumber"],
        })
        self.effects["goods_issue"] += 1
        return web.Response(status=204)

    async def _shipments(self, request: web.Request) -> web.Response:
        pairs = [(name, value.replace("''", "'")) for name, value in _EQUALS.findall(request.query["$filter"])]
        rows = [one for one in self.shipments if any(one[name] == value for name, value in pairs)]
        return web.json_response({"value": rows})

    def _etag(self, name: str) -> str:
        return f'W/"JzQ0O{self.versions[name]}"'


def _fault(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": f"{message}  CorrelationId:  1."}}, status=status)
