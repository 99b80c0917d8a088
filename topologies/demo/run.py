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
"""Seconds in which no output arrives, after which those that are missing are no longer waited for."""

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
        """Send everything, wait until all outputs are there or none arrives for ``PATIENCE_SECONDS``, and check."""
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
        """The differences that remain when no output has arrived for a while, and either none is open or the time is
        over."""
        entries, changed, checked = -1, self._clock(), self._clock()
        while True:
            self._look(SETTLING)
            now = self._clock()
            if self.ledger.entries != entries:
                entries, changed, checked = self.ledger.entries, now, now
            elif now - checked >= QUIET_SECONDS:
                found, checked = differences(self.ledger), now
                if not may_be_put_right(found) or now - changed >= PATIENCE_SECONDS:
                    return found
