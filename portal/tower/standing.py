"""The banner on every page: how old the view is, in plain words."""

from __future__ import annotations

from typing import NamedTuple

from connectors.read_store.reader import Standing
from portal.words.times import MINUTE, span

OLD = MINUTE
"""A view older than this is called old."""


class Banner(NamedTuple):
    """``tone``: good, risk or late; ``read_at``: UTC ms, None for never."""

    tone: str
    words: str
    read_at: int | None


def standing(found: Standing, now: int) -> Banner:
    """The banner for a standing. ``now``: UTC ms."""
    read_at = found.read_at or None
    if read_at is None:
        return Banner("late", "This view is still empty: its worker has not started yet.", None)
    age = max(now - read_at, 0)
    if age > OLD:
        return Banner(
            "late", f"This view stands still since {span(age)}: its worker or Kafka is away. What you see was true"
            " then; shipments go on being processed.", read_at,
        )
    if not found.whole:
        return Banner("risk", f"This view is being built: {found.behind:,} records are still to be read.", read_at)
    if found.behind:
        return Banner("risk", f"This view is {found.behind:,} records behind and catching up.", read_at)
    return Banner("good", "Up to date", read_at)
