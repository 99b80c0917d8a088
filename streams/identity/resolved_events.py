"""The event a shipment receives once its reference is resolved, and the retraction when the resolution changes."""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.ids import digest, shipment_key
from streams.contracts.model import CarrierEvent
from streams.kernel.vocabulary import Correction, Flag, SaidBy

BY_REFERENCE = " by reference"
"""Suffix of the channel: events resolved by reference count as another source than the same feed's events with tracking
numbers, so that an occurrence reported by both is counted once."""
_STABLE = 16
"""Counts the leading hex digits of a resolved event's id, of 32, that do not depend on its retractions."""
FLAG_OF: dict[SaidBy, Flag] = {
    SaidBy.EVENT: Flag.RESOLVED_BY_EVENT,
    SaidBy.ORDER: Flag.RESOLVED_BY_ORDER,
    SaidBy.PERSON: Flag.RESOLVED_BY_PERSON,
}


def resolved_id(event_id: str, shipment: str, retractions: int) -> str:
    """The id of the event at that shipment after so many retractions from there.

    It never equals the id of an event the carrier sent with a tracking number: a retraction corrects our resolution,
    not the carrier. The first half does not depend on the retractions, because ids decide which of two events of the
    same time and rank is the last.
    """
    stable = digest("resolved", event_id, shipment)
    return stable[:_STABLE] + digest("resolved", event_id, shipment, str(retractions))[_STABLE:]


def resolved_event(
    event: CarrierEvent, carrier: str, number: str, said_by: SaidBy, retractions: int, retractions_of_corrected: int
) -> CarrierEvent:
    """The event as one of the shipment. What it corrects is that event at the same shipment."""
    shipment = shipment_key(carrier, number)
    corrects = event.corrects
    return replace(
        event, event_id=resolved_id(event.event_id, shipment, retractions), carrier=carrier, tracking_number=number,
        corrects=None if corrects is None else resolved_id(corrects, shipment, retractions_of_corrected),
        flags=[*event.flags, FLAG_OF[said_by].value],
        source=replace(event.source, channel=event.source.channel + BY_REFERENCE),
    )


def retraction_of(event: CarrierEvent, carrier: str, number: str, retractions: int) -> CarrierEvent:
    """The event that retracts the resolved event from the shipment."""
    corrects = resolved_id(event.event_id, shipment_key(carrier, number), retractions)
    return replace(
        event, event_id=digest("retracts", corrects), carrier=carrier, tracking_number=number,
        correction=Correction.RETRACTS, corrects=corrects, estimated_delivery_at=None, carrier_event_id=None,
        flags=[*event.flags, Flag.RESOLVED_ANEW.value],
        source=replace(event.source, channel=event.source.channel + BY_REFERENCE),
    )
