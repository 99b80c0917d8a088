"""Waits are counted by kind, owner and deadline over the partitions a worker has, not those it gave up."""

from __future__ import annotations

import gc

from msgspec.structs import replace

from streams.contracts.model import FulfilmentWait
from streams.kernel.vocabulary import WaitKind
from tests.fakes.memory import Memory
from topologies.runtime.watching import metrics
from topologies.stages.fulfilment_waits import EVERY_MS, WAITS, WaitCounts, entry

NOON = 1_790_000_000_000
PROOF = FulfilmentWait(WaitKind.PROOF, NOON, "finance of tests")


def partition(**waits: FulfilmentWait | None) -> Memory:
    """A partition with these deliveries."""
    memory = Memory()
    for name, wait in waits.items():
        put(memory, name, wait)
    return memory


def put(memory: Memory, name: str, wait: FulfilmentWait | None) -> None:
    for key, value in entry(name.encode(), wait).items():
        if value is None:
            memory.held.pop(key, None)
        else:
            memory.held[key] = value


def shown(kind: str = "proof", overdue: str = "false", owner: str = PROOF.owner) -> float:
    found = metrics.FULFILMENT_WAITS.labels(kind, owner, overdue)._value.get()
    assert isinstance(found, float)
    return found


def test_waits_are_counted_over_all_partitions_and_anew_after_a_while() -> None:
    counts, one, other = WaitCounts(), partition(a=PROOF, b=PROOF, c=None), partition(d=replace(PROOF, overdue=True))
    counts.look(one, NOON)
    counts.look(other, NOON)
    assert (shown(), shown(overdue="true")) == (2, 1)
    put(one, "a", None)
    put(one, "b", replace(PROOF, kind=WaitKind.PIECES))
    counts.look(one, NOON + EVERY_MS - 1)
    assert shown() == 2, "not counted at every look"
    counts.look(one, NOON + EVERY_MS)
    assert (shown(), shown("pieces"), shown(overdue="true")) == (0, 1, 1)


def test_a_partition_that_is_let_go_counts_no_more() -> None:
    counts, one, other = WaitCounts(), partition(a=PROOF), partition(b=PROOF)
    counts.look(one, NOON)
    counts.look(other, NOON)
    assert shown() == 2
    del other
    gc.collect()
    counts.look(one, NOON)
    assert shown() == 1


def test_a_delivery_has_one_entry() -> None:
    memory = partition(a=PROOF)
    put(memory, "a", replace(PROOF, overdue=True))
    assert len(list(memory.scan(WAITS))) == 1
    put(memory, "a", None)
    assert memory.held == {}
