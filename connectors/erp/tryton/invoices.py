"""Posts the invoices of a shipment, and credits them."""

from __future__ import annotations

from typing import Any

from connectors.erp.tryton.records import Records, Shipment
from connectors.erp.tryton.rpc import RpcRefused

INVOICE, LINE, SALE = "account.invoice", "account.invoice.line", "sale.sale"
CREDIT, RECREATE = "account.invoice.credit", "sale.handle.invoice.exception"
_DRAFT = ("draft", "validated")
_POSTED = ("posted", "paid")


class Invoices:
    """The invoices of one server. Its methods raise as ``TrytonRpc.call`` does."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def post(self, shipment: Shipment, *, anew: bool = False) -> str:
        """Post what is invoiced of the shipment; in words, which invoices. ``anew``: the delivery is confirmed again,
        after an invoice of it was credited: it is made again by the sale."""
        invoices = await self._of(shipment)
        if not any(one["state"] in (*_DRAFT, *_POSTED) for one in invoices) and (anew or not invoices):
            for sale in await self._sales(shipment):
                await self._make(sale, shipment)
            invoices = await self._of(shipment)
        for one in invoices:
            if one["state"] in _DRAFT:
                async with self._records.numbering:
                    await self._records.click(INVOICE, "post", one["id"])
        ids = [one["id"] for one in invoices]
        posted = [one for one in await self._read(ids) if one["state"] in _POSTED]
        return f"Invoice {', '.join(str(one['number']) for one in posted)}." if posted else ""

    async def _make(self, sale: int, shipment: Shipment) -> None:
        """Have Tryton invoice a sale, and again what it has of it that was credited."""
        [held] = await self._records.read(SALE, [sale], ["invoices", "invoices_recreated"])
        gone = {one["id"] for one in await self._of(shipment) if one["state"] == "cancelled"}
        if again := sorted(gone & {*held["invoices"]} - {*held["invoices_recreated"]}):
            chosen = {"domain_invoices": again, "recreate_invoices": again, "ignore_invoices": []}
            await self._wizard(RECREATE, {"ask": chosen}, "handle", SALE, sale)
        if not any(one["state"] in (*_DRAFT, *_POSTED) for one in await self._of(shipment)):
            await self._process(sale)

    async def _process(self, sale: int) -> None:
        """Have Tryton do what a sale waits for: it does so itself after the shipment's end, but where it died then."""
        try:
            await self._records.click(SALE, "process", sale)
        except RpcRefused as error:
            raise RpcRefused(f"{error} The user needs the group Sales Administrator for it.") from error

    async def credit(self, shipment: Shipment) -> str:
        """Take back the invoices of the shipment: one that is posted is credited, one that is not yet is cancelled, and
        of one that is paid a credit note is left for the accountant to post; in words."""
        said = []
        for one in await self._of(shipment):
            said.append(await self._take_back(one))
        return " ".join(filter(None, said))

    async def _take_back(self, invoice: dict[str, Any]) -> str:
        match invoice["state"]:
            case "draft" | "validated":
                await self._records.click(INVOICE, "cancel", invoice["id"])
                return "The draft of the invoice is cancelled."
            case "posted":
                await self._credit(invoice["id"], refund=True)
                return f"Invoice {invoice['number']} is credited."
            case "paid":
                if not await self._is_credited(invoice):
                    await self._credit(invoice["id"], refund=False)
                return f"Invoice {invoice['number']} is paid: its credit note waits as a draft."
        return ""

    async def _credit(self, invoice: int, *, refund: bool) -> None:
        """Run Tryton's wizard to credit an invoice. With ``refund`` the invoice ends cancelled in the same transaction:
        run again, it is not there to be credited."""
        chosen = {"with_refund": refund, "with_refund_allowed": refund, "invoice_date": None}
        async with self._records.numbering:
            await self._wizard(CREDIT, {"start": chosen}, "credit", INVOICE, invoice)

    async def _wizard(self, name: str, values: dict[str, Any], button: str, model: str, number: int) -> None:
        """Fill in a wizard of a record, and press a button of it."""
        rpc = self._records.rpc
        session, *_ = await rpc.call(f"wizard.{name}.create")
        about = {"active_model": model, "active_id": number, "active_ids": [number], "action_id": None}
        await rpc.call(f"wizard.{name}.execute", session, values, button, context=about)
        await rpc.call(f"wizard.{name}.delete", session)

    async def _is_credited(self, invoice: dict[str, Any]) -> bool:
        origins = [f"{LINE},{line}" for line in invoice["lines"]]
        return bool(await self._records.search(LINE, [["origin", "in", origins]], ["id"]))

    async def _of(self, shipment: Shipment) -> list[dict[str, Any]]:
        """The invoices with lines about the shipment's moves, credit notes left out."""
        moves = await self._records.read("stock.move", shipment.moves, ["invoice_lines"])
        ids = sorted({line for move in moves for line in move["invoice_lines"]})
        lines = await self._records.read(LINE, ids, ["invoice", "quantity"])
        return await self._read(sorted({
            line["invoice"] for line in lines if line["invoice"] is not None and (line["quantity"] or 0) > 0
        }))

    async def _read(self, ids: list[int]) -> list[dict[str, Any]]:
        return await self._records.read(INVOICE, ids, ["state", "number", "lines"])

    async def _sales(self, shipment: Shipment) -> list[int]:
        """The sales whose lines the shipment's moves come from."""
        moves = await self._records.read("stock.move", shipment.moves, ["origin"])
        origins = [(one["origin"] or "").partition(",") for one in moves]
        lines = [int(number) for model, _, number in origins if model == "sale.line" and number]
        return sorted({one["sale"] for one in await self._records.read("sale.line", sorted(set(lines)), ["sale"])})
