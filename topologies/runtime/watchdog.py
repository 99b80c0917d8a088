"""Ends the process of a stuck worker: one with lag but no progress, or whose event loop or consumer stopped.

It runs in a thread of its own, which the worker cannot block. The supervisor restarts the worker, which handles
its uncommitted records again.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable

from topologies.runtime import metrics
from topologies.runtime.chunks import Progress
from topologies.runtime.runner import EXIT_CODE, Exit

log = logging.getLogger(__name__)

LOOKS_PER_TIMEOUT = 6.0


class Watchdog:
    """Checks six times per ``stuck_timeout`` (seconds); that long without progress ends the process with code 70.

    ``progress``: returns each partition's progress (``Ledger.progress``), with times on ``clock`` (seconds).
    The event loop calls ``beat`` about once a second while its consumer polls.
    """

    def __init__(
        self,
        stage: str,
        progress: Callable[[], Iterable[Progress]],
        stuck_timeout: float,
        clock: Callable[[], float] = time.monotonic,
        exit_process: Exit = os._exit,
    ) -> None:
        self._stage = stage
        self._progress = progress
        self._stuck_timeout = stuck_timeout
        self._clock = clock
        self._exit = exit_process
        self._beat_at = clock()
        self._shown: set[tuple[str, str]] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Start the watching thread."""
        self.beat()
        self._thread.start()

    def stop(self) -> None:
        """Stop the watching thread and wait for its end."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def beat(self) -> None:
        """Record that the event loop and the consumer are alive now."""
        self._beat_at = self._clock()

    def look(self) -> None:
        """Check once: publish each partition's lag, and end the process if the worker is stuck."""
        now, behind = self._clock(), list(self._progress())
        self._show(behind)
        for one in behind:
            lag = _lag(one)
            if lag > 0 and now - one.moved_at > self._stuck_timeout:
                self._end(
                    f"{one.tp.topic}[{one.tp.partition}] is {lag} records behind and did not move for "
                    f"{now - one.moved_at:.0f} s"
                )
                return
        if now - self._beat_at > self._stuck_timeout:
            self._end(f"no sign of life of the event loop or the consumer for {now - self._beat_at:.0f} s")

    def _watch(self) -> None:
        while not self._ended.wait(self._stuck_timeout / LOOKS_PER_TIMEOUT):
            self.look()

    def _show(self, behind: list[Progress]) -> None:
        shown = set()
        for one in behind:
            labels = (one.tp.topic, str(one.tp.partition))
            metrics.LAG.labels(self._stage, *labels).set(_lag(one))
            shown.add(labels)
        for gone in self._shown - shown:
            metrics.LAG.remove(self._stage, *gone)
        self._shown = shown

    def _end(self, why: str) -> None:
        log.critical("%s stands still: %s; the process ends", self._stage, why)
        faulthandler.dump_traceback(file=sys.__stderr__ or sys.stderr, all_threads=True)
        for handler in logging.getLogger().handlers:
            handler.flush()
        self._exit(EXIT_CODE)


def _lag(one: Progress) -> int:
    return max(0, (one.high_water or 0) - (one.done or 0)) if one.high_water is not None else 0
