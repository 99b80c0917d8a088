"""Decides when a stage's worker is ready: in its group, restored, moving, with no record that hangs, and with a broker
that answers. A paused feed is named and leaves it ready: its other feeds go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from config.settings import Settings
from config.topics import raw_feed
from topologies.runtime.reading.chunks import Progress
from topologies.runtime.watching.health import Health, broker
from topologies.runtime.watching.in_hand import Held, most_seconds

SHARE = 0.5
"""Sets the share of a limit after which a stage counts as unwell: of the stuck time-out, a partition without progress
as one that does not move; of the time a record may take, a record in hand as one that hangs."""


class Ledger(Protocol):
    """Reports what is read and done, by partition."""

    def progress(self) -> list[Progress]: ...


class Reading(Protocol):
    """The stage's consumer."""

    @property
    def ledger(self) -> Ledger: ...

    @property
    def has_assignment(self) -> bool: ...


class Holding(Protocol):
    """Reports what the handler has in hand, and for how many seconds."""

    def held_for(self) -> tuple[Held, float] | None: ...


class Running(Protocol):
    """Restores partitions and has records handled."""

    @property
    def in_hand(self) -> Holding: ...

    @property
    def is_paused(self) -> Callable[[str], bool]: ...

    def being_restored(self) -> int: ...


def expect_stage(
    health: Health, settings: Settings, *, runner: Running, consumer: Callable[[], Reading | None],
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Have the worker's readiness depend on its group, its state, its progress, what it has in hand and the broker; its
    life on its loop."""
    stuck_timeout = settings.stage.stuck_timeout
    patience = most_seconds(settings.stage.record_seconds, stuck_timeout) * SHARE

    def assigned() -> str | None:
        reading = consumer()
        return None if reading is not None and reading.has_assignment else "no partitions are assigned yet"

    def restored() -> str | None:
        count = runner.being_restored()
        return f"{count} partitions are being restored" if count else None

    def moving() -> str | None:
        going_on = [one for one in progress() if not runner.is_paused(one.tp.topic)]
        return _standing(going_on, clock(), stuck_timeout)

    def handling() -> str | None:
        held = runner.in_hand.held_for()
        return None if held is None or held[1] <= patience else f"{held[0]} has been in hand for {held[1]:.0f} s"

    def paused() -> list[str]:
        return sorted({raw_feed(one.tp.topic) for one in progress() if runner.is_paused(one.tp.topic)})

    def progress() -> list[Progress]:
        reading = consumer()
        return [] if reading is None else reading.ledger.progress()

    health.expect_beats(stuck_timeout)
    health.expect("stage", assigned)
    health.expect("restored", restored)
    health.expect("moving", moving)
    health.expect("handling", handling)
    health.mention("paused", paused)
    health.expect("broker", broker(settings))


def _standing(progress: Iterable[Progress], now: float, stuck_timeout: float) -> str | None:
    """Names the partition that has not moved for longest though there is something to do, and counts the others; None
    if all move."""
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
