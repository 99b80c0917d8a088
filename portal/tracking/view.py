"""A shipment as its customer may see it. Made of customer updates and of where the shipment is: never of carriers'
events, values, alerts or other customers' orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from connectors.read_store.reader import ToldWord
from portal.tracking import times
from portal.views.told import sentences
from portal.words.customers import Catalogue, catalogue, sentence
from portal.words.times import DAY
from streams.contracts.model import CustomerUpdate, Location, ShipmentState
from streams.kernel.vocabulary import Milestone, Status

STEPS = ("step_ordered", "step_collected", "step_transit", "step_out", "step_delivered")
REACHED: Mapping[Status, int | None] = {
    Status.PLANNED: 0, Status.BOOKED: 0, Status.INFO_RECEIVED: 0, Status.UNKNOWN: 0, Status.PICKED_UP: 1,
    Status.IN_TRANSIT: 2, Status.DELIVERY_ATTEMPTED: 3, Status.OUT_FOR_DELIVERY: 3, Status.AVAILABLE_FOR_PICKUP: 3,
    Status.DELIVERED: 4, Status.RETURNING: None, Status.RETURNED: None, Status.CANCELLED: None, Status.LOST: None,
    Status.DESTROYED: None, Status.TRACKING_EXPIRED: None,
}
"""The step a status has reached; None: the way has ended otherwise, and no step is shown."""


class Line(NamedTuple):
    """A line of the history. ``withdrawn``: it was taken back."""

    iso_at: int
    day: str
    clock: str
    text: str
    place: str
    withdrawn: bool


class PickUp(NamedTuple):
    """Where a parcel waits to be collected, line by line, and since when; no line where the carrier has not said."""

    lines: list[str]
    since: str


class DocumentLink(NamedTuple):
    """A document of the delivery. ``form``: such as PDF; ``link``: signed, good for a limited time."""

    form: str
    link: str


class Parcel(NamedTuple):
    """One shipment, all in the customer's language. ``tone``: good, risk or none; ``against``: how the date compares
    with the promise; ``changed``: that and why the date has changed; ``proof``: who received it, once it is
    delivered; ``collect``: None but while it waits to be collected; ``documents``: that prove the delivery."""

    number: str
    status: str
    step: int | None
    promised: str
    expected: str
    delivered: str
    against: str
    tone: str
    changed: str
    proof: str
    collect: PickUp | None
    history: list[Line]
    documents: tuple[DocumentLink, ...] = ()


def parcel(
    state: ShipmentState, words: Iterable[ToldWord], customer: str, language: str, order: str | None = None
) -> Parcel:
    """The shipment for its customer. ``words``: that customer's; ``order``: only this order's promise and words."""
    texts = catalogue(language)
    told = [one for one in sentences(words) if order is None or one.word.order_id == order]
    standing = [one.word for one in told if one.ended_at is None]
    newest = max(standing, key=lambda one: one.occurred_at, default=None)
    offset = newest.utc_offset_minutes if newest is not None else None
    mine = [one for one in state.orders if one.customer_id == customer and order in (None, one.order_id)]
    promised = min((one.promised_delivery_at for one in mine if one.promised_delivery_at is not None), default=None)
    delivered = state.delivered_at if state.status is Status.DELIVERED else None
    expected = state.estimated_delivery_at if delivered is None and REACHED[state.status] is not None else None
    against, tone = _against(promised, delivered if delivered is not None else expected, texts, language)
    return Parcel(
        state.tracking_number, texts.statuses[state.status], REACHED[state.status],
        times.whole(promised, offset, language) if promised is not None else "",
        _window(expected, state.estimated_delivery_from, offset, texts, language) if expected is not None else "",
        times.whole(delivered, offset, language) if delivered is not None else "", against, tone,
        _changed(state, standing, texts) if expected is not None else "",
        _proof(standing, texts) if delivered is not None else "",
        _collect(standing, texts, language) if state.status is Status.AVAILABLE_FOR_PICKUP else None,
        [
            Line(
                one.word.occurred_at, times.day(one.word.occurred_at, one.word.utc_offset_minutes or 0, language),
                times.clock(one.word.occurred_at, one.word.utc_offset_minutes, language), sentence(one.word, language),
                place(one.word.location), one.ended_at is not None,
            )
            for one in sorted(told, key=lambda one: (-one.word.occurred_at, -one.at)) if not one.replaced
        ],
    )


def place(location: Location | None) -> str:
    """City and country; not the names that carriers have for their depots."""
    return "" if location is None else ", ".join(one for one in (location.city, location.country) if one)


def _against(promised: int | None, at: int | None, texts: Catalogue, language: str) -> tuple[str, str]:
    if promised is None or at is None:
        return "", "none"
    if times.is_day(promised):
        promised = promised - promised % DAY + DAY - 1
    if at > promised:
        return texts.page["later"].format(span=times.span(at - promised, language)), "risk"
    return texts.page["in_time"], "good"


def _window(at: int, begins: int | None, offset: int | None, texts: Catalogue, language: str) -> str:
    first, last = times.clock(begins, offset, language) if begins is not None else "", times.clock(at, offset, language)
    if first and last and times.day(begins or 0, offset, language) == times.day(at, offset, language):
        return f"{times.day(at, offset, language)}, {texts.page['between'].format(first=first, last=last)}"
    return times.whole(at, offset, language)


def _changed(state: ShipmentState, standing: list[CustomerUpdate], texts: Catalogue) -> str:
    if not state.estimate_changes:
        return ""
    newest = max(
        (one for one in standing if one.estimated_delivery_at is not None), key=lambda one: one.occurred_at,
        default=None,
    )
    why = " ".join(
        one for one in (texts.exceptions.get(newest.exception), texts.reasons.get(newest.reason)) if one
    ) if newest is not None else ""
    return texts.page["changed"].format(why=why or texts.page["unexplained"])


def _proof(standing: list[CustomerUpdate], texts: Catalogue) -> str:
    """Who received it, and the town, where the carrier says so."""
    told = [one for one in standing if one.milestone in (Milestone.DELIVERED, Milestone.POD_RECEIVED)]
    name = next((one.signed_by for one in reversed(told) if one.signed_by), None)
    town = next((found for one in reversed(told) if (found := place(one.location))), "")
    said = texts.page["signed"].format(name=name) if name else texts.page["proof_none"]
    return f"{said} {town}".strip()


def _collect(standing: list[CustomerUpdate], texts: Catalogue, language: str) -> PickUp:
    waiting = [one for one in standing if one.milestone is Milestone.AVAILABLE_FOR_PICKUP]
    if not waiting:
        return PickUp([], "")
    newest = max(waiting, key=lambda one: one.occurred_at)
    since = times.whole(newest.occurred_at, newest.utc_offset_minutes, language)
    at = newest.location or Location()
    town = " ".join(part for part in (at.postal_code, at.city) if part)
    lines = [line for line in (at.name, town, at.region, at.country) if line]
    return PickUp(lines, texts.page["collect_since"].format(time=since))
