"""A clock that moves only when told."""

from __future__ import annotations


class FakeClock:
    """Seconds (or whatever the test counts in) since zero."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, by: float) -> None:
        """Let time pass."""
        self.now += by
