"""The demo's ERP books each posting once through the REST connector, and is away when it is told to be."""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec.structs import replace

from connectors.erp import declared
from connectors.erp.port import Answer, Ignored, Posted, Unknown
from connectors.erp.rest.connector import rest_erp
from streams.contracts.model import ErpNotice, ErpPosting
from streams.kernel.vocabulary import NoticeKind, PostingKind, Reason
from topologies.demo.erp_desk import DECLARATION, KEY, Desk, desk, erp_list

CONFIRMED = ErpPosting(
    "key-1", PostingKind.DELIVERY_CONFIRMATION, "DLV-1", "SO-1", "C-1", "ups", "1Z", 1_790_000_000_000, Reason.NORMAL,
    None, "e-1", pieces_delivered=1, pieces_known=2,
)


def posted(there: Desk, *postings: ErpPosting) -> list[Answer]:
    async def run() -> list[Answer]:
        erp = rest_erp(DECLARATION, there.address, {"key": KEY})
        try:
            return [await erp.find(one) or await erp.post(one) for one in postings]
        finally:
            await erp.close()

    return asyncio.run(run())


def test_a_posting_is_booked_once_and_taken_back_by_a_document_of_its_own() -> None:
    reversal = replace(CONFIRMED, posting_id="key-2", reverses="key-1")
    with desk() as there:
        answers = posted(there, CONFIRMED, CONFIRMED, reversal, replace(
            CONFIRMED, posting_id="key-3", kind=PostingKind.DELIVERY_ATTEMPT
        ))
        assert answers[:3] == [Posted("INV-1001"), Posted("INV-1001"), Posted("CN-1002")]
        assert isinstance(answers[3], Ignored)
        assert [(one.delivery, one.pieces, one.of_pieces) for one in there.booked()] == [("DLV-1", 1, 2)] * 2
        assert "1 invoices, 1 credit notes" in there.sentence()


def test_a_notice_is_kept_once_beside_the_postings() -> None:
    told = ErpNotice("n", NoticeKind.BOOKED, "DLV-1", "SO-1", "C-1", 1, "Booked with ups: 1Z.", "ups", "1Z")

    async def tell(there: Desk) -> list[Answer]:
        erp = rest_erp(DECLARATION, there.address, {"key": KEY})
        try:
            return [await erp.told(told, "msg_1") or await erp.tell(told, "msg_1") for _ in range(2)]
        finally:
            await erp.close()

    with desk() as there:
        assert asyncio.run(tell(there)) == [Posted("booked of DLV-1")] * 2
        [kept] = there.noticed()
        assert (kept.kind, kept.delivery, kept.number, kept.words) == ("booked", "DLV-1", "1Z", told.words)
        assert there.booked() == []
        assert "notices: 1." in there.sentence()


def test_while_it_is_away_nothing_is_booked() -> None:
    with desk() as there:
        there.is_away = True
        async def post() -> Answer:
            erp = rest_erp(DECLARATION, there.address, {"key": KEY})
            try:
                return await erp.post(CONFIRMED)
            finally:
                await erp.close()

        assert isinstance(asyncio.run(post()), Unknown)
        assert there.booked() == []


def test_its_list_of_erps_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "erp.yaml"
    with desk() as there:
        file.write_text(erp_list(there, tmp_path / "secret"), "utf-8")
        [one] = declared.load(file)
        assert (one.name, one.kind, one.address) == ("desk", "rest", there.address)
