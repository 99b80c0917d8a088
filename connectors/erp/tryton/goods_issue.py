"""Ships a shipment: from wherever it stands to `shipped`, in packages that bear the carrier's numbers."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from connectors.erp.tryton.journal import plain
from connectors.erp.tryton.records import SHIPMENT, Records, Shipment
from connectors.erp.tryton.rpc import RpcRefused

MOST_STEPS = 12
_SHIPPED = ("shipped", "done")


async def issue(
    records: Records, shipment: Shipment, number: str, package_type: str, unused: Set[str]
) -> Shipment:
    """Take each step that is missing; the shipment as it is then. ``number``: the carrier's; ``unused``: those of
    bookings under which nothing has left.

    Raises RpcRefused where Tryton does not let it be shipped, for want of stock for one; else as ``TrytonRpc.call``.
    """
    for _ in range(MOST_STEPS):
        if shipment.state in _SHIPPED:
            break
        await _step(records, shipment, number, package_type)
        before, shipment = shipment, await records.again(shipment)
        if shipment.state == before.state and shipment.packages == before.packages:
            raise RpcRefused(_stuck(shipment))
    return await _packed(records, shipment, number, package_type, unused)


async def _step(records: Records, shipment: Shipment, number: str, package_type: str) -> None:
    match shipment.state:
        case "draft":
            await records.click(SHIPMENT, "wait", shipment.id)
        case "waiting":
            async with records.assigning:
                await records.click(SHIPMENT, "assign_try", shipment.id)
        case "assigned" if shipment.is_picked_first:
            await records.click(SHIPMENT, "pick", shipment.id)
        case "assigned" | "picked":
            if not shipment.packages:
                await _add(records, shipment, number, package_type)
            else:
                await records.click(SHIPMENT, "pack", shipment.id)
        case "packed":
            await records.click(SHIPMENT, "ship", shipment.id)
        case state:
            raise RpcRefused(f"shipment {shipment.number} is {state}")


async def _packed(
    records: Records, shipment: Shipment, number: str, package_type: str, unused: Set[str]
) -> Shipment:
    """The shipment with a package that bears the number: one there that bears none, its only one where that bears an
    unused number, or a new one. Of a shipment that is shipped Tryton lets no package be added: the number is in the
    posting's note alone."""
    packages = await records.read("stock.package", shipment.packages, ["shipping_reference", "_timestamp"])
    if any(one["shipping_reference"] == number for one in packages):
        return shipment
    free = next((one for one in packages if not one["shipping_reference"]), None)
    if len(packages) == 1 and plain(packages[0]["shipping_reference"] or "") in unused:
        free = packages[0]
    if free is None and shipment.state in _SHIPPED:
        return shipment
    if free is None:
        await _add(records, shipment, number, package_type)
        return await records.again(shipment)
    await records.rpc.call(
        "model.stock.package.write", [free["id"]], {"shipping_reference": number},
        timestamps={f"stock.package,{free['id']}": free["_timestamp"]},
    )
    return shipment


async def _add(records: Records, shipment: Shipment, number: str, package_type: str) -> None:
    domain = [["name", "=", package_type]] if package_type else []
    types = await records.search("stock.package.type", domain, ["name"])
    if not types:
        raise RpcRefused(f"there is no package type {package_type or 'at all'}")
    moves = await records.read("stock.move", shipment.moves, ["package", "state"])
    loose = [one["id"] for one in moves if one["package"] is None and one["state"] != "cancelled"]
    package: dict[str, Any] = {"type": types[0]["id"], "shipping_reference": number}
    if loose:
        package["moves"] = [["add", loose]]
    values: dict[str, Any] = {"packages": [["create", [package]]]}
    if not shipment.reference:
        values["shipping_reference"] = number
    await records.write_shipment(shipment, values)


def _stuck(shipment: Shipment) -> str:
    if shipment.state == "waiting":
        return f"shipment {shipment.number} cannot be assigned: the stock is not there"
    return f"shipment {shipment.number} stays {shipment.state}"
