"""Runs one demo in one thread: sends what is due, reads the outputs, shows the totals, and checks them at the end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from config.settings import Settings
from connectors.kafka.registry import Registry
from streams.contracts.model import CustomerUpdate
from topologies.demo.ledger import Ledger
from topologies.demo.planned import Plan
from topologies.demo.play import Player
from topologies.demo.reading import LedgerReader
from topologies.demo.reconcile import Totals, differences, may_be_put_right, totals
from topologies.demo.stage import Show
from topologies.demo.summary import NEWS_LINES, Summary
from topologies.demo.wording import is_news

READ_SECONDS = 0.05
SHOW_SECONDS = 0.5
QUIET_SECONDS = 2.0
PATIENCE_SECONDS = 300.0
"""Seconds in which no output that is missing arrives, after which the rest is no longer waited for."""

PLAYING = "playing"
SETTLING = "waiting for the last events"
DONE = "done"


def wall_clock_ms() -> int:
    """Now, UTC ms."""
    return time.time_ns() // 1_000_000


class Run:
    """A demo on a stack that is up."""

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        show: Show,
        beside: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        hurried: Callable[[], bool] = lambda: False,
    ) -> None:
        """``beside`` is called between steps, for instance to run a supervisor. ``hurried``: whether to send the rest
        at once. Raises Transient if the broker, the
        registry or a topic is missing."""
        self._plan, self._show, self._beside, self._clock = plan, show, beside, clock
        self._hurried = hurried
        registry = Registry(settings)
        self.ledger = Ledger(plan)
        self._reading = LedgerReader(settings, registry, self.ledger)
        self._player = Player(settings, registry, plan, self.ledger, wall_clock_ms)
        self.news: deque[CustomerUpdate] = deque(maxlen=NEWS_LINES)
        self._started, self._shown = self._clock(), float("-inf")
        self.last_summary = self._summary(totals(self.ledger, []), PLAYING)

    def __call__(self) -> Totals:
        """Send everything, wait until all outputs are there or none of them arrives for ``PATIENCE_SECONDS``; check."""
        self._started = self._clock()
        try:
            while not self._player.done:
                self._player.send_due(self._plan.seconds if self._hurried() else self._elapsed())
                self._look(PLAYING)
            self._player.finish()
            found = self._settle()
        finally:
            self._reading.close()
        result = totals(self.ledger, found)
        self.last_summary = self._summary(result, DONE)
        self._show.show(self.last_summary)
        return result

    def _elapsed(self) -> float:
        return max(0.0, self._clock() - self._started)

    def _look(self, phase: str) -> None:
        self.news.extend(update for update in self._reading.take(READ_SECONDS) if is_news(update))
        if self._clock() - self._shown >= SHOW_SECONDS:
            self._shown = self._clock()
            self._show.show(self._summary(totals(self.ledger, []), phase))
            self._beside()

    def _summary(self, result: Totals, phase: str) -> Summary:
        return Summary(result, tuple(self.news), self._elapsed(), self._plan.seconds, phase)

    def _settle(self) -> list[str]:
        """The differences that remain when none is open and no output has arrived for a while, or when the open ones
        have stayed as they are until the time is over: repeats, which a worker that dies again and again sends for
        ever, are none of them."""
        arrived = changed = checked = self._clock()
        entries, left = -1, [""]
        while True:
            self._look(SETTLING)
            now = self._clock()
            if self.ledger.entries != entries:
                entries, arrived = self.ledger.entries, now
            if now - checked < QUIET_SECONDS:
                continue
            found, checked = differences(self.ledger), now
            open_ones = may_be_put_right(found)
            if open_ones != left:
                left, changed = open_ones, now
            if (not left and now - arrived >= QUIET_SECONDS) or now - changed >= PATIENCE_SECONDS:
                return found
