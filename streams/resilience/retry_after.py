"""Retry-After (RFC 9110, 10.2.3): seconds or an HTTP date."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST_MS = 48 * 3_600_000
"""More than a quota's day and a night: who says longer means something else."""


def retry_after(value: str | None, now_ms: int, longest_ms: int = LONGEST_MS) -> int:
    """UTC ms before which nothing is to be asked, at most ``longest_ms`` from now; 0 where the header is missing or
    says nothing usable."""
    text = (value or "").strip()
    if not text:
        return 0
    if text.isdecimal() and text.isascii():
        return now_ms + min(int(text[:12]) * 1000, longest_ms)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return 0
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    told = int(aware.timestamp() * 1000)
    return min(told, now_ms + longest_ms) if told > now_ms else 0
