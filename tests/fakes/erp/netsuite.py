"""NetSuite's REST record API and SuiteQL, with requests signed as token-based authentication asks (RFC 5849)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from aiohttp import web

from tests.fakes.erp.stand_in import StandIn, body_of

ACCOUNT = "1234567_SB1"
CREDENTIALS = {
    "consumer_key": "consumer-key", "consumer_secret": "consumer-secret", "token_id": "token-id",
    "token_secret": "token-secret",
}
RECORD = "/services/rest/record/v1"
_PART = re.compile(r'(\w+)="([^"]*)"')


@dataclass
class NetSuite(StandIn):
    """Item fulfilments by internal id, and custom records by external id."""

    fulfilments: dict[str, dict[str, Any]] = field(default_factory=lambda: {
        "501": {"id": "501", "tranId": "IF501", "shipStatus": {"id": "B", "refName": "Packed"}},
    })
    postings: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: list[dict[str, Any]] = field(default_factory=lambda: [{
        "id": "3", "tranid": "SO3", "customer": "77", "status": "SalesOrd:B", "po": "PO-9", "total": "120.5",
        "currency": "EUR", "modified": "2026-09-14 10:00:00",
    }])
    locked: str = ""
    nonces: set[str] = field(default_factory=set)

    def routes(self) -> list[web.RouteDef]:
        """Records and queries."""
        return [
            web.get(RECORD + "/itemFulfillment/{id}", self._read),
            web.patch(RECORD + "/itemFulfillment/{id}", self._patch),
            web.get(RECORD + "/customrecord_shipsync_posting/{eid}", self._posting),
            web.put(RECORD + "/customrecord_shipsync_posting/{eid}", self._upsert),
            web.post("/services/rest/query/v1/suiteql", self._query),
        ]

    def is_writing(self, request: web.Request) -> bool:
        """SuiteQL is a POST that reads."""
        return request.method != "GET" and not request.path.endswith("/suiteql")

    def unauthorised(self, request: web.Request) -> web.Response | None:
        """As a wrong signature, a wrong token or a nonce used twice is answered."""
        told = dict(_PART.findall(request.headers.get("Authorization", "")))
        told = {name: unquote(value) for name, value in told.items()}
        due = told.get("realm") == ACCOUNT and told.get("oauth_token") == CREDENTIALS["token_id"]
        if due and told.get("oauth_nonce") not in self.nonces and told.get("oauth_signature") == _signed(request, told):
            self.nonces.add(told["oauth_nonce"])
            return None
        return _fault(401, "Unauthorized", "Invalid login attempt. For more details, see the Login Audit Trail.",
                      "INVALID_LOGIN")

    async def _read(self, request: web.Request) -> web.Response:
        found = self.fulfilments.get(request.match_info["id"])
        return _missing() if found is None else web.json_response(found)

    async def _patch(self, request: web.Request) -> web.Response:
        found = self.fulfilments.get(request.match_info["id"])
        if found is None:
            return _missing()
        if self.locked:
            return _fault(400, "Bad Request", self.locked, "USER_ERROR")
        status = (await body_of(request))["shipStatus"]["id"]
        self.effects["goods_issue" if status == "C" else "goods_issue reversed"] += 1
        found["shipStatus"] = {"id": status}
        return web.Response(status=204)

    async def _posting(self, request: web.Request) -> web.Response:
        found = self.postings.get(request.match_info["eid"])
        return _missing() if found is None else web.json_response(found)

    async def _upsert(self, request: web.Request) -> web.Response:
        eid = request.match_info["eid"]
        assert eid.startswith("eid:")
        if eid not in self.postings:
            self.effects["marker"] += 1
        self.postings[eid] = {"id": str(len(self.postings) + 1), **await body_of(request)}
        return web.Response(status=204, headers={"Location": f"{self.url}{request.path}"})

    def _issued(self, query: str) -> list[dict[str, str]]:
        fulfilment = _text_of(query, r"custrecord_ss_fulfilment = '([^']*)'")
        but = _text_of(query, r"externalid <> '([^']*)'")
        return [
            {"externalid": eid} for eid, one in self.postings.items()
            if one["custrecord_ss_fulfilment"] == fulfilment and one["custrecord_ss_kind"] == "goods_issue"
            and one["custrecord_ss_reverses"] is None and eid != f"eid:{but}"
        ]

    async def _query(self, request: web.Request) -> web.Response:
        if request.headers.get("Prefer") != "transient":
            return _fault(400, "Bad Request", "The required request header 'Prefer' is missing or invalid.",
                          "INVALID_HEADER")
        query = (await body_of(request))["q"]
        if "FROM customrecord_shipsync_posting" in query:
            return web.json_response({"items": self._issued(query), "hasMore": False})
        if "nexttransactionlinelink" in query:
            rows = [{"order_id": "3", "id": one["id"], "tranid": one["tranId"]} for one in self.fulfilments.values()]
            return web.json_response({"items": rows, "hasMore": False})
        since = _text_of(query, r"TO_DATE\('([^']*)'")
        rows = [one for one in self.orders if one["modified"] >= since]
        offset, limit = int(request.query["offset"]), int(request.query["limit"])
        return web.json_response({"items": rows[offset : offset + limit], "hasMore": len(rows) > offset + limit})


def _text_of(query: str, pattern: str) -> str:
    found = re.search(pattern, query)
    assert found is not None
    return found[1]


def _signed(request: web.Request, told: dict[str, str]) -> str:
    """The signature that RFC 5849 wants of this request, worked out here from the text of the standard."""
    parts = urlsplit(f"{request.scheme}://{request.host}{request.raw_path}")
    given = [(name, value) for name, value in told.items() if name.startswith("oauth_") and name != "oauth_signature"]
    pairs = sorted((_escaped(name), _escaped(value)) for name, value in
                   [*given, *parse_qsl(parts.query, keep_blank_values=True)])
    normal = "&".join(f"{name}={value}" for name, value in pairs)
    text = "&".join(map(_escaped, (request.method, f"{parts.scheme}://{parts.netloc}{parts.path}", normal)))
    key = f"{_escaped(CREDENTIALS['consumer_secret'])}&{_escaped(CREDENTIALS['token_secret'])}"
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _escaped(text: str) -> str:
    return quote(text, safe="-._~")


def _missing() -> web.Response:
    return _fault(404, "Not Found", "The record instance does not exist. Provide a valid record instance ID.",
                  "NONEXISTENT_ID")


def _fault(status: int, title: str, detail: str, code: str) -> web.Response:
    return web.json_response({
        "type": "https://www.rfc-editor.org/rfc/rfc9110.html", "title": title, "status": status,
        "o:errorDetails": [{"detail": detail, "o:errorCode": code}],
    }, status=status)
