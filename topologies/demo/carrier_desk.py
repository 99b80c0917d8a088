"""The demo's carriers, on this machine: they take bookings over REST, and lay proofs of delivery behind links.

A booking is taken under the number that ``tracking_number`` gives, so that a story may speak of it before it is made.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from streams.contracts.booking_ids import delivery_of
from streams.contracts.ids import digest
from topologies.demo.local_server import served

MOST_BODY = 256 * 1024
_THERE, _NOT_THERE = 200, 404
_PDF = (
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 200]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R>>endobj\n"
    "4 0 obj<</Length {length}>>stream\n{text}\nendstream endobj\n"
    "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


class Conduct(Enum):
    """How a carrier answers when it is asked for a booking."""

    TAKES = "takes it"
    DECLINES = "declines it"
    SILENT = "gives no answer"


class Reply(NamedTuple):
    """The reply of a link."""

    status: int
    media_type: str = "text/plain"
    content: bytes = b""


LATER = Reply(_NOT_THERE, content=b"not scanned yet")
SIGN_IN = Reply(200, "text/html", b"<!doctype html><title>Sign in</title><p>Sign in to see this proof of delivery.")


class Asked(NamedTuple):
    """A booking that a carrier was asked for, and how often it was, and how often to cancel it."""

    carrier: str
    booking_id: str
    times: int
    cancelled: int


class CarrierDesk:
    """All that carriers were asked. For several threads. ``conduct``: by carrier and delivery; else they take it."""

    def __init__(self, conduct: Mapping[tuple[str, str], Conduct] | None = None) -> None:
        self.conduct = dict(conduct or {})
        self.address = ""
        self._lock = threading.Lock()
        self._asked: Counter[tuple[str, str]] = Counter()
        self._cancelled: Counter[tuple[str, str]] = Counter()
        self._links: dict[str, list[Reply]] = {}
        self._given = 0

    def book(self, carrier: str, booking_id: str) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of the answer; the same for the same booking."""
        with self._lock:
            self._asked[carrier, booking_id] += 1
        conduct = self.conduct.get((carrier, delivery_of(booking_id)), Conduct.TAKES)
        if conduct is Conduct.SILENT:
            return 503, {"messages": [{"message": "closed for stocktaking"}]}
        if conduct is Conduct.DECLINES:
            return 422, {"messages": [{"message": "no truck left on this day"}]}
        number = tracking_number(carrier, booking_id)
        return 201, {"id": f"{carrier}-{booking_id}", "tracking_number": number}

    def cancel(self, carrier: str, booking_id: str) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of the answer to a cancellation; any is taken."""
        with self._lock:
            self._cancelled[carrier, booking_id] += 1
        return 200, {"status": "cancelled"}

    def asked(self) -> list[Asked]:
        """Every booking that was asked for."""
        with self._lock:
            return [Asked(*name, times, self._cancelled[name]) for name, times in self._asked.items()]

    def sentence(self) -> str:
        """The bookings and proofs that were asked for so far, counted in words."""
        with self._lock:
            return (
                f"Asked of the demo's carriers so far: {len(self._asked):,} bookings, and {self._given:,} proofs of"
                " delivery by their links; /tower/bookings of the control tower has what waits for a person."
            )

    def lay(self, name: str, replies: Sequence[Reply]) -> str:
        """Lay something behind a link, which it returns: one reply after the other, the last for good."""
        with self._lock:
            self._links[name] = list(replies)
        return f"{self.address}/proofs/{name}"

    def reply(self, name: str) -> Reply:
        """The link's next reply."""
        with self._lock:
            replies = self._links.get(name, [])
            if not replies:
                return Reply(_NOT_THERE, content=b"no such proof")
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            self._given += reply.status == _THERE
            return reply


def tracking_number(carrier: str, booking_id: str) -> str:
    """The number under which a carrier takes a booking."""
    return f"{carrier[:2].upper()}{int(digest(carrier, booking_id)[:14], 16) % 10**10:010d}"


def proof(of: str) -> Reply:
    """A page that says what was delivered, as PDF."""
    text = f"BT /F 14 Tf 30 100 Td (Proof of delivery: {of}) Tj ET"
    return Reply(200, "application/pdf", _PDF.format(length=len(text), text=text).encode("ascii", "replace"))


@contextmanager
def carrier_desk(there: CarrierDesk | None = None) -> Iterator[CarrierDesk]:
    """Carriers that answer on this machine while the context is entered, at ``/CARRIER/bookings``."""
    there = there or CarrierDesk()
    with served(_handler(there), "demo's carriers") as there.address:
        yield there


def _handler(there: CarrierDesk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._give(there.reply(self.path.rpartition("/")[2]))

        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("content-length") or 0), MOST_BODY))
            status, told = self._answered(body)
            self._give(Reply(status, "application/json", json.dumps(told).encode()))

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

        def _answered(self, body: bytes) -> tuple[int, dict[str, Any]]:
            try:
                booking_id = str(json.loads(body)["reference"])
            except (ValueError, KeyError, TypeError):
                return 400, {"messages": [{"message": "a booking has a reference"}]}
            carrier, _, rest = self.path.removeprefix("/").partition("/")
            if rest.endswith("/cancel"):
                return there.cancel(carrier, booking_id)
            return there.book(carrier, booking_id)

        def _give(self, reply: Reply) -> None:
            self.send_response(reply.status)
            self.send_header("content-type", reply.media_type)
            self.send_header("content-length", str(len(reply.content)))
            self.end_headers()
            self.wfile.write(reply.content)

    return Handler
