"""News in words before it has words: the body of a request to tell a person something. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct, field

from streams.kernel.vocabulary import Correction, ExceptionType, Milestone, Reason


class News(Struct, frozen=True, omit_defaults=True):
    """One update of one shipment: nothing in it is internal. ``correction``: ``retracts`` says that it was told in
    error. ``pickup``: where to collect it. ``expected_at``: when it is to come, where the update is about that."""

    order_id: str
    carrier: str
    tracking_number: str
    milestone: Milestone
    occurred_at: int
    exception: ExceptionType = ExceptionType.NONE
    reason: Reason = Reason.UNKNOWN
    utc_offset_minutes: int | None = None
    city: str = ""
    country: str = ""
    pickup: str = ""
    expected_from: int | None = None
    expected_at: int | None = None
    correction: Correction = Correction.NEW


class Letter(Struct, frozen=True, omit_defaults=True):
    """One message to a recipient. ``link``: confirms that the recipient wants to be told of the order; then there is no
    news."""

    news: list[News] = field(default_factory=list)
    order_id: str = ""
    link: str = ""
