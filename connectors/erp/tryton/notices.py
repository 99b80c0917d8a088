"""Writes notices: a booking's number onto the shipment, and its package while the goods are there, and a note of every
notice. The note comes last: with it, the ERP is told.

    shipsync msg_5f0c1e9a7b0d4c5a8e2f6b1d3c9a7e40 booked PRO77
    2026-11-04 09:11 UTC: Booked with north (parcel): PRO77.
"""

from __future__ import annotations

from connectors.erp.tryton.journal import MARK, Journal, plain, when
from connectors.erp.tryton.records import Records, Shipment
from streams.contracts.notices import ErpNotice
from streams.kernel.vocabulary import NoticeKind

_LEFT = ("shipped", "done")


def note_of(notice: ErpNotice, key: str, done: str = "") -> str:
    """The note of a notice. ``done``: what else there is to say of it."""
    first = f"{MARK} {key} {notice.kind.value} {plain(notice.tracking_number) or '-'}"
    since = "" if notice.since is None else f" (since {when(notice.since)})"
    return "\n".join(filter(None, (first, f"{when(notice.occurred_at)}: {notice.words}{since}", done)))


async def take_over(records: Records, shipment: Shipment, journal: Journal, notice: ErpNotice) -> str:
    """Writes the number of a booking, or takes it off again; what there is to say of it. A number that a person, or a
    goods issue, entered stays; packages of goods that left keep theirs, and a cancellation takes nothing off them.
    Raises as ``TrytonRpc.call`` does."""
    number, is_booked, has_left = notice.tracking_number, notice.kind is NoticeKind.BOOKED, shipment.state in _LEFT
    is_cancelled = notice.kind is NoticeKind.BOOKING_CANCELLED
    if shipment.state == "cancelled" or not (is_booked or (is_cancelled and not has_left)):
        return ""
    ours = {plain(one) for one in (journal.booked() if is_booked else ())} | {plain(number)}
    wanted = number if is_booked else None
    if not has_left:
        await _package(records, shipment, ours, wanted)
    if shipment.reference == (wanted or ""):
        return ""
    if shipment.reference and plain(shipment.reference) not in ours:
        return f"Its shipping reference, {shipment.reference}, stays."
    await records.write_shipment(shipment, {"shipping_reference": wanted})
    return ""


async def _package(records: Records, shipment: Shipment, ours: set[str], wanted: str | None) -> None:
    """Gives the number to the package that bore an earlier one of ours, else to one that bears none; or takes it off.
    Where there is no package yet, the goods issue makes one."""
    packages = await records.read("stock.package", shipment.packages, ["shipping_reference", "_timestamp"])
    if wanted is not None and any(one["shipping_reference"] == wanted for one in packages):
        return
    bearing = [one for one in packages if plain(one["shipping_reference"] or "") in ours]
    bare = [one for one in packages if not one["shipping_reference"]]
    for one in (bearing if wanted is None else (bearing or bare)[:1]):
        await records.rpc.call(
            "model.stock.package.write", [one["id"]], {"shipping_reference": wanted},
            timestamps={f"stock.package,{one['id']}": one["_timestamp"]},
        )
