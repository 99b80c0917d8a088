"""The worker of the read model: follows the compacted topics and keeps the file that pages and the API read."""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FrameType

import structlog

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry
from connectors.read_store import files, metrics
from connectors.read_store.inputs import Batch, Inputs
from connectors.read_store.writer import Store, readable
from streams.kernel.errors import Transient
from streams.read_model import rows
from topologies.runtime.watching.health import Health

WAIT_SECONDS = 0.2
LOOK_SECONDS = 2.0
"""How often the broker is asked whether it is there, while nothing comes."""
TIDY_SECONDS = 3_600.0
PAUSE_SECONDS = 2.0
SILENT_SECONDS = 60.0
GC_THRESHOLDS = (100_000, 50, 100)
"""Objects between collections, by generation. A batch makes tens of thousands that die with it, and the store remembers
hundreds of thousands: the interpreter's own thresholds look through them again and again."""
log = structlog.get_logger(__name__)
KEPT_MS = {
    (rows.DeadLetter, "failed_at"): topics.DEAD_LETTERS.retention_ms,
    (rows.Posting, "told_at"): topics.ERP_POSTINGS.retention_ms,
    (rows.Action, "at"): topics.AUDIT_ACTIONS.retention_ms,
    (rows.Notification, "at"): topics.NOTIFICATION_OUTCOMES.retention_ms,
    (rows.PostingOutcome, "at"): topics.POSTING_OUTCOMES.retention_ms,
    (rows.Document, "at"): topics.SHIPMENT_DOCUMENTS.retention_ms,
}
"""How long rows are kept that no deleted key takes away: as long as their topic keeps them."""


def folder_of(settings: Settings) -> Path:
    """Where the read model of this installation lies."""
    return settings.state.data_dir / files.FOLDER


def now_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


class Follower:
    """Keeps the read model of one folder. ``clock``: UTC ms."""

    def __init__(self, settings: Settings, clock: Callable[[], int] = now_ms) -> None:
        """Opens the read model, or begins one. Raises Fatal where another process writes it."""
        self._settings, self._clock = settings, clock
        self._folder = folder_of(settings)
        self.current = False
        """Whether everything was read once, and the file is what readers see."""
        self._looked = self._tidied = 0.0
        self._store, self._inputs = self._opened()

    def turn(self) -> int:
        """Read what there is and write it; how many records. Raises Transient where the broker does not answer."""
        if self.current and files.current(self._folder) != self._store.file:
            log.info("the read model was rebuilt: its new file is followed")
            self.close()
            self._store, self._inputs = self._opened()
        batch = self._inputs.read(WAIT_SECONDS)
        if not batch.records:
            self._look()
            self._tidy()
        self._write(batch)
        if not self.current and self._inputs.at_end:
            self._is_whole()
        return batch.records

    def close(self) -> None:
        """Let others have the file, and disconnect."""
        self._inputs.close()
        self._store.close()

    def _opened(self) -> tuple[Store, Inputs]:
        """The current generation, or a new one where there is none that fits the topics."""
        known = files.current(self._folder)
        fits = known is not None and readable(known)
        store = Store(known if known is not None and fits else files.next_generation(self._folder))
        try:
            inputs = Inputs(self._settings, Registry(self._settings), store.places())
        except BaseException:
            store.close()
            raise
        self.current = fits
        if inputs.begun_anew:
            log.warning("the topics are others than those the read model was made of: it is built anew")
            store.close()
            store = Store(files.next_generation(self._folder))
            self.current = False
        return store, inputs

    def _look(self) -> None:
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._inputs.look()
            self._looked = time.monotonic()

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied >= TIDY_SECONDS:
            for (table, column), kept in KEPT_MS.items():
                self._store.forget(table, column, self._clock() - kept)
            self._tidied = time.monotonic()

    def _write(self, batch: Batch) -> None:
        now = self._clock()
        with metrics.WRITE_SECONDS.time():
            self._store.apply(batch.changes, batch.places, now)
        metrics.BEHIND.set(sum(place.behind for place in batch.places))
        if batch.records and self.current:
            metrics.DELAY.observe(max(0, now - batch.newest) / 1000)

    def _is_whole(self) -> None:
        self._store.forget_history_of_none()
        self._store.note("whole_at", self._clock())
        files.make_current(self._store.file)
        self.current = True


def run(settings: Settings, health: Health | None = None) -> int:
    """Follow until SIGTERM or SIGINT; the exit code. Raises Fatal or Transient where it cannot begin."""
    health = health or Health()
    stopping = False

    def stop(_: int, __: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    trouble: str | None = None
    health.expect_beats(SILENT_SECONDS)
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    with closing(Follower(settings)) as follower:
        health.expect("read model", lambda: None if follower.current else "topics are being read for the first time")
        health.expect("broker", lambda: trouble)
        while not stopping:
            health.beat()
            try:
                follower.turn()
                trouble = None
            except Transient as error:
                log.warning("the read model is not kept for now", why=str(error))
                trouble = str(error)
                metrics.READY.set(0)
                time.sleep(PAUSE_SECONDS)
            else:
                metrics.READY.set(follower.current)
    return 0
