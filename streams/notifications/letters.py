"""Turns customer updates into messages for people who are told in words. Several of one order may be sent in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from streams.contracts.letters import Letter, News
from streams.contracts.model import CustomerUpdate, Location
from streams.contracts.outbound import NewMessage, OutboundMessage
from streams.contracts.recipients import Recipient
from streams.kernel.vocabulary import Milestone
from streams.notifications.webhooks import kind_of

CONFIRM = "opt_in.confirm"
"""The type of the message that asks whether a recipient wants to be told."""
MOST_WANTED = frozenset({
    "picked_up", "out_for_delivery", "available_for_pickup", "delivery_attempted", "delivered", "returning", "returned",
    "lost", "destroyed", "customs_held", "eta_updated", "appointment_set", "booking_cancelled", "exception",
})
"""Told to those who did not choose: not each scan on the way."""
_ABOUT_ITS_COMING = frozenset({
    Milestone.ETA_UPDATED, Milestone.APPOINTMENT_SET, Milestone.OUT_FOR_DELIVERY, Milestone.PICKED_UP, Milestone.INFO,
    Milestone.UNKNOWN,
})
_news = msgspec.json.Decoder(News)


def destination_of(recipient: Recipient) -> str:
    """The destination that a recipient is: ``email:ID`` or ``chat:ID``."""
    return f"{recipient.channel.value}:{recipient.recipient_id}"


def wants(recipient: Recipient, update: CustomerUpdate) -> bool:
    """Whether the recipient is told of this update."""
    kind = kind_of(update).removeprefix("shipment.")
    shipment = f"{update.carrier}:{update.tracking_number}"
    return (
        kind in (recipient.milestones or MOST_WANTED)
        and recipient.order_id in ("", update.order_id) and recipient.shipment in ("", shipment)
    )


def messages_of(update: CustomerUpdate, recipients: Iterable[Recipient]) -> Iterator[NewMessage]:
    """A message for each of these recipients, all of the update's customer, that wants it; news of one order keep
    their order."""
    wanting = [one for one in recipients if wants(one, update)]
    body = msgspec.json.encode(_news_of(update)).decode() if wanting else ""
    for recipient in wanting:
        yield NewMessage(
            update.update_id, destination_of(recipient), update.customer_id, update.order_id, kind_of(update),
            update.correction, body, subject=f"{update.carrier}:{update.tracking_number}", moment=update.occurred_at,
            is_past=update.superseded,
        )


def render(messages: Sequence[OutboundMessage]) -> str:
    """The body of a request: all that the messages tell, in order, as a ``Letter``."""
    if messages[0].kind == CONFIRM:
        return messages[0].body
    news = [replace(_news.decode(one.body), correction=one.correction) for one in messages]
    return msgspec.json.encode(Letter(news, news[0].order_id)).decode()


def _news_of(update: CustomerUpdate) -> News:
    place = update.location or Location()
    tells_coming = update.milestone in _ABOUT_ITS_COMING
    pickup = ""
    if update.milestone is Milestone.AVAILABLE_FOR_PICKUP:
        parts = (place.name, place.postal_code, place.city, place.country)
        pickup = ", ".join(part for part in parts if part)
    return News(
        update.order_id, update.carrier, update.tracking_number, update.milestone, update.occurred_at, update.exception,
        update.reason, update.utc_offset_minutes, place.city or "", place.country or "", pickup,
        update.estimated_delivery_from if tells_coming else None,
        update.estimated_delivery_at if tells_coming else None,
    )
