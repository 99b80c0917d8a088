"""Reads and changes the records of a Tryton that a posting is about: shipments, their packages, notes and proofs."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import Struct

from connectors.erp.tryton.journal import Journal
from connectors.erp.tryton.rpc import RpcRefused, RpcWarning, TrytonRpc

SHIPMENT, RETURN = "stock.shipment.out", "stock.shipment.out.return"
ACCEPTED_WARNINGS = ("no_carrier",)
"""Warnings a person would wave through: Tryton is not told the carrier, ShipSync knows it."""
_FIELDS = [
    "number", "state", "customer", "warehouse_storage", "warehouse_output", "outgoing_moves", "packages",
    "shipping_reference", "_timestamp",
]


class Shipment(Struct, frozen=True):
    """One outgoing shipment as it is now."""

    id: int
    number: str
    state: str
    customer: int
    is_picked_first: bool
    moves: list[int]
    packages: list[int]
    reference: str
    timestamp: str

    @property
    def resource(self) -> str:
        """The record, as references to it read."""
        return f"{SHIPMENT},{self.id}"


class Records:
    """The records of one server. Its methods raise as ``TrytonRpc.call`` does.

    ``numbering``: held while an invoice or a credit note gets its number, ``assigning``: while goods are assigned.
    Tryton lets one transaction do so at a time, and has others begin again, up to five times, before it refuses them.
    """

    def __init__(self, rpc: TrytonRpc) -> None:
        self.rpc = rpc
        self.numbering, self.assigning = asyncio.Lock(), asyncio.Lock()

    async def search(self, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        """The records that fit, the oldest first."""
        found: list[dict[str, Any]] = await self.rpc.call(
            f"model.{model}.search_read", domain, 0, None, [["id", "ASC"]], fields
        )
        return found

    async def read(self, model: str, ids: list[int], fields: list[str]) -> list[dict[str, Any]]:
        """These records, in the order of their ids."""
        found: list[dict[str, Any]] = await self.rpc.call(f"model.{model}.read", sorted(ids), fields) if ids else []
        return sorted(found, key=lambda one: one["id"])

    async def click(self, model: str, button: str, record: int) -> Any:
        """Press a button of a record; warnings a person would wave through are confirmed."""
        try:
            return await self.rpc.call(f"model.{model}.{button}", [record])
        except RpcWarning as warning:
            if warning.name.rpartition(".")[2] not in ACCEPTED_WARNINGS:
                raise
            await self.rpc.accept_warning(warning.name)
            return await self.rpc.call(f"model.{model}.{button}", [record])

    async def shipment(self, number: str) -> Shipment:
        """The shipment with this number. Raises RpcRefused where there is none, or several."""
        found = await self.search(SHIPMENT, [["number", "=", number]], _FIELDS)
        if len(found) != 1:
            raise RpcRefused(f"{len(found)} outgoing shipments have the number {number}")
        return _shipment(found[0])

    async def again(self, shipment: Shipment) -> Shipment:
        """The shipment as it is by now."""
        [found] = await self.read(SHIPMENT, [shipment.id], _FIELDS)
        return _shipment(found)

    async def journal(self, shipment: Shipment) -> Journal:
        """The journal of what was posted to the shipment."""
        notes = await self.search("ir.note", [["resource", "=", shipment.resource]], ["message"])
        return Journal(one["message"] or "" for one in notes)

    async def note(self, shipment: Shipment, message: str) -> None:
        """Leave a note on the shipment."""
        await self.rpc.call("model.ir.note.create", [{"resource": shipment.resource, "message": message}])

    async def write_shipment(self, shipment: Shipment, values: dict[str, Any]) -> None:
        """Change the shipment as it was read: somebody else's change meanwhile is a RpcConflict."""
        await self.rpc.call(
            f"model.{SHIPMENT}.write", [shipment.id], values, timestamps={shipment.resource: shipment.timestamp}
        )


def _shipment(found: dict[str, Any]) -> Shipment:
    return Shipment(
        found["id"], found["number"], found["state"], found["customer"],
        found["warehouse_storage"] != found["warehouse_output"], list(found["outgoing_moves"]),
        list(found["packages"]), found["shipping_reference"] or "", found["_timestamp"],
    )
