"""A carrier's tracking API on a port of this machine, with the faults real ones have, and the carrier it is of."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import SecretStr

from connectors.carrier_api.credentials import PolledCarrier, polled_carriers
from connectors.carriers import discover

CARRIER = """\
feed: acme
name: Acme
carrier: acme
formats: [json]
channel: poll
zone: Europe/Berlin
cadence: {{expect_every: 15m, stale_after: 2h}}
source: made up for tests
poll:
  source: made up for tests
  {how}
  rates: [{rates}]
  concurrency: {concurrency}
  timeout: 2s
  volatile: [requestId]
  intervals: {{in_transit: 2h, out_for_delivery: 15m}}
  otherwise: 4h
  older: [{{after: 5d, times: 2}}]
  not_found: {{answers: 3, over: 2d, every: 6h}}
refusals:
  - when: message.error
    reason: carrier_error
    detail: [message.error.code, message.error.text]
    kinds: {{NF: not_found, AUTH: unauthorised, BUSY: unavailable, SLOW: rate_limited}}
  - when: shipment.error
    reason: carrier_error
    detail: [shipment.error.code]
    number: shipment.number
    kinds: {{NF: not_found}}
documents:
  - name: answer
    when: message.shipments
    each: {{shipment: "message.shipments[]", scan: "shipment.scans[]"}}
    tracking_number: shipment.number
    time: [{{stamp: scan.at}}]
    statuses: scans
    code: scan.code
statuses:
  scans:
    source: made up for tests
    codes: {{TRANSIT: in_transit, OUT: out_for_delivery, DONE: delivered}}
"""
ONE_BY_ONE = "url: https://api.acme.example/track/{tracking_number}\n  authorisation: {kind: header, header: Api-Key}"
WITH_TOKENS = (
    "url: https://api.acme.example/track/{tracking_number}\n"
    "  authorisation: {kind: oauth2, token_url: 'https://api.acme.example/token', scope: tracking}"
)
TOGETHER = (
    "url: https://api.acme.example/several?numbers={tracking_numbers}\n  batch: 3\n"
    "  authorisation: {kind: none, documented: 'https://acme.example/api'}"
)


def carrier(
    home: Path, base_url: str, how: str = ONE_BY_ONE, rates: str = "1000/s", concurrency: int = 1
) -> PolledCarrier:
    """The carrier as declared in a folder of its own, asked at ``base_url``."""
    folder = home / "acme"
    folder.mkdir()
    (folder / "carrier.yaml").write_text(CARRIER.format(how=how, rates=rates, concurrency=concurrency), "utf-8")
    ours = {"acme": {
        "key": "k-1", "client_id": "we", "client_secret": "hush", "username": "us", "password": "pass",
        "base_url": base_url,
    }}
    return polled_carriers(discover(home), SecretStr(json.dumps(ours)))[0]


def scans(number: str, *codes: str) -> dict[str, Any]:
    """A shipment with one scan an hour."""
    told = [{"at": f"2026-09-14T{8 + hour:02}:00:00Z", "code": code} for hour, code in enumerate(codes)]
    return {"number": number, "scans": told}


def body(*shipments: dict[str, Any], **more: Any) -> bytes:
    """An answer about these shipments."""
    return json.dumps({**more, "shipments": list(shipments)}).encode()


def error(code: str, text: str = "") -> bytes:
    """An error body."""
    return json.dumps({"error": {"code": code, "text": text}}).encode()


@dataclass
class Reply:
    """One answer. ``short_by``: bytes promised and not sent; ``held``: it is sent when this is set."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    short_by: int = 0
    held: threading.Event | None = None


@dataclass(frozen=True)
class Asked:
    """One request as it came; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def number(self) -> str:
        """The number asked for, where it stands at the path's end."""
        return unquote(urlsplit(self.path).path.rpartition("/")[2])

    @property
    def numbers(self) -> list[str]:
        """The numbers of a question for several."""
        return parse_qs(urlsplit(self.path).query)["numbers"][0].split(",")


class CarrierApi:
    """Answers each number with its replies in turn, the last again and again."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.replies: dict[str, list[Reply]] = {}
        self.otherwise = Reply(error("NF", "no such number"), 404)
        self.together: list[Reply] = []
        self.token_replies: list[Reply] = []
        self.tokens_given = 0
        self.token_in_force: str | None = None
        self.token_seconds: int | str = 3600
        self._lock = threading.Lock()
        self.base_url = ""

    def says(self, number: str, *replies: Reply) -> None:
        """Set its answer about a number from now on."""
        self.replies[number] = list(replies)

    def reply(self, asked: Asked) -> Reply:
        """The answer to one request."""
        with self._lock:
            if asked.path.endswith("/token"):
                return self._token()
            self.asked.append(asked)
            if self.token_in_force and asked.headers.get("authorization") != f"Bearer {self.token_in_force}":
                return Reply(error("AUTH", "the token has expired"), 401)
            if asked.path.startswith("/several"):
                return _next(self.together) or self.otherwise
            reply = _next(self.replies.get(asked.number, [])) or self.otherwise
            etag = reply.headers.get("ETag")
            if etag is not None and asked.headers.get("if-none-match") == etag:
                return Reply(b"", 304, {"ETag": etag})
            return reply

    def _token(self) -> Reply:
        if refusal := _next(self.token_replies):
            return refusal
        self.tokens_given += 1
        self.token_in_force = f"token-{self.tokens_given}"
        told = {"access_token": self.token_in_force, "expires_in": self.token_seconds, "token_type": "Bearer"}
        return Reply(json.dumps(told).encode())

    def numbers(self) -> list[str]:
        """The numbers asked for, in order."""
        return [asked.number for asked in self.asked]


def _next(replies: list[Reply]) -> Reply | None:
    if len(replies) > 1:
        return replies.pop(0)
    return replies[0] if replies else None


class _Handler(BaseHTTPRequestHandler):
    api: CarrierApi

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.api.reply(Asked(self.command, self.path, headers, self.rfile.read(length)))
        if reply.held is not None:
            reply.held.wait(30)
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) + reply.short_by))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def served() -> Iterator[CarrierApi]:
    """The API, listening."""
    api = CarrierApi()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    api.base_url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
