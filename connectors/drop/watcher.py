"""Polls the drop folders of all feeds; one that cannot be used holds up no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from config.settings import Settings
from connectors.carriers import Carrier
from connectors.drop import metrics
from connectors.drop.alarm import Alarm
from connectors.drop.feed_drop import FeedDrop
from connectors.drop.folder import DropFolder
from connectors.drop.sender import Sender, Sent, nothing
from streams.kernel.errors import Fatal


class Watcher:
    """The folders of some feeds under one root."""

    def __init__(
        self, settings: Settings, carriers: Sequence[Carrier], sender: Sender, alarm: Alarm,
        beat: Callable[[], None] = nothing,
    ) -> None:
        """``beat`` is called after every feed. Raises Fatal where no feed's folders can be used."""
        if settings.drop.dir is None:
            raise Fatal("no drop folder: name it in SHIPSYNC_DROP_DIR")
        root, self._interval, self._sender = settings.drop.dir, settings.drop.interval, sender
        self._alarm, self._beat = alarm, beat
        self.feeds = [FeedDrop(one, DropFolder(root, one.feed, settings.drop), sender) for one in carriers]
        usable = [feed for feed in self.feeds if feed.prepare()]
        if self.feeds and not usable:
            raise Fatal(f"SHIPSYNC_DROP_DIR: {self.feeds[0].trouble}")

    @property
    def waiting(self) -> int:
        """Returns how many files were not whole at the last look."""
        return sum(feed.waiting for feed in self.feeds)

    def trouble(self) -> str | None:
        """Says which feeds' folders cannot be used, and why; None where all can."""
        found = [feed.trouble for feed in self.feeds if feed.trouble is not None]
        return "; ".join(found) or None

    def look(self) -> list[Sent]:
        """Send the files of every folder once: first those a crash left claimed, then those that are whole."""
        found: list[Sent] = []
        for feed in self.feeds:
            found += feed.look()
            feed.tell(self._alarm, time.time_ns() // 1_000_000)
            self._beat()
        return found

    def run(self, stopping: Callable[[float], bool]) -> None:
        """Poll until ``stopping``, which waits the given seconds, returns True."""
        metrics.READY.set(1)
        while True:
            self.look()
            if stopping(self._interval):
                return

    def close(self) -> None:
        """Unlock the folders and close the producer."""
        for feed in self.feeds:
            feed.folder.unlock()
        self._sender.close()
        self._alarm.close()
