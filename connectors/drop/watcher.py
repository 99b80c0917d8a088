"""Polls the drop folders and sends the files in them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import structlog
from prometheus_client import Counter, Gauge

from config.settings import Settings
from connectors.carriers import Carrier
from connectors.drop.folder import DropFolder
from connectors.drop.sender import Sender, Sent
from streams.kernel.errors import Fatal, Transient

FILES = Counter("shipsync_drop_files_total", "Dropped files by what became of them", ["feed", "outcome"])
RECORDS = Counter("shipsync_drop_records_total", "Raw records dropped files became", ["feed"])
READY = Gauge("shipsync_drop_ready", "1 once the drop folders are watched")
log = structlog.get_logger(__name__)


class Watcher:
    """The folders of some feeds under one root."""

    def __init__(self, settings: Settings, carriers: Sequence[Carrier], sender: Sender) -> None:
        if settings.drop.dir is None:
            raise Fatal("no drop folder: name it in SHIPSYNC_DROP_DIR")
        self._interval = settings.drop.interval
        self._sender = sender
        self._folders = [(carrier, DropFolder(settings.drop.dir, carrier.feed)) for carrier in carriers]
        for _, folder in self._folders:
            try:
                folder.prepare()
            except OSError as error:
                raise Fatal(f"SHIPSYNC_DROP_DIR: {error.filename}: {error.strerror}") from error

    def look(self) -> list[Sent]:
        """Send the files of every folder once: first those a crash left claimed, then those that no longer change."""
        return [sent for carrier, folder in self._folders if folder.lock() for sent in self._empty(carrier, folder)]

    def run(self, stopping: Callable[[float], bool]) -> None:
        """Poll until ``stopping``, which waits the given seconds, returns True."""
        READY.set(1)
        while True:
            self.look()
            if stopping(self._interval):
                return

    def _empty(self, carrier: Carrier, folder: DropFolder) -> Iterator[Sent]:
        waiting = folder.left_behind()
        waiting += [claimed for path in folder.settled() if (claimed := folder.claim(path)) is not None]
        for claimed in waiting:
            try:
                sent = self._sender.send(folder, carrier, claimed, time.time_ns() // 1_000_000)
            except Transient as error:
                log.warning("a dropped file waits", feed=carrier.feed, trouble=str(error))
                FILES.labels(carrier.feed, "waiting").inc()
                continue
            FILES.labels(carrier.feed, "quarantined" if sent.reason else "sent").inc()
            RECORDS.labels(carrier.feed).inc(sent.records)
            log.info("a dropped file is taken", feed=carrier.feed, file=sent.file.name, records=sent.records,
                     reason=sent.reason)
            yield sent

    def close(self) -> None:
        """Unlock the folders and close the producer."""
        for _, folder in self._folders:
            folder.unlock()
        self._sender.close()
