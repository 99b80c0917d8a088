"""An event without its carrier's number as the event of the shipment it was found to be of; and taken back from one."""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.ids import digest, shipment_key
from streams.contracts.model import CarrierEvent
from streams.kernel.vocabulary import Correction, Flag, SaidBy

BY_REFERENCE = " by reference"
"""Goes behind the channel: what is heard so is another source than the same feed's events with numbers, so that an
occurrence both tell of is told once."""
_STAYS = 16
"""Hex digits of an id of 32."""
FLAG_OF: dict[SaidBy, Flag] = {
    SaidBy.EVENT: Flag.RESOLVED_BY_EVENT,
    SaidBy.ORDER: Flag.RESOLVED_BY_ORDER,
    SaidBy.PERSON: Flag.RESOLVED_BY_PERSON,
}


def resolved_id(event_id: str, shipment: str, turns: int) -> str:
    """The id of the event at that shipment, after it was taken back from there ``turns`` times.

    It is never the id of an event the carrier sent with its number: what is taken back is our finding, not its word.
    How it begins does not depend on the turns: of events of one time and rank, ids decide which counts last.
    """
    stays = digest("resolved", event_id, shipment)
    return stays[:_STAYS] + digest("resolved", event_id, shipment, str(turns))[_STAYS:]


def resolved(
    event: CarrierEvent, carrier: str, number: str, said_by: SaidBy, turns: int, turns_of_corrected: int
) -> CarrierEvent:
    """The event, at the shipment. What it corrects is that event at the same shipment."""
    shipment = shipment_key(carrier, number)
    corrects = event.corrects
    return replace(
        event, event_id=resolved_id(event.event_id, shipment, turns), carrier=carrier, tracking_number=number,
        corrects=None if corrects is None else resolved_id(corrects, shipment, turns_of_corrected),
        flags=[*event.flags, FLAG_OF[said_by].value],
        source=replace(event.source, channel=event.source.channel + BY_REFERENCE),
    )


def taken_back(event: CarrierEvent, carrier: str, number: str, turns: int) -> CarrierEvent:
    """Takes the event back from the shipment it was told at."""
    corrects = resolved_id(event.event_id, shipment_key(carrier, number), turns)
    return replace(
        event, event_id=digest("retracts", corrects), carrier=carrier, tracking_number=number,
        correction=Correction.RETRACTS, corrects=corrects, estimated_delivery_at=None, carrier_event_id=None,
        flags=[*event.flags, Flag.RESOLVED_ANEW.value],
        source=replace(event.source, channel=event.source.channel + BY_REFERENCE),
    )
