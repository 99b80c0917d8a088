"""Ends the process of a stuck worker: one with lag but no progress, whose event loop or consumer stopped, or whose
handler does not come back from what it has in hand, or whose client does not come back from a request.

It runs in a thread of its own, which the worker cannot block; a handler that does not even let other threads run is
ended by a timer of the interpreter's, which the watchdog puts off as long as it runs. The supervisor restarts the
worker, which handles its uncommitted records again and knows what was in hand (``poison.py``).
"""

from __future__ import annotations

import faulthandler
import logging
import math
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from topologies.runtime.exit_codes import ExitCode
from topologies.runtime.reading.chunks import Progress
from topologies.runtime.runner import Exit
from topologies.runtime.watching import metrics
from topologies.runtime.watching.in_hand import InHand, most_seconds

log = logging.getLogger(__name__)

LOOKS_PER_TIMEOUT = 6.0
LEAST_SECONDS = 5.0
"""Limits the interpreter's timer from below."""
LONGEST_LOOK = 2.0
"""Intervals that count between two looks: the rest of a longer gap the process itself stood still."""


class _Same:
    """How long a thing has been the same, as far as looks tell."""

    def __init__(self) -> None:
        self._thing: object = None
        self._seconds = 0.0

    def seconds(self, thing: object, passed: float) -> float:
        """Returns the seconds ``thing`` has been the same, ``passed`` seconds after the previous look; 0 for None."""
        self._seconds = self._seconds + passed if thing is not None and thing == self._thing else 0.0
        self._thing = thing
        return self._seconds


class Watchdog:
    """Checks six times per ``record_seconds``; ``stuck_timeout`` without progress, ``record_seconds`` with the same in
    hand, or ``request_seconds`` in one request of the sink, ends the process with code 70.

    ``in_hand``: what the handler works on; ``record_seconds`` counts as at most half of ``stuck_timeout``.
    ``requests``: those under way by the name of their client (``Sink.requests``).
    ``progress``: returns each partition's progress (``Ledger.progress``), with times on ``clock`` (seconds).
    The event loop calls ``beat`` about once a second while its consumer polls.
    """

    def __init__(
        self,
        stage: str,
        progress: Callable[[], Iterable[Progress]],
        stuck_timeout: float,
        in_hand: InHand,
        record_seconds: float,
        requests: Callable[[], Mapping[str, object]] = dict,
        request_seconds: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
        exit_process: Exit = os._exit,
    ) -> None:
        self._stage = stage
        self._progress = progress
        self._stuck_timeout = stuck_timeout
        self._in_hand = in_hand
        self._record_seconds = most_seconds(record_seconds, stuck_timeout)
        self._interval = self._record_seconds / LOOKS_PER_TIMEOUT
        self._requests = requests
        self._request_seconds = request_seconds
        self._held = _Same()
        self._requested: defaultdict[str, _Same] = defaultdict(_Same)
        self._looked_at = clock()
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
        passed = min(now - self._looked_at, LONGEST_LOOK * self._interval)
        self._looked_at = now
        if self._handler_is_stuck(passed) or self._request_is_stuck(passed):
            return
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

    def _handler_is_stuck(self, passed: float) -> bool:
        """Whether what is in hand has been there too long; then the process is ended, and the next run knows."""
        held = self._in_hand.now
        held_for = self._held.seconds(held, passed)
        if held_for <= self._record_seconds:
            return False
        self._end(
            f"the handler has had {held} in hand for {held_for:.0f} s, SHIPSYNC_RECORD_SECONDS is"
            f" {self._record_seconds:g}", blamed=True,
        )
        return True

    def _request_is_stuck(self, passed: float) -> bool:
        """Whether a request has been under way for longer than its own time limit allows; then the process is ended.

        librdkafka 2.x does not keep the limit of ``send_offsets_to_transaction`` where the coordinator of the group was
        away (its issues 5456 and 5511), and nothing else takes a thread out of it.
        """
        for client, request in self._requests().items():
            waited = self._requested[client].seconds(request, passed)
            if waited > self._request_seconds:
                self._end(f"a request of {client} has not come back for {waited:.0f} s")
                return True
        return False

    def _watch(self) -> None:
        try:
            while True:
                faulthandler.dump_traceback_later(
                    max(self._stuck_timeout + self._record_seconds, LEAST_SECONDS), exit=True,
                    file=sys.__stderr__ or sys.stderr,
                )
                if self._ended.wait(self._interval):
                    return
                self.look()
        finally:
            faulthandler.cancel_dump_traceback_later()

    def _show(self, behind: list[Progress]) -> None:
        shown = set()
        for one in behind:
            labels = (one.tp.topic, str(one.tp.partition))
            metrics.LAG.labels(self._stage, *labels).set(_lag(one))
            shown.add(labels)
        for gone in self._shown - shown:
            metrics.LAG.remove(self._stage, *gone)
        self._shown = shown

    def _end(self, why: str, blamed: bool = False) -> None:
        """End the process. ``blamed``: what is in hand is at fault; else the next run need not know of it."""
        if not blamed:
            self._in_hand.forget()
        log.critical("%s stands still: %s; the process ends", self._stage, why)
        faulthandler.dump_traceback(file=sys.__stderr__ or sys.stderr, all_threads=True)
        for handler in logging.getLogger().handlers:
            handler.flush()
        self._exit(ExitCode.CRASHED)


def _lag(one: Progress) -> int:
    return max(0, (one.high_water or 0) - (one.done or 0)) if one.high_water is not None else 0
