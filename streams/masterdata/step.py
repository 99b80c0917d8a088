"""The master data step: people's decisions in; claims on references and links between shipments out.

Runs in the orders stage. Reads ``master.data``; writes ``reference.claims`` and ``shipment.links``; keeps no state.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from streams.contracts.link_paths import both_ways
from streams.contracts.model import MasterRecord, ReferenceClaim, ShipmentLink
from streams.contracts.references import parse_key
from streams.kernel.errors import Reject
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import LinkKind, MasterKind, RejectReason, SaidBy


class ManualDecisions(Struct):
    """``claims``: which shipment a reference belongs to. ``links``: which tracking numbers belong together, an alias
    both ways."""

    claims: list[ReferenceClaim] = field(default_factory=list)
    links: list[ShipmentLink] = field(default_factory=list)


def step(chunk: Sequence[MasterRecord]) -> StepResult[ManualDecisions, None]:
    """The decisions of a chunk in its order; records of carriers and customers yield none."""
    out = ManualDecisions()
    refused: list[tuple[int, Reject]] = []
    for place, record in enumerate(chunk):
        try:
            if record.kind is MasterKind.REFERENCE:
                out.claims.append(_claim(record))
            elif record.kind is MasterKind.LINK:
                out.links += both_ways(_link(record))
        except Reject as reject:
            refused.append((place, reject))
    counts = {"reference_claims": len(out.claims), "shipment_links": len(out.links)}
    return StepResult(out, {}, refused, counts)


def _claim(record: MasterRecord) -> ReferenceClaim:
    name = parse_key(record.id)
    if name is None:
        detail = f"id {record.id!r} is no reference: write TYPE:REFERENCE, such as bol:4711"
        raise Reject(RejectReason.CONTRACT_BROKEN, detail, "id")
    if not (record.withdrawn or (record.carrier and record.tracking_number)):
        missing = "tracking_number" if record.carrier else "carrier"
        detail = f"{record.id}: {missing} is empty; name the shipment, or set withdrawn"
        raise Reject(RejectReason.CONTRACT_BROKEN, detail, missing)
    return ReferenceClaim(
        name.type, name.value, record.carrier, record.tracking_number, SaidBy.PERSON, record.updated_at,
        record.updated_at if record.valid_at is None else record.valid_at, record.withdrawn,
    )  # fmt: skip


def _link(record: MasterRecord) -> ShipmentLink:
    child, parent = (record.carrier, record.tracking_number), (record.of_carrier, record.of_tracking_number)
    if not all((*child, *parent)) or child == parent:
        detail = f"{record.id!r}: a link needs two different shipments, each with its carrier and tracking number"
        raise Reject(RejectReason.CONTRACT_BROKEN, detail, "of_tracking_number")
    try:
        kind = LinkKind(record.link)
    except ValueError as error:
        detail = f"{record.id!r}: link is {record.link!r}; write one of {', '.join(one.value for one in LinkKind)}"
        raise Reject(RejectReason.CONTRACT_BROKEN, detail, "link") from error
    return ShipmentLink(*child, *parent, kind, record.updated_at, record.withdrawn, record.updated_by)
