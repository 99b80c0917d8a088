"""The ERPs that the script is played with: the demo's, in this process, or a real Tryton on PostgreSQL."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

from streams.kernel.vocabulary import PostingKind
from tests.erp import account
from tests.erp.tryton_server import DATABASE, PASSWORD, USER, TrytonServer
from tests.lifecycle.ends import End
from tests.lifecycle.script import Numbers
from topologies.demo.erp_desk import KEY, Booked, Desk, desk, erp_list

NOTHING = "nothing"
TRYTON = """erps:
  - name: main
    kind: tryton
    address: http://127.0.0.1:{port}/
    database: {database}
    user: {user}
    secrets: {{password: {{file: {secret}}}}}
    timeout: 60
    settle: 2
"""


class Erp(Protocol):
    """One ERP. ``erp_list``: what SHIPSYNC_ERP_FILE is to hold."""

    erp_list: str

    @property
    def numbers(self) -> Sequence[Numbers]:
        """The numbers of its orders."""

    def go_away(self) -> None:
        """It answers no more."""

    def come_back(self) -> None:
        """It answers again."""

    def holds(self) -> Mapping[str, str]:
        """The postings that stand there of each delivery, in words."""

    def must_hold(self, end: End) -> str:
        """The same words, for a delivery that ended so."""

    def told(self) -> Mapping[str, str]:
        """The notices of each delivery that it was told, in words."""

    def must_be_told(self, end: End) -> str:
        """The same words, for a delivery that ended so."""


class DeskErp:
    """The demo's ERP."""

    def __init__(self, there: Desk, orders: int, folder: Path) -> None:
        self._there = there
        self.numbers = [Numbers(f"SO-{place:05}", f"DLV-{place:05}") for place in range(1, orders + 1)]
        secret = folder / "erp-key"
        secret.write_text(KEY)
        self.erp_list = erp_list(there, secret)

    def go_away(self) -> None:
        self._there.is_away = True

    def come_back(self) -> None:
        self._there.is_away = False

    def holds(self) -> Mapping[str, str]:
        booked = self._there.booked()
        gone = {one.reverses for one in booked}
        of: dict[str, list[Booked]] = {}
        for one in booked:
            if not one.reverses and one.posting_id not in gone:
                of.setdefault(one.delivery, []).append(one)
        return {delivery: _words(found) for delivery, found in of.items()}

    def must_hold(self, end: End) -> str:
        return _told({kind.value: many for kind, many in end.postings.items()}, end.pieces)

    def told(self) -> Mapping[str, str]:
        of: dict[str, Counter[str]] = defaultdict(Counter)
        for one in self._there.noticed():
            of[one.delivery][one.kind] += 1
        return {delivery: _counted(kinds) for delivery, kinds in of.items()}

    def must_be_told(self, end: End) -> str:
        return _counted({kind.value: many for kind, many in end.notices.items() if many})


class TrytonErp:
    """A real Tryton."""

    def __init__(self, server: TrytonServer, orders: int, folder: Path) -> None:
        self._server = server
        server.install()
        self.numbers = [Numbers(one.sale, one.shipment) for one in server.fill(orders)]
        server.start()
        secret = folder / "erp-key"
        secret.write_text(PASSWORD)
        self.erp_list = TRYTON.format(
            port=server.port, database=DATABASE, user=USER, secret=json.dumps(str(secret))
        )

    def go_away(self) -> None:
        self._server.kill()

    def come_back(self) -> None:
        self._server.start()

    def holds(self) -> Mapping[str, str]:
        return {
            number: _in_tryton(one.state if one.state in ("done", "cancelled") else "open", one.invoices)
            for number, one in account.held(self._server).items()
        }

    def must_hold(self, end: End) -> str:
        return _in_tryton(*end.in_tryton)

    def told(self) -> Mapping[str, str]:
        return {}

    def must_be_told(self, end: End) -> str:  # noqa: ARG002
        return ""


@contextmanager
def erp_of(kind: str, orders: int, folder: Path, tryton_folder: Path) -> Iterator[Erp]:
    """The ERP with its orders, until the context ends. ``kind``: desk or tryton."""
    with ExitStack() as closing:
        if kind == "desk":
            yield DeskErp(closing.enter_context(desk()), orders, folder)
        else:
            server = TrytonServer(tryton_folder)
            closing.callback(server.stop)
            yield TrytonErp(server, orders, folder)


def _words(booked: Sequence[Booked]) -> str:
    confirmed = [one for one in booked if one.kind == PostingKind.DELIVERY_CONFIRMATION]
    last = max(((one.pieces, one.of_pieces) for one in confirmed), default=(0, 0))
    return _told(Counter(one.kind for one in booked), last)


def _told(kinds: Mapping[str, int], pieces: tuple[int, int]) -> str:
    told = _counted(kinds)
    return f"{told}; {pieces[0]} of {pieces[1]} pieces" if pieces[1] else told or NOTHING


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{many} {kind.replace('_', ' ')}" for kind, many in sorted(kinds.items()))


def _in_tryton(state: str, invoices: int) -> str:
    return f"shipment {state}, {invoices} posted invoices"
