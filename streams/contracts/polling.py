"""The value of ``poll.state``. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct

from streams.kernel.vocabulary import PollEnd, Status


class PollState(Struct):
    """The polling of one tracking number at one feed: what the poller resumes from.

    ``due_at``: next request; None: polling has ended, for the reason ``ended``. ``failures`` and ``not_found`` count
    such answers in a row. ``etag`` and ``last_modified``: HTTP validators of the last answer; ``digest``: its body's.
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
