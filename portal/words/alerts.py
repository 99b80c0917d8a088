"""Each kind of alert in plain words, and what to do about it: declared once, shown wherever an alert is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from portal.words.times import clock
from streams.contracts.alerts import Alert
from streams.kernel.outbound_vocabulary import OutboundStatus
from streams.kernel.vocabulary import ActionKind, AlertKind, AlertState
from streams.paging.told import ToldOn


class Wording(NamedTuple):
    """``title``: what is wrong; ``action``: what a person does next."""

    title: str
    action: str


WORDING: Mapping[AlertKind, Wording] = {
    AlertKind.FEED_STALE: Wording(
        "Feed is silent",
        "Ask the carrier whether its interface is up, and check the credentials and the firewall on our side.",
    ),
    AlertKind.SHIPMENT_EXCEPTION: Wording(
        "Exception on the way", "Read the carrier's reason, call the carrier, and tell the customer what happens now."
    ),
    AlertKind.CONTRACT_DRIFT: Wording(
        "Payloads have changed", "Compare an example with the mapping, and map the new fields or codes."
    ),
    AlertKind.FILE_REFUSED: Wording(
        "File refused", "Open the quarantine, correct the file or ask for it again, then empty the quarantine."
    ),
    AlertKind.DELIVERY_AT_RISK: Wording(
        "Promise is at risk", "Ask the carrier to expedite, or agree a new date with the customer before it passes."
    ),
    AlertKind.SHIPMENT_STALLED: Wording(
        "No signal", "Ask the carrier where the goods are; open a trace if there is no answer today."
    ),
    AlertKind.DELIVERY_LATE: Wording(
        "Promise has passed", "Tell the customer the new date, and ask the carrier for the reason of the delay."
    ),
    AlertKind.ORDER_NOT_FOUND: Wording(
        "No order for this shipment", "Find the order in the ERP and send it again, or link the number by hand."
    ),
    AlertKind.NEVER_SHIPPED: Wording(
        "Ordered, never picked up", "Ask the warehouse whether it left; book a new pick-up or cancel the label."
    ),
    AlertKind.PROOF_MISSING: Wording(
        "Delivered without proof", "Request the proof of delivery: the invoice should wait for it."
    ),
    AlertKind.DELIVERY_UNREPORTED: Wording(
        "Proof without a delivery", "Ask the carrier to report the delivery; compare the proof's date and signature."
    ),
    AlertKind.EDI_UNACKNOWLEDGED: Wording(
        "EDI not acknowledged", "Ask the partner whether the interchange came in; send it again if not."
    ),
    AlertKind.EDI_REJECTED: Wording(
        "EDI rejected", "Read the partner's error, correct the message, and send it again."
    ),
    AlertKind.REFERENCE_UNRESOLVED: Wording(
        "Reference without a shipment", "Find the shipment this reference belongs to, and enter it in master data."
    ),
    AlertKind.REFERENCE_AMBIGUOUS: Wording(
        "Reference fits several shipments", "Choose the right shipment, and enter it in master data."
    ),
    AlertKind.UNKNOWN: Wording(
        "Unknown alert", "Somebody acted on an alert that does not exist: look up its id, then resolve it."
    ),
    AlertKind.ENDPOINT_DISABLED: Wording(
        "Customer's endpoint is disabled",
        "Have the customer repair it, try it (shipsync webhooks test), and enable it (shipsync webhooks resume).",
    ),
    AlertKind.ERP_ORDERS_SILENT: Wording(
        "Orders of an ERP are not read",
        "See whether the ERP answers, and whether its address and sign-in are right (shipsync pull orders --once).",
    ),
    AlertKind.CONFIRMATION_OVERDUE: Wording(
        "Delivery waits to be confirmed",
        "Get the proof or the missing report; or release, waive or close the delivery (shipsync fulfilment).",
    ),
    AlertKind.BOOKING_MISSING: Wording(
        "Delivery has no carrier",
        "See why no carrier takes it, and book anew, or let the warehouse finish it (shipsync bookings show).",
    ),
    AlertKind.BOOKING_UNANSWERED: Wording(
        "Carrier did not answer a booking",
        "Nothing, if the next carrier takes it; ask the carrier whether its interface is up if it happens again.",
    ),
    AlertKind.CANCELLATION_NOT_TAKEN: Wording(
        "Carrier does not take a cancellation",
        "Call the carrier, or its truck comes for nothing; then close it (shipsync bookings close).",
    ),
    AlertKind.FREIGHT_MISMATCH: Wording(
        "Freight invoice differs from the booking",
        "Compare rate, weight and charges with the booking, and dispute the invoice or have it corrected.",
    ),
    AlertKind.DELIVERY_DOUBTFUL: Wording(
        "Delivery is doubtful", "Ask the consignee or the carrier; confirm or refuse the delivery when you know."
    ),
}

DONE: Mapping[ActionKind, str] = {
    ActionKind.ACKNOWLEDGE: "Acknowledgement", ActionKind.SNOOZE: "Snooze", ActionKind.RESOLVE: "Resolution",
    ActionKind.REOPEN: "Reopening", ActionKind.ASSIGN: "Assignment",
}
"""A person's action as a noun."""


_NOT_TOLD: Mapping[OutboundStatus, str] = {
    OutboundStatus.WAITING: "not yet", OutboundStatus.RETRYING: "not reached yet", OutboundStatus.HELD: "held",
    OutboundStatus.REFUSED: "refused", OutboundStatus.GIVEN_UP: "given up", OutboundStatus.DRY_RUN: "dry run only",
}


def who_was_told(alert: Alert, told: Sequence[ToldOn], now: int) -> str:
    """``operations 12:03 UTC, pager not reached yet; acknowledged by ada 12:10 UTC``. Empty where no channel is to be
    told and nobody has acknowledged it. ``now``: UTC ms; times of another day have its date."""
    parts = [
        f"{one.channel} {clock(one.at, now)}" if one.status is OutboundStatus.SENT
        else f"{one.channel} {_NOT_TOLD.get(one.status, one.status.value)}"
        for one in told
    ]
    said = [", ".join(parts)] if parts else []
    if alert.state is AlertState.ACKNOWLEDGED and alert.acknowledged_at is not None:
        by = f" by {alert.acknowledged_by}" if alert.acknowledged_by else ""
        said.append(f"acknowledged{by} {clock(alert.acknowledged_at, now)}")
    elif not parts and alert.channels:
        said.append("nobody yet")
    return "; ".join(said)
