"""When a stage's worker is ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from config.settings import Settings
from tests.support.clock import FakeClock
from topologies.runtime.reading.chunks import Progress, TopicPartition
from topologies.runtime.watching import stage_health
from topologies.runtime.watching.health import Health
from topologies.runtime.watching.in_hand import Held
from topologies.runtime.watching.stage_health import expect_stage


@dataclass
class Worker:
    """Is the consumer, its ledger and the runner in one."""

    has_assignment: bool = True
    restoring: int = 0
    behind: list[Progress] = field(default_factory=list)
    paused: frozenset[str] = frozenset()
    held: tuple[Held, float] | None = None

    @property
    def ledger(self) -> Worker:
        return self

    @property
    def in_hand(self) -> Worker:
        return self

    @property
    def is_paused(self) -> Callable[[str], bool]:
        return self.paused.__contains__

    def held_for(self) -> tuple[Held, float] | None:
        return self.held

    def progress(self) -> list[Progress]:
        return self.behind

    def being_restored(self) -> int:
        return self.restoring


@pytest.fixture(autouse=True)
def with_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_health, "broker", lambda _: lambda: None)


def health(worker: Worker | None, clock: FakeClock) -> Health:
    made = Health(clock)
    expect_stage(
        made, Settings(_env_file=None, stuck_timeout=60), runner=worker or Worker(), consumer=lambda: worker,
        clock=clock,
    )
    return made


def at(partition: int, done: int | None, end: int | None, moved_at: float) -> Progress:
    return Progress(TopicPartition("raw.ups.v1", partition), done, end, moved_at)


def test_it_is_ready_with_its_partitions_restored_and_moving() -> None:
    clock = FakeClock(100)
    idle = [at(0, 7, 7, 0), at(1, 3, 9, 90), at(2, None, None, 0)]
    assert health(Worker(behind=idle), clock).not_ready() == {}


def test_before_its_first_assignment_and_while_shares_change_it_is_not() -> None:
    for worker in (None, Worker(has_assignment=False)):
        assert health(worker, FakeClock(0)).not_ready() == {"stage": "no partitions are assigned yet"}


def test_while_partitions_are_restored_it_is_not() -> None:
    assert health(Worker(restoring=2), FakeClock(0)).not_ready() == {"restored": "2 partitions are being restored"}


def test_with_a_partition_that_stands_it_is_not_and_the_longest_is_named() -> None:
    standing = [at(0, 7, 9, 60), at(1, 7, 9, 20), at(2, 7, 9, 99)]
    found = health(Worker(behind=standing), FakeClock(100)).not_ready()
    assert found == {"moving": "raw.ups.v1[1] is behind and has not moved for 80 s, and 1 more"}


@pytest.mark.parametrize(("seconds", "ready"), [(10.0, True), (10.5, False), (500.0, False)])
def test_with_a_record_that_hangs_it_is_not(seconds: float, ready: bool) -> None:
    found = health(Worker(held=(Held("raw.ups.v1", 3, 17, 18), seconds)), FakeClock(0)).not_ready()
    assert found == ({} if ready else {"handling": f"raw.ups.v1[3] @ 17 has been in hand for {seconds:.0f} s"})


def test_a_paused_feed_is_named_and_does_not_keep_the_others_from_being_ready() -> None:
    made = health(Worker(behind=[at(0, 7, 9, 0), at(1, 7, 9, 0)], paused=frozenset({"raw.ups.v1"})), FakeClock(100))
    assert (made.not_ready(), made.mentioned()) == ({}, {"paused": ["ups"]})


def test_beside_a_paused_feed_one_that_stands_is_told() -> None:
    other = Progress(TopicPartition("raw.dhl.v1", 0), 1, 2, 0)
    made = health(Worker(behind=[at(0, 7, 9, 0), other], paused=frozenset({"raw.ups.v1"})), FakeClock(100))
    assert made.not_ready() == {"moving": "raw.dhl.v1[0] is behind and has not moved for 100 s"}


def test_without_beats_of_its_loop_it_is_not_alive() -> None:
    clock = FakeClock(0)
    made = health(Worker(), clock)
    clock.advance(61)
    assert made.not_alive() == {"loop": "it has not turned for 61 s"}
