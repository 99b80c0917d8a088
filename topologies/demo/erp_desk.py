"""The demo's ERP, on this machine: books postings, each once by its key, and makes a document of each.

A confirmation makes an invoice, its reversal a credit note. Notices are kept beside them. ``erp/desk.yaml`` tells the
REST connector how to post.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from topologies.demo.local_server import served

DECLARATION = Path(__file__).parent / "erp" / "desk.yaml"
KEY = "the demo's own key"
MOST_BODY = 64 * 1024
_DOCUMENTS: Mapping[str, tuple[str, str]] = {
    "goods_issue": ("GI", "GI-CANCEL"), "delivery_confirmation": ("INV", "CN"),
    "proof_of_delivery": ("POD", "POD-GONE"), "return_started": ("RA", "RA-GONE"),
    "return_receipt": ("RET", "RET-CANCEL"), "loss": ("LOSS", "LOSS-CANCEL"), "cancellation": ("CANCEL", "REOPEN"),
}
"""By the kind of posting, the beginning of the number of the document it makes, and of the one that takes it back."""
LIST = """erps:
  - name: desk
    kind: rest
    declaration: {declaration}
    address: {address}
    secrets: {{key: {{file: {secret}}}}}
    settle: 1
    notices: [ready_to_ship, booked, exception_opened]
"""


class Booked(NamedTuple):
    """A posting that the ERP booked. ``document``: its number; ``reverses``: the key of the posting it takes back, else
    empty."""

    posting_id: str
    kind: str
    delivery: str
    order: str
    document: str
    reverses: str
    pieces: int
    of_pieces: int


class Noticed(NamedTuple):
    """A notice that the ERP was told. ``message_id``: its key; ``number``: the carrier's, empty where there is none."""

    message_id: str
    kind: str
    delivery: str
    order: str
    number: str
    exception: str
    words: str


class Desk:
    """All that was booked, and told. For several threads. ``is_away``: the ERP answers 503 and books nothing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._booked: dict[str, Booked] = {}
        self._noticed: dict[str, Noticed] = {}
        self._numbers = count(1001)
        self.is_away = False
        self.address = ""

    def book(self, said: Mapping[str, Any]) -> tuple[int, dict[str, str]]:
        """Book a posting; HTTP status and body of the answer. A key that was booked before is answered as then."""
        key, kind, delivery = (str(said.get(name) or "") for name in ("posting_id", "kind", "delivery"))
        if not key or not delivery or kind not in _DOCUMENTS:
            return 422, {"error": f"a posting has posting_id, delivery and a kind of {', '.join(_DOCUMENTS)}"}
        with self._lock:
            if key not in self._booked:
                reverses = str(said.get("reverses") or "")
                name = _DOCUMENTS[kind][bool(reverses)]
                self._booked[key] = Booked(
                    key, kind, delivery, str(said.get("order") or ""), f"{name}-{next(self._numbers)}", reverses,
                    int(said.get("pieces") or 0), int(said.get("of_pieces") or 0),
                )
            return 200, {"document": self._booked[key].document}

    def seen(self, key: str) -> tuple[int, dict[str, str]]:
        """Look a posting up by its key; HTTP status and body of the answer."""
        with self._lock:
            found = self._booked.get(key)
        return (404, {"error": "no such posting"}) if found is None else (200, {"document": found.document})

    def tell(self, said: Mapping[str, Any]) -> tuple[int, dict[str, str]]:
        """Take a notice; HTTP status and body of the answer. One that was told before is answered as then."""
        one = Noticed(*(str(said.get(name) or "") for name in Noticed._fields))
        if not one.message_id or not one.kind or not one.delivery:
            return 422, {"error": "a notice has message_id, kind and delivery"}
        with self._lock:
            self._noticed.setdefault(one.message_id, one)
        return 200, {"document": f"{one.kind} of {one.delivery}"}

    def was_told(self, key: str) -> tuple[int, dict[str, str]]:
        """Look a notice up by its key; HTTP status and body of the answer."""
        with self._lock:
            found = self._noticed.get(key)
        if found is None:
            return 404, {"error": "no such notice"}
        return 200, {"document": f"{found.kind} of {found.delivery}"}

    def noticed(self) -> list[Noticed]:
        """All notices, in the order they were told."""
        with self._lock:
            return list(self._noticed.values())

    def booked(self) -> list[Booked]:
        """All postings, in the order they were booked."""
        with self._lock:
            return list(self._booked.values())

    def sentence(self) -> str:
        """The documents that were made so far, counted in words."""
        of = Counter(one.document.rpartition("-")[0] for one in self.booked())
        return (
            f"Booked in the demo's ERP so far: {of['INV']:,} invoices, {of['CN']:,} credit notes, {of['GI']:,} goods"
            f" issues, {of['RET']:,} returns, {of['POD']:,} proofs of delivery; notices: {len(self.noticed()):,}."
        )


@contextmanager
def desk() -> Iterator[Desk]:
    """An ERP that answers on this machine while the context is entered."""
    there = Desk()
    with served(_handler(there), "demo's ERP") as there.address:
        yield there


def erp_list(there: Desk, secret: Path) -> str:
    """The list of ERPs (``SHIPSYNC_ERP_FILE``) that names this one. ``secret``: the file that holds ``KEY``."""
    return LIST.format(
        declaration=json.dumps(str(DECLARATION)), address=there.address, secret=json.dumps(str(secret))
    )


def _handler(there: Desk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            look = there.was_told if self._is_of_notices() else there.seen
            self._answer(*(self._refused() or look(unquote(self.path.rpartition("/")[2]))))

        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("content-length") or 0), MOST_BODY))
            self._answer(*(self._refused() or self._taken(body)))

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

        def _refused(self) -> tuple[int, dict[str, str]] | None:
            if there.is_away:
                return 503, {"error": "closed for maintenance"}
            if self.headers.get("authorization") != f"Bearer {KEY}":
                return 401, {"error": "wrong key"}
            return None

        def _is_of_notices(self) -> bool:
            return self.path.startswith("/notices")

        def _taken(self, body: bytes) -> tuple[int, dict[str, str]]:
            try:
                said = json.loads(body)
            except ValueError:
                return 400, {"error": "no JSON"}
            if not isinstance(said, dict):
                return 400, {"error": "no JSON object"}
            return there.tell(said) if self._is_of_notices() else there.book(said)

        def _answer(self, status: int, body: dict[str, str]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
