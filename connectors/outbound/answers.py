"""From what a customer's endpoint answered to the result of the attempt."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from streams.kernel.vocabulary import AttemptResult
from streams.resilience.retry_after import retry_after

LONGEST_WAIT_MS = 24 * 3_600_000
DETAIL_BYTES = 2_048
"""Limits what is kept of an answer's body, or of the words for its absence."""
REFUSALS = frozenset({400, 409, 413, 414, 415, 422})
"""Statuses that are about this message: sent again, it would be refused again."""


class Answer(NamedTuple):
    """The result of one attempt. ``code``: the HTTP status; ``retry_at``: UTC ms, as the other side asks."""

    result: AttemptResult
    detail: str
    code: int | None = None
    retry_at: int | None = None


def unavailable(detail: str) -> Answer:
    """There was no answer; ``detail`` says why."""
    return Answer(AttemptResult.UNAVAILABLE, shown(detail))


def answer_of(status: int, retry: str | None, body: bytes, now_ms: int) -> Answer:
    """The result that a status, a Retry-After and the beginning of a body mean. ``now_ms``: UTC."""
    detail = shown(body[:DETAIL_BYTES].decode("utf-8", "replace"))
    if 200 <= status < 300:
        return Answer(AttemptResult.ACCEPTED, detail, status)
    if status == HTTPStatus.GONE:
        return Answer(AttemptResult.GONE, detail, status)
    not_before = retry_after(retry, now_ms, LONGEST_WAIT_MS) or None
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.SERVICE_UNAVAILABLE and not_before):
        return Answer(AttemptResult.LIMITED, detail, status, not_before)
    if status in REFUSALS:
        return Answer(AttemptResult.REFUSED, detail, status)
    if 300 <= status < 400:
        return Answer(AttemptResult.UNAVAILABLE, "redirects are not followed", status)
    return Answer(AttemptResult.UNAVAILABLE, detail, status)


def shown(text: str) -> str:
    """The text in one line: without control characters and marks of direction, at most ``DETAIL_BYTES`` characters."""
    plain = "".join(one if one.isprintable() else " " for one in text[:DETAIL_BYTES])
    return " ".join(plain.split())
