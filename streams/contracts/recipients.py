"""People who are told of shipments in words, by e-mail or chat; and the value of ``notification.actions``: actions on
messages to customers. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct, field

from streams.kernel.outbound_vocabulary import NotificationActionKind, RecipientChannel
from streams.kernel.vocabulary import Correction


class Recipient(Struct, frozen=True):
    """Somebody who is told milestones in words. ``address``: an e-mail address or the URL of a chat or SMS service,
    encrypted; ``shown``: it without what is personal or secret. ``time_zone``: IANA. ``milestones``: those to tell;
    none: those most people want. ``order_id``, ``shipment`` (``CARRIER:REFERENCE``): only of these; empty: of all.
    ``quiet_from``, ``quiet_until``: minutes of the recipient's day between which nothing is sent. ``digest_seconds``:
    how long news of one order is gathered. ``paused``: messages are kept and none is sent."""

    recipient_id: str
    channel: RecipientChannel
    address: str
    shown: str
    language: str = "en"
    time_zone: str = "UTC"
    milestones: list[str] = field(default_factory=list)
    order_id: str = ""
    shipment: str = ""
    quiet_from: int | None = None
    quiet_until: int | None = None
    digest_seconds: int = 60
    paused: bool = False
    enabled_at: int = 0
    description: str = ""


class AskedOptIn(Struct, frozen=True, array_like=True):
    """An opt-in that is not confirmed yet."""

    recipient: Recipient
    at: int


class OrderOptIns(Struct, frozen=True):
    """Recipients who asked themselves to be told of one order. ``changed_at``: of the last confirmation."""

    customer_id: str
    order_id: str
    recipients: list[Recipient]
    asked: list[AskedOptIn]
    changed_at: int


class PastMessage(Struct, frozen=True):
    """A message that was sent or given up, to be sent again. ``body``: as it was sent; ``attempts``: so far."""

    message_id: str
    source_id: str
    destination: str
    queue: str
    kind: str
    correction: Correction
    body: str
    attempts: int
    queued_at: int


class NotificationAction(Struct, frozen=True):
    """An action on messages to one customer's recipients. ``recipient``: who asks to be told of its order;
    ``recipient_id``, ``channel``: who confirms or wants no more; ``link``: confirms; ``message``: to be sent again."""

    kind: NotificationActionKind
    customer_id: str
    at: int
    by: str
    order_id: str = ""
    recipient: Recipient | None = None
    recipient_id: str = ""
    channel: RecipientChannel = RecipientChannel.EMAIL
    link: str = ""
    message: PastMessage | None = None
