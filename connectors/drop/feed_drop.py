"""The drop folder of one feed. A file that makes trouble is put into quarantine or waits; the others go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from connectors.carriers import Carrier
from connectors.drop import metrics
from connectors.drop.alarm import Alarm
from connectors.drop.folder import DropFolder
from connectors.drop.reading import WHY
from connectors.drop.sender import Sender, Sent
from streams.kernel.errors import Fatal, Transient

T = TypeVar("T")
log = structlog.get_logger(__name__)


class FeedDrop:
    """Sends what comes into the folder of one feed."""

    def __init__(self, carrier: Carrier, folder: DropFolder, sender: Sender) -> None:
        self.folder = folder
        self.waiting = 0
        """Files that were not whole at the last look."""
        self.trouble: str | None = None
        """Why the folders cannot be used, if so."""
        self._carrier, self._feed, self._sender = carrier, carrier.feed, sender
        self._told: set[Path] = set()
        self._signalled: list[tuple[float, str]] | None = None

    def prepare(self) -> bool:
        """Create the missing folders; False, and the trouble is told once, where they cannot be used."""
        return self._usable(self.folder.prepare)

    def look(self) -> Iterator[Sent]:
        """Send what is there: first what a crash left claimed, then what is whole. Yields what is refused too."""
        claimed: list[Path] = []
        refused: list[Sent] = []

        def find() -> None:
            self.folder.prepare()
            if self.folder.lock():
                claimed.extend(self.folder.left_behind())
                self._sort(claimed, refused)

        self._usable(find)
        yield from refused
        for path in claimed:
            sent = self._spared(path, partial(self._send, path))
            if sent is not None:
                self._tell(sent)
                yield sent

    def tell(self, alarm: Alarm, now_ms: int) -> None:
        """Signal what is in quarantine, where that has changed since it was last signalled."""
        try:
            refused = self.folder.refused()
        except OSError:
            return
        if refused == self._signalled:
            return
        metrics.QUARANTINED.labels(self._feed).set(len(refused))
        if not refused and not self.folder.raised.exists():
            return
        since = int(refused[0][0] * 1000) if refused else now_ms
        if alarm.tell(self._feed, len(refused), refused[-1][1] if refused else "", since, now_ms):
            self._signalled = refused
            with suppress(OSError):  # then a start signals it again, or not at all
                (self.folder.raised.touch if refused else self.folder.raised.unlink)()

    def _usable(self, use: Callable[[], object]) -> bool:
        try:
            use()
        except (OSError, Fatal) as error:
            trouble = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
            if trouble != self.trouble:
                log.error("the drop folder of a feed cannot be used", feed=self._feed, trouble=trouble)
            self.trouble = trouble
        else:
            self.trouble = None
        metrics.WATCHED.labels(self._feed).set(self.trouble is None)
        return self.trouble is None

    def _sort(self, claimed: list[Path], refused: list[Sent]) -> None:
        """Claim what is whole; put away what is refused."""
        look = self.folder.look()
        self.waiting = look.waiting
        metrics.WAITING.labels(self._feed).set(look.waiting)
        metrics.OLDEST.labels(self._feed).set(look.oldest)
        for path, reason in look.refused:
            if reason in WHY:
                moved = self._spared(path, partial(self.folder.quarantine, path, reason, WHY[reason]))
                if moved is not None:
                    refused.append(Sent(moved, 0, WHY[reason], reason))
                    self._tell(refused[-1])
            elif path not in self._told:
                self._told.add(path)
                log.warning("a folder in an inbox is not read", feed=self._feed, folder=path.name)
        for path in look.whole:
            found = self._spared(path, partial(self.folder.claim, path))
            if found is not None:
                claimed.append(found)

    def _send(self, claimed: Path) -> Sent:
        try:
            return self._sender.send(self.folder, self._carrier, claimed, time.time_ns() // 1_000_000)
        except (Transient, OSError):
            raise
        except Exception as error:  # a fault of ours on one file must not end the watch for all, at each start again
            log.exception("a dropped file cannot be sent", feed=self._feed, file=claimed.name)
            detail = f"{type(error).__name__}: {error}"
            records = self.folder.note(claimed).records
            return Sent(self.folder.quarantine(claimed, "internal", detail, records), records, detail, "internal")

    def _spared(self, path: Path, work: Callable[[], T]) -> T | None:
        """The result of work on one file; None where it vanished or has to wait, which is told."""
        try:
            return work()
        except FileNotFoundError as error:
            log.warning("a dropped file is gone", feed=self._feed, file=path.name, trouble=str(error))
            metrics.FILES.labels(self._feed, "vanished").inc()
        except (Transient, OSError) as error:
            trouble = error.strerror if isinstance(error, OSError) else str(error)
            log.warning("a dropped file waits", feed=self._feed, file=path.name, trouble=trouble)
            metrics.FILES.labels(self._feed, "waiting").inc()
        return None

    def _tell(self, sent: Sent) -> None:
        metrics.FILES.labels(self._feed, "quarantined" if sent.code else "sent").inc()
        metrics.RECORDS.labels(self._feed).inc(sent.records)
        if sent.code is None:
            log.info("a dropped file is taken", feed=self._feed, file=sent.file.name, records=sent.records)
            return
        metrics.REFUSED.labels(self._feed, sent.code).inc()
        log.error("a dropped file is refused", feed=self._feed, file=sent.file.name, reason=sent.code,
                  detail=sent.reason, records=sent.records)
