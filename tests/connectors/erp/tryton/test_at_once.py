"""Tryton numbers invoices and assigns goods in one transaction at a time: it is asked for one of them at a time."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import httpx

from connectors.erp.port import Posted
from connectors.erp.tryton.connector import Tryton
from connectors.erp.tryton.rpc import TrytonRpc
from tests.fakes.tryton import FakeTryton
from tests.support.posting_inputs import CONFIRMATION, posting, reversal

DELIVERIES = ("800123", "800124", "800125")
TURNS = 20
"""Of the event loop, that an answer takes."""


class SlowTryton(FakeTryton):
    """``most``: how many calls of a method were under way together."""

    def __init__(self) -> None:
        super().__init__()
        self.most, self._under_way = Counter[str](), Counter[str]()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        method = json.loads(await request.aread())["method"]
        self._under_way[method] += 1
        self.most[method] = max(self.most[method], self._under_way[method])
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self._under_way[method] -= 1
        return await super().handle_async_request(request)


def test_goods_are_assigned_and_invoices_numbered_one_at_a_time() -> None:
    server = SlowTryton()
    for delivery in DELIVERIES[1:]:
        server.ship(delivery)
    confirmations = [posting(CONFIRMATION, delivery) for delivery in DELIVERIES]

    async def run() -> list[object]:
        tryton = Tryton(TrytonRpc(
            "http://t", "d", "u", "p", timeout=5, most_connections=len(DELIVERIES), transport=server,
        ))
        return [
            answer for postings in (confirmations, map(reversal, confirmations))
            for answer in await asyncio.gather(*map(tryton.post, postings))
        ]

    assert all(isinstance(one, Posted) for one in asyncio.run(run()))
    alone = ("stock.shipment.out.assign_try", "account.invoice.post")
    assert {name: server.most[f"model.{name}"] for name in alone} == dict.fromkeys(alone, 1)
    assert server.most["wizard.account.invoice.credit.execute"] == 1
    assert server.most["model.stock.shipment.out.search_read"] == len(DELIVERIES)
