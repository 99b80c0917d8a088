"""Attaches proofs of delivery to a shipment: one for each of the carrier's numbers."""

from __future__ import annotations

import base64
from typing import Any

from connectors.erp.documents import PostedDocuments, document_of
from connectors.erp.tryton.records import Records, Shipment
from streams.contracts.postings import ErpPosting

NAME = "Proof of delivery"
WITHDRAWN = "Withdrawn: "
_DIGITS = 8
"""Of the hash of a document, in the name of its attachment."""


def name_of(posting: ErpPosting) -> str:
    """The name of the attachment: by the carrier's number, the piece where the proof is of one, and the document where
    one is stored; without the suffix of a file."""
    document_id = document_of(posting) or ""
    return " ".join(filter(None, (NAME, posting.tracking_number, posting.piece, document_id[:_DIGITS])))


async def numbers(records: Records, shipment: Shipment) -> list[str]:
    """The names of the proofs that are there."""
    return [one["name"] for one in await _attached(records, shipment) if one["name"].startswith(f"{NAME} ")]


async def attach(
    records: Records, shipment: Shipment, posting: ErpPosting, documents: PostedDocuments | None = None
) -> None:
    """Attach the proof that the posting bears, or complete the one that is there; of a stored document its content. Of
    several with its name, which two attempts at once could make, the first is kept. Raises Transient where the store of
    documents does not answer."""
    proof = posting.proof_of_delivery
    if proof is None or not (proof.document_url or proof.signed_by or proof.left_at):
        return
    name, values = name_of(posting), _values(posting)
    if documents is not None and (document_id := document_of(posting)):
        there = await _named(records, shipment, name)
        if there:
            return
        posting = documents.linked(posting)
        values = _values(posting)
        found = await documents.content(document_id)
        if found is not None:
            name, values = f"{name}.{found.suffix}", {**values, **_data(found.content), "link": None}
    there = await _named(records, shipment, name)
    if not there:
        await records.rpc.call(
            "model.ir.attachment.create", [{"name": name, "resource": shipment.resource, **values}]
        )
        there = await _named(records, shipment, name)
    elif proof.document_url and there[0]["link"] != proof.document_url:
        await records.rpc.call("model.ir.attachment.write", [there[0]["id"]], values)
    if extra := [one["id"] for one in there[1:]]:
        await records.rpc.call("model.ir.attachment.delete", extra)


async def withdraw(records: Records, shipment: Shipment, posting: ErpPosting) -> None:
    """Mark the proof as withdrawn; it stays for whoever looks into it."""
    for one in await _named(records, shipment, name_of(posting)):
        await records.rpc.call("model.ir.attachment.write", [one["id"]], {"name": WITHDRAWN + one["name"]})


async def _named(records: Records, shipment: Shipment, name: str) -> list[dict[str, Any]]:
    return [
        one for one in await _attached(records, shipment)
        if one["name"] == name or one["name"].startswith(f"{name}.")
    ]


async def _attached(records: Records, shipment: Shipment) -> list[dict[str, Any]]:
    return await records.search("ir.attachment", [["resource", "=", shipment.resource]], ["name", "link"])


def _values(posting: ErpPosting) -> dict[str, Any]:
    proof = posting.proof_of_delivery
    assert proof is not None
    stated = {
        "signed by": proof.signed_by, "left at": proof.left_at, "document": proof.document_url,
        "carrier": posting.carrier, "number": posting.tracking_number, "piece": posting.piece,
        "event": posting.event_id, "posting": posting.posting_id,
    }
    text = "\n".join(f"{name}: {value}" for name, value in stated.items() if value)
    if proof.document_url:
        return {"type": "link", "link": proof.document_url, "description": text}
    return {**_data(text.encode()), "description": text}


def _data(content: bytes) -> dict[str, Any]:
    return {"type": "data", "data": {"__class__": "bytes", "base64": base64.b64encode(content).decode()}}
