"""Limits how many of a feed's records may become dead letters before the feed is paused: a bad mapping must not empty
its topic.

Counted by each worker for itself, over a window. Times are UTC ms.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from streams.contracts.model import FeedPause

_BUCKET_MS = 1_000


class Limit(NamedTuple):
    """More than ``share`` of a feed's records and at least ``least`` of them within ``window_ms`` are too many; not for
    the feeds in ``unlimited``."""

    share: float
    least: int
    window_ms: int
    unlimited: frozenset[str] = frozenset()


class Excess(NamedTuple):
    """``refused`` of ``records`` became dead letters: too many."""

    refused: int
    records: int


class DeadLetterLimit:
    """Counts the records of each feed and those of them that became dead letters alone."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._counts: dict[str, deque[tuple[int, int, int]]] = {}

    def count(self, feed: str, records: int, refused: int, now_ms: int) -> Excess | None:
        """Count records, ``refused`` of them without any event; what is too many, whereupon counting begins anew."""
        if feed in self._limit.unlimited:
            return None
        counts = self._counts.setdefault(feed, deque())
        if counts and counts[-1][0] > now_ms - _BUCKET_MS:
            at, more, worse = counts.pop()
            records, refused, now_ms = records + more, refused + worse, at
        counts.append((now_ms, records, refused))
        while counts[0][0] <= now_ms - self._limit.window_ms:
            counts.popleft()
        found = Excess(sum(one[2] for one in counts), sum(one[1] for one in counts))
        if found.refused < self._limit.least or found.refused <= self._limit.share * found.records:
            return None
        del self._counts[feed]
        return found


class FeedPauses:
    """The newest word on each feed, from all workers and from people. One thread may :meth:`learn` while another asks.

    ``ready``: false until what was said before has been read; ``paused``: the feeds whose records wait.
    """

    def __init__(self, said: Iterable[FeedPause] = ()) -> None:
        self.ready = True
        self._by_feed: dict[str, FeedPause] = {}
        self.paused: frozenset[str] = frozenset()
        for one in said:
            self.learn(one)

    def learn(self, pause: FeedPause) -> None:
        """Take in a word; an older one than is known counts for nothing."""
        known = self._by_feed.get(pause.feed)
        if known is None or pause.changed_at >= known.changed_at:
            self._by_feed[pause.feed] = pause
            self.paused = self.paused | {pause.feed} if pause.paused else self.paused - {pause.feed}

    def is_limited(self, feed: str, now_ms: int) -> bool:
        """Whether dead letters pause the feed: not for a while after somebody has resumed it so."""
        known = self._by_feed.get(feed)
        return known is None or known.unlimited_until is None or known.unlimited_until <= now_ms
