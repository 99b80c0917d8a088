"""Customer updates as sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streams.contracts.model import CustomerUpdate, Location
from streams.kernel.vocabulary import ExceptionType, Milestone, Reason

_TOLD: dict[Milestone, str] = {
    Milestone.PRE_ADVISED: "announced by the shipper",
    Milestone.PICKED_UP: "picked up",
    Milestone.DEPARTED_PICKUP: "on its way",
    Milestone.DEPARTED_FACILITY: "left",
    Milestone.ARRIVED_FACILITY: "arrived",
    Milestone.IN_TRANSIT: "on its way",
    Milestone.CUSTOMS_HELD: "held by customs",
    Milestone.CUSTOMS_RELEASED: "released by customs",
    Milestone.OUT_FOR_DELIVERY: "out for delivery",
    Milestone.AVAILABLE_FOR_PICKUP: "ready for collection",
    Milestone.DELIVERY_ATTEMPTED: "could not be delivered",
    Milestone.DELIVERED: "delivered",
    Milestone.RETURNING: "on its way back to the sender",
    Milestone.RETURNED: "back at the sender",
}


def place(location: Location | None) -> str:
    """The city, in ordinary spelling; empty where it is not known."""
    if location is None:
        return ""
    city = location.city or location.name or ""
    return city.title() if city.isupper() else city


def short(number: str) -> str:
    """A number in no more than 18 characters."""
    return number if len(number) <= 18 else f"{number[:7]}…{number[-10:]}"


def is_news(update: CustomerUpdate) -> bool:
    """Whether it is shown: not overtaken by later events, and more than an announcement."""
    return not update.superseded and update.milestone is not Milestone.PRE_ADVISED


def clock(at_ms: int, utc_offset_minutes: int | None) -> str:
    """Local day and time of the place; UTC, marked so, if the offset is not known."""
    zone = timedelta(minutes=utc_offset_minutes or 0)
    moment = datetime.fromtimestamp(at_ms / 1000, UTC) + zone
    return f"{moment:%a %H:%M}" + ("Z" if utc_offset_minutes is None else "")


def happening(update: CustomerUpdate) -> str:
    """A sentence with the milestone, the place and the signer: ``delivered in Lyon, signed by M. Duval``."""
    told = _TOLD.get(update.milestone, update.milestone.value.replace("_", " "))
    where = place(update.location)
    words = f"{told} in {where}" if where else told
    if update.exception is not ExceptionType.NONE:
        cause = "" if update.reason in (Reason.NORMAL, Reason.UNKNOWN) else f" ({_plain(update.reason)})"
        words += f", {_plain(update.exception)}{cause}"
    if update.milestone is Milestone.DELIVERED and update.signed_by:
        signed = update.signed_by
        words += f", signed by {signed.title() if signed.isupper() else signed}"
    return words


def _plain(value: ExceptionType | Reason) -> str:
    return value.value.replace("_", " ")
