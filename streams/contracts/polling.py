"""The value of ``poll.state``, as ``contracts/model.py`` has the others. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct

from streams.kernel.vocabulary import PollEnd, Status


class PollState(Struct):
    """What the poller knows of one number it asks one feed for; the poller's cursor.

    ``due_at`` None: asked no more, because of ``ended``. ``failures`` and ``not_found`` count answers in a row.
    """

    feed: str
    carrier: str
    tracking_number: str
    status: Status
    watched_since: int
    news_at: int | None = None
    asked_at: int | None = None
    due_at: int | None = None
    asked: int = 0
    failures: int = 0
    not_found: int = 0
    not_found_since: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None
    ended: PollEnd = PollEnd.NONE
    ended_at: int | None = None
    detail: str = ""
