"""The closed list about polling."""

from __future__ import annotations

from enum import StrEnum


class PollEnd(StrEnum):
    """Why a tracking number is no longer polled; ``none``: it still is."""

    NONE = "none"
    SETTLED = "settled"
    NOT_FOUND = "not_found"
    EXPIRED = "expired"
