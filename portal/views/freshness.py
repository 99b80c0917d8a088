"""How current the view is that answers are made from, and the problem to answer with where it cannot be read."""

from __future__ import annotations

from collections.abc import Callable

from connectors.gateway.problems import Problem
from connectors.read_store.reader import ReadStore, Standing
from portal.words.times import rfc_3339
from streams.kernel.errors import Transient

RETRY_AFTER = 5
"""Seconds after which a client may ask again."""


class View:
    """Remembers when the read model was current, so that its age is known when it is lost."""

    def __init__(self, store: ReadStore, now: Callable[[], float]) -> None:
        """``now``: UTC seconds."""
        self._store, self._now = store, now
        self._read_at = 0

    def standing(self) -> Standing:
        """How current it is. Raises Problem 503 where it cannot be read, with its age where that is known."""
        try:
            found = self._store.standing()
        except Transient as error:
            raise self.lost() from error
        self._read_at = max(self._read_at, found.read_at)
        return found

    def lost(self) -> Problem:
        """The problem of a view that cannot be read."""
        headers = {"Retry-After": str(RETRY_AFTER)}
        if not self._read_at:
            return Problem(503, "view_unavailable", "the view cannot be read", headers=headers)
        age = max(0.0, round(self._now() - self._read_at / 1000, 1))
        return Problem(
            503, "view_unavailable", f"the view cannot be read; it was current at {rfc_3339(self._read_at)}",
            headers=headers, members={"age_seconds": age},
        )
