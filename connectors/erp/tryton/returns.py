"""Takes returned goods back: of a shipment that is done by a customer return, of one under way by its cancellation."""

from __future__ import annotations

from typing import Any

from connectors.erp.tryton.records import RETURN, SHIPMENT, Records, Shipment
from connectors.erp.tryton.rpc import RpcRefused
from streams.contracts.postings import ErpPosting

_TAKEN_BACK = ("received", "done")


async def take_back_goods(records: Records, posting: ErpPosting, shipment: Shipment) -> str:
    """Bring all goods of the shipment back into stock; in words, how. The customer return bears the posting's key as
    its reference, so that it is made once. Crediting it is the accountant's. Raises as ``TrytonRpc.call``."""
    if shipment.state == "cancelled":
        return "The shipment is cancelled."
    if shipment.state != "done":
        await records.click(SHIPMENT, "cancel", shipment.id)
        return "Returned before it arrived: the shipment is cancelled."
    found = await _made(records, posting.posting_id)
    if not found:
        await records.rpc.call(f"model.{RETURN}.create", [await _values(records, posting, shipment)])
        found = await _made(records, posting.posting_id)
    made, *extra = found
    for one in extra:
        if one["state"] in ("draft", "cancelled"):
            await records.rpc.call(f"model.{RETURN}.delete", [one["id"]])
    if made["state"] == "draft":
        await records.click(RETURN, "receive", made["id"])
    [made] = await records.read(RETURN, [made["id"]], ["number", "state"])
    if made["state"] == "received":
        await records.click(RETURN, "do", made["id"])
    return f"Customer return {made['number']}."


async def cancel_return(records: Records, key: str) -> str:
    """Cancel the customer return of a posting that is taken back; in words."""
    said = []
    for one in await _made(records, key):
        if one["state"] != "cancelled":
            await records.click(RETURN, "cancel", one["id"])
        said.append(f"Customer return {one['number']} is cancelled.")
    return " ".join(said)


async def _made(records: Records, key: str) -> list[dict[str, Any]]:
    return await records.search(RETURN, [["reference", "=", key]], ["number", "state"])


async def _values(records: Records, posting: ErpPosting, shipment: Shipment) -> dict[str, Any]:
    fields = ["warehouse", "company", "customer", "delivery_address"]
    [about] = await records.read(SHIPMENT, [shipment.id], fields)
    [place] = await records.read(
        "stock.location", [about["warehouse"]], ["input_location", "storage_location"]
    )
    moves = await records.read(
        "stock.move", shipment.moves,
        ["product", "quantity", "unit", "unit_price", "currency", "to_location", "state"],
    )
    done = [one for one in moves if one["state"] == "done"]
    if not done:
        raise RpcRefused(f"shipment {shipment.number} has no goods to return")
    return {
        "company": about["company"], "customer": about["customer"], "contact_address": about["delivery_address"],
        "warehouse": about["warehouse"], "warehouse_input": place["input_location"],
        "warehouse_storage": place["storage_location"], "reference": posting.posting_id,
        "incoming_moves": [["create", [
            {
                "product": one["product"], "quantity": one["quantity"], "unit": one["unit"],
                "unit_price": one["unit_price"], "currency": one["currency"], "company": about["company"],
                "from_location": one["to_location"], "to_location": place["input_location"],
                "origin": f"stock.move,{one['id']}",
            } for one in done
        ]]],
    }
