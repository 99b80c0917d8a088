"""When a stage's worker is ready: in its group, restored, moving, and with a broker that answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from config.settings import Settings
from topologies.runtime.chunks import Progress
from topologies.runtime.health import Health, broker

SHARE = 0.5
"""Of the stuck time-out: so long without progress a partition counts as one that does not move."""


class Ledger(Protocol):
    """What is read and done, by partition."""

    def progress(self) -> list[Progress]: ...


class Reading(Protocol):
    """The stage's consumer."""

    @property
    def ledger(self) -> Ledger: ...

    @property
    def has_assignment(self) -> bool: ...


class Restoring(Protocol):
    """Who restores partitions."""

    def being_restored(self) -> int: ...


def expect_stage(
    health: Health, settings: Settings, *, runner: Restoring, consumer: Callable[[], Reading | None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Have the worker's readiness depend on its group, its state, its progress and the broker; its life on its loop."""

    def assigned() -> str | None:
        reading = consumer()
        return None if reading is not None and reading.has_assignment else "no partitions are assigned yet"

    def restored() -> str | None:
        count = runner.being_restored()
        return f"{count} partitions are being restored" if count else None

    def moving() -> str | None:
        reading = consumer()
        return None if reading is None else _standing(reading.ledger.progress(), clock(), settings.stage.stuck_timeout)

    health.expect_beats(settings.stage.stuck_timeout)
    health.expect("stage", assigned)
    health.expect("restored", restored)
    health.expect("moving", moving)
    health.expect("broker", broker(settings))


def _standing(progress: Iterable[Progress], now: float, stuck_timeout: float) -> str | None:
    """What does not move though there is something to do; the longest first."""
    still = sorted(
        (one.moved_at, f"{one.tp.topic}[{one.tp.partition}]") for one in progress
        if (one.high_water or 0) > (one.done or 0) and now - one.moved_at > stuck_timeout * SHARE
    )
    if not still:
        return None
    since, place = still[0]
    return f"{place} is behind and has not moved for {now - since:.0f} s" + (
        f", and {len(still) - 1} more" if len(still) > 1 else ""
    )
