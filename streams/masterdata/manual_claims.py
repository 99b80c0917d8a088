"""What people say by hand, as what others make of it: whose a reference is, and which numbers belong together.

Part of the orders stage, which reads ``master.data``; writes ``reference.claims`` and ``shipment.links``.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from streams.contracts.link_paths import both_ways
from streams.contracts.model import MasterRecord, ReferenceClaim, ShipmentLink
from streams.contracts.references import parse_key
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import LinkKind, MasterKind, RejectReason, SaidBy


class ByHand(Struct):
    """What a chunk of master data says; ``refused``: place in the chunk and why."""

    claims: list[ReferenceClaim] = field(default_factory=list)
    links: list[ShipmentLink] = field(default_factory=list)
    refused: list[tuple[int, Reject]] = field(default_factory=list)


def said_by_hand(chunk: Sequence[MasterRecord]) -> ByHand:
    """The words of a chunk on references and links, in its order; of other kinds nothing."""
    out = ByHand()
    for place, record in enumerate(chunk):
        try:
            if record.kind is MasterKind.REFERENCE:
                out.claims.append(_claim(record))
            elif record.kind is MasterKind.LINK:
                out.links += both_ways(_link(record))
        except Reject as reject:
            out.refused.append((place, reject))
    return out


def _claim(record: MasterRecord) -> ReferenceClaim:
    name = parse_key(record.id)
    if name is None or not (record.withdrawn or (record.carrier and record.tracking_number)):
        detail = f"{record.id!r}: TYPE:REFERENCE, a carrier and a tracking number are due"
        raise Reject(RejectReason.CONTRACT_BROKEN, detail, "id")
    return ReferenceClaim(
        name.type, name.value, record.carrier, record.tracking_number, SaidBy.PERSON, record.updated_at,
        record.updated_at if record.valid_at is None else record.valid_at, record.withdrawn,
    )  # fmt: skip


def _link(record: MasterRecord) -> ShipmentLink:
    part, whole = (record.carrier, record.tracking_number), (record.of_carrier, record.of_tracking_number)
    if not all((*part, *whole)) or part == whole:
        detail = f"{record.id!r}: two different shipments are due, each with carrier and number"
        raise Reject(RejectReason.CONTRACT_BROKEN, detail, "of_tracking_number")
    try:
        kind = LinkKind(record.link)
    except ValueError as error:
        detail = f"{record.id!r}: {record.link!r} is no kind of link"
        raise Reject(RejectReason.CONTRACT_BROKEN, detail, "link") from error
    return ShipmentLink(*part, *whole, kind, record.updated_at, record.withdrawn, record.updated_by)
