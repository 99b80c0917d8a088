"""Takes a posting back, as far as Tryton lets it."""

from __future__ import annotations

from connectors.erp.tryton import proofs
from connectors.erp.tryton.invoices import Invoices
from connectors.erp.tryton.journal import Journal
from connectors.erp.tryton.records import SHIPMENT, Records, Shipment
from connectors.erp.tryton.returns import cancel_return
from streams.contracts.postings import ErpPosting
from streams.kernel.vocabulary import PostingKind


async def reverse(
    records: Records, invoices: Invoices, posting: ErpPosting, shipment: Shipment, journal: Journal
) -> str:
    """Take back the posting that this one reverses; in words, what was done. What was never in effect needs nothing.
    Raises as ``TrytonRpc.call``."""
    before = posting.reverses
    if before is None or before not in journal:
        return "There was nothing to take back."
    match posting.kind:
        case PostingKind.GOODS_ISSUE:
            if shipment.state != "cancelled":
                await records.click(SHIPMENT, "cancel", shipment.id)
            return "The shipment is cancelled."
        case PostingKind.DELIVERY_CONFIRMATION:
            return await invoices.credit(shipment)
        case PostingKind.PROOF_OF_DELIVERY:
            await proofs.withdraw(records, shipment, posting)
            return "The proof is marked as withdrawn."
        case PostingKind.RETURN_RECEIPT:
            return await cancel_return(records, before)
    return ""
