"""The five packaged declarations, each with a stand-in of its ERP and a posting that it can take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec.structs import replace

from connectors.erp.port import Answer, Posted, Unknown
from connectors.erp.rest.connector import RestErp, rest_erp
from streams.contracts.model import ErpNotice, ErpPosting
from streams.contracts.postings import ProofOfDelivery
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import ExceptionType, NoticeKind, PostingKind, Reason
from tests.fakes.erp import business_central, erpnext, netsuite, odoo, sap
from tests.fakes.erp.stand_in import StandIn
from tests.support.waiting import PATIENCE

NOW = 1_789_380_000_000
"""2026-09-14T10:00:00Z."""
KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


class Case(NamedTuple):
    """One packaged declaration. ``writes``: writing requests of a goods issue."""

    name: str
    make: Callable[[], StandIn]
    credentials: dict[str, str]
    values: dict[str, str]
    delivery: str
    order: str
    writes: int


CASES = {
    one.name: one for one in (
        Case("odoo", odoo.Odoo, {"key": odoo.KEY}, {"database": odoo.DATABASE}, "WH/OUT/00007", "S00003", 3),
        Case("erpnext", erpnext.ErpNext, {"key": erpnext.KEY, "secret": erpnext.SECRET}, {}, "DN-7", "SO-3", 2),
        Case("sap_s4hana", sap.S4Hana, {"username": sap.USER, "password": sap.PASSWORD}, {}, "80001", "3", 1),
        Case("netsuite", netsuite.NetSuite, netsuite.CREDENTIALS, {"account": netsuite.ACCOUNT}, "501", "SO3", 2),
        Case(
            "business_central", business_central.BusinessCentral,
            {"client_id": business_central.CLIENT, "client_secret": business_central.SECRET},
            {"tenant": business_central.TENANT, "company": business_central.COMPANY, "token_url": "/token"}, "SH-1",
            "S3", 2,
        ),
    )
}


def posting(case: Case, kind: PostingKind = PostingKind.GOODS_ISSUE, **more: Any) -> ErpPosting:
    """A posting about the delivery that the stand-in has."""
    made = ErpPosting(
        KEY, kind, case.delivery, case.order, "77", "acme", "AC123", NOW, Reason.NORMAL,
        ProofOfDelivery("Ada O'Neil", None, "https://pod.example/1.pdf"), "event-1",
    )
    return replace(made, **more)


def notice(case: Case, kind: NoticeKind = NoticeKind.BOOKED, **more: Any) -> ErpNotice:
    """A notice about the delivery that the stand-in has."""
    of_exception = kind in (NoticeKind.EXCEPTION_OPENED, NoticeKind.EXCEPTION_CLOSED)
    made = ErpNotice(
        "booking", kind, case.delivery, case.order, "77", NOW, f"Words of {kind.value}.", "acme", "PRO9", "express",
        exception=ExceptionType.DELAY if of_exception else ExceptionType.NONE,
    )
    return replace(made, **more)


@dataclass
class Scene:
    """One stand-in, and the connector to it."""

    case: Case
    there: StandIn
    erp: RestErp
    found: list[Posted] = field(default_factory=list)

    async def attempt(self, one: ErpPosting) -> Answer:
        """One attempt as the sender makes it: a look-up first."""
        try:
            found = await self.erp.find(one)
        except Transient as error:
            return Unknown(str(error), was_sent=False)
        if found is not None:
            self.found.append(found)
            return found
        return await self.erp.post(one)


    async def tell(self, one: ErpNotice, key: str) -> Answer:
        """One attempt to write a notice: a look-up first."""
        try:
            found = await self.erp.told(one, key)
        except Transient as error:
            return Unknown(str(error), was_sent=False)
        return await self.erp.tell(one, key) if found is None else found


@asynccontextmanager
async def scene(case: Case, timeout: float = PATIENCE, **more: Any) -> AsyncIterator[Scene]:
    """A stand-in that serves, and its connector. ``more``: of :func:`rest_erp`."""
    there = case.make()
    async with there.running():
        given = {"credentials": case.credentials, "values": case.values, "clock": lambda: NOW, **more}
        erp = rest_erp(case.name, there.url, timeout=timeout, **given)
        try:
            yield Scene(case, there, erp)
        finally:
            await erp.close()


def within(case: Case, act: Callable[[Scene], Awaitable[None]], timeout: float = PATIENCE, **more: Any) -> None:
    """Run a test in a scene of its own."""

    async def run() -> None:
        async with scene(case, timeout, **more) as made:
            await act(made)

    asyncio.run(run())
