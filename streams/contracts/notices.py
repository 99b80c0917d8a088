"""Notices for ERPs about deliveries: the values of ``erp.notices``. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct

from streams.kernel.notice_vocabulary import NoticeKind
from streams.kernel.vocabulary import ExceptionType, Reason


class ErpNotice(Struct, frozen=True):
    """One notice: something to know about a delivery, on which no money hangs. ``notice_id``: of what it is about, the
    same when that changes and when it is over; ``words``: the same for a person. ``since``: of what is over, when it
    began; ``withdrawn``: it was told in error, and never was so. ``carrier`` to ``tracking_url``: of a booking, of an
    exception the shipment's carrier and number alone."""

    notice_id: str
    kind: NoticeKind
    delivery_id: str
    order_id: str
    customer_id: str
    occurred_at: int
    words: str
    carrier: str = ""
    tracking_number: str = ""
    service: str = ""
    booking_id: str = ""
    carrier_reference: str = ""
    label_url: str = ""
    tracking_url: str = ""
    exception: ExceptionType = ExceptionType.NONE
    reason: Reason = Reason.NORMAL
    since: int | None = None
    withdrawn: bool = False
