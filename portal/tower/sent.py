"""Actions that people have sent and the page does not show yet: kept by this process, for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from portal.words.times import MINUTE

MOST = 2_000
WAIT = 10 * MINUTE
"""So long an action counts as sent; then the page says nothing of it any more."""


class SentAction(NamedTuple):
    """``words``: the action as a noun; ``at``: UTC ms; ``changed_at``: when its subject had last changed before it."""

    words: str
    by: str
    at: int
    changed_at: int


class Sent:
    """The actions, the newest of each subject."""

    def __init__(self) -> None:
        """Holds nothing yet."""
        self._lock = threading.Lock()
        self._by_subject: OrderedDict[str, SentAction] = OrderedDict()

    def note(self, subject: str, changed_at: int, words: str, by: str, at: int) -> None:
        """Remembers an action that was sent. ``subject``: kind and key of what it is about."""
        with self._lock:
            self._by_subject[subject] = SentAction(words, by, at, changed_at)
            self._by_subject.move_to_end(subject)
            while len(self._by_subject) > MOST:
                self._by_subject.popitem(last=False)

    def waiting(self, subject: str, changed_at: int, now: int) -> SentAction | None:
        """The action that is not shown yet; None where the subject has changed since, or it was sent too long ago."""
        with self._lock:
            found = self._by_subject.get(subject)
            if found is not None and (changed_at != found.changed_at or now - found.at > WAIT):
                del self._by_subject[subject]
                return None
            return found
