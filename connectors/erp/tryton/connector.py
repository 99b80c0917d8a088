"""Posts into Tryton: the ERP delivery is an outgoing shipment, found by its number.

Each step looks at how things are and does what is missing, so that a posting that stopped half-way, at whatever point,
is completed by the next attempt. The note that names the posting's key comes last: with it, the posting is in effect.
"""

from __future__ import annotations

from collections.abc import Awaitable

from connectors.erp.documents import PostedDocuments
from connectors.erp.port import Answer, Encode, OrderPage, Posted, Refused, Unknown
from connectors.erp.tryton import notices, proofs
from connectors.erp.tryton.goods_issue import issue
from connectors.erp.tryton.invoices import Invoices
from connectors.erp.tryton.journal import Journal, note_of, plain
from connectors.erp.tryton.orders import SaleReader
from connectors.erp.tryton.records import SHIPMENT, Records, Shipment
from connectors.erp.tryton.returns import take_back_goods
from connectors.erp.tryton.reversals import reverse
from connectors.erp.tryton.rpc import RpcConflict, RpcLost, RpcRefused, TrytonRpc
from streams.contracts.notices import ErpNotice
from streams.contracts.postings import ErpPosting
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import PostingKind


class Tryton:
    """One database of one Tryton server."""

    def __init__(
        self, rpc: TrytonRpc, *, invoice_after_proof: bool = False, package_type: str = "",
        encode: Encode | None = None, documents: PostedDocuments | None = None,
    ) -> None:
        """``encode``: needed to read orders. ``documents``: those that postings bear. ``invoice_after_proof``: invoices
        are posted once the proof of delivery is there, too; else with the confirmation. ``package_type``: the name of
        the type that packages are made of; by default the first."""
        self._rpc, self._records = rpc, Records(rpc)
        self._invoices = Invoices(self._records)
        self._after_proof, self._package_type = invoice_after_proof, package_type
        self._documents = documents
        self._sales = None if encode is None else SaleReader(self._records, encode)

    async def post(self, posting: ErpPosting) -> Answer:
        """Write one posting, or complete what an earlier attempt began."""
        return await _answer(self._post(posting))

    async def find(self, posting: ErpPosting) -> Posted | None:
        """Look for the note of the posting on its shipment. Raises Transient where Tryton does not answer."""
        return await self._noted(posting.delivery_id, posting.posting_id)

    async def tell(self, notice: ErpNotice, key: str) -> Answer:
        """Write one notice: the number of a booking onto its shipment, and a note in any case."""
        return await _answer(self._tell(notice, key))

    async def told(self, notice: ErpNotice, key: str) -> Posted | None:
        """Look for the note of the notice on its shipment. Raises Transient where Tryton does not answer."""
        return await self._noted(notice.delivery_id, key)

    async def orders(self, cursor: str) -> OrderPage:
        """Read sales that changed since ``cursor``; ``""`` begins. Raises Transient where Tryton does not answer, or
        does not let them be read."""
        if self._sales is None:
            return OrderPage([], cursor)
        try:
            return await self._sales.page(cursor)
        except (RpcRefused, RpcConflict, RpcLost) as error:
            raise Transient(f"orders: {error}") from error

    async def close(self) -> None:
        """Disconnect."""
        await self._rpc.close()

    async def _post(self, posting: ErpPosting) -> Posted:
        shipment = await self._records.shipment(posting.delivery_id)
        journal = await self._records.journal(shipment)
        if posting.reverses is None:
            done = await self._write(posting, shipment, journal)
        else:
            done = await reverse(self._records, self._invoices, posting, shipment, journal)
        await self._records.note(shipment, note_of(posting, done))
        return Posted(" ".join(filter(None, (shipment.number, done))))

    async def _tell(self, notice: ErpNotice, key: str) -> Posted:
        shipment = await self._records.shipment(notice.delivery_id)
        journal = await self._records.journal(shipment)
        done = await notices.take_over(self._records, shipment, journal, notice)
        await self._records.note(shipment, notices.note_of(notice, key, done))
        return Posted(" ".join(filter(None, (shipment.number, done))))

    async def _noted(self, delivery_id: str, key: str) -> Posted | None:
        try:
            shipment = await self._records.shipment(delivery_id)
            journal = await self._records.journal(shipment)
        except RpcRefused:
            return None
        except (RpcConflict, RpcLost) as error:
            raise Transient(str(error)) from error
        return Posted(shipment.number) if key in journal else None

    async def _write(self, posting: ErpPosting, shipment: Shipment, journal: Journal) -> str:
        """Do what the posting says; what else there is to say of it."""
        match posting.kind:
            case PostingKind.GOODS_ISSUE:
                await self._issue(posting, shipment, journal)
                return ""
            case PostingKind.DELIVERY_CONFIRMATION:
                return await self._confirm(posting, shipment, journal)
            case PostingKind.PROOF_OF_DELIVERY:
                await proofs.attach(self._records, shipment, posting, self._documents)
                return await self._invoice(shipment, journal) if self._after_proof else ""
            case PostingKind.RETURN_RECEIPT:
                return await take_back_goods(self._records, posting, shipment)
        return ""

    async def _issue(self, posting: ErpPosting, shipment: Shipment, journal: Journal) -> Shipment:
        unused = journal.booked() - journal.issued()
        return await issue(self._records, shipment, posting.tracking_number, self._package_type, unused)

    async def _confirm(self, posting: ErpPosting, shipment: Shipment, journal: Journal) -> str:
        """The goods arrived: once all packages did, the shipment is done and its invoice is posted."""
        shipment = await self._issue(posting, shipment, journal)
        await proofs.attach(self._records, shipment, posting, self._documents)
        packages = await self._records.read("stock.package", shipment.packages, ["shipping_reference"])
        numbers = {plain(one["shipping_reference"]) for one in packages if one["shipping_reference"]}
        confirmed = journal.confirmed() | {plain(posting.tracking_number)}
        if missing := (numbers | journal.issued()) - confirmed:
            return f"Still under way: {', '.join(sorted(missing))}."
        if posting.pieces_delivered < posting.pieces_known:
            return f"Still under way: {posting.pieces_known - posting.pieces_delivered} pieces."
        if shipment.state != "done":
            await self._records.click(SHIPMENT, "do", shipment.id)
        return await self._invoice(shipment, journal)

    async def _invoice(self, shipment: Shipment, journal: Journal) -> str:
        shipment = await self._records.again(shipment)
        if shipment.state != "done":
            return ""
        if self._after_proof and not await proofs.numbers(self._records, shipment):
            return "The invoice waits for the proof of delivery."
        return await self._invoices.post(shipment, anew=journal.was_taken_back(PostingKind.DELIVERY_CONFIRMATION))


async def _answer(made: Awaitable[Posted]) -> Answer:
    """The answer that the outcome of some calls means."""
    try:
        return await made
    except RpcRefused as error:
        return Refused(str(error))
    except RpcConflict as error:
        return Unknown(str(error), was_sent=False)
    except RpcLost as error:
        return Unknown(str(error), error.retry_at, error.was_sent)
