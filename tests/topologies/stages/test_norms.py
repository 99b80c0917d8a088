"""The norms handler: dwells in, norms kept; what is not framed right is refused alone."""

from __future__ import annotations

import pytest

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.ids import digest
from streams.contracts.model import Dwell, DwellNorm
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import RejectReason, Status
from streams.norms.histogram import PERIOD_MS
from streams.shipments.timers.expected_dwell import Usual
from tests.fakes.memory import Memory
from tests.support.framing import framed_wrong
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from topologies.runtime.handler import Handled
from topologies.stages.norms import NormsHandler

REGISTRY = fake_registry()
DWELLS = ValueCodec(topics.SHIPMENT_DWELLS, Dwell, REGISTRY)
NORMS = ValueCodec(topics.DWELL_NORMS, DwellNorm, REGISTRY)
HOUR = 3_600_000


def dwell(number: int) -> Dwell:
    return Dwell(digest(str(number)), "north", "US>DE", Status.IN_TRANSIT, 10 * HOUR, 700 * PERIOD_MS)


def chunk(*values: bytes | None) -> list[FakeRecord]:
    return [FakeRecord(topics.SHIPMENT_DWELLS.name, 0, place, value=value) for place, value in enumerate(values)]


GOOD = DWELLS.encode(dwell(1))


@pytest.fixture
def handler() -> NormsHandler:
    return NormsHandler(Settings(), REGISTRY, {})


def restored(handler: NormsHandler) -> Memory:
    """Records that come back through the changelog, as after a restore."""
    return Memory(lambda change: handler.local_writes(b"k", change.changelog or b"")[b"k"])


def test_norms_grow_from_chunk_to_chunk_through_the_changelog(handler: NormsHandler) -> None:
    memory = restored(handler)
    for numbers in (range(3), range(2, 5)):
        memory.apply(handler.handle(chunk(*(DWELLS.encode(dwell(one)) for one in numbers)), memory, 0))
    counted = {key.decode(): NORMS.decode(value).observations for key, value in memory.held.items()}
    assert counted == dict.fromkeys(("north:US>DE:in_transit", "north:*:in_transit", "*:*:in_transit"), 5)


def test_readers_decode_the_norms_of_the_changelog(handler: NormsHandler) -> None:
    out = handler.handle(chunk(GOOD), Memory(), 0)
    read = ValueCodec(topics.DWELL_NORMS, Usual, REGISTRY).decode(out.changes[b"north:US>DE:in_transit"].changelog)
    assert (read.lane, read.observations) == ("US>DE", 1)
    assert 10 * HOUR < read.usual_ms <= 10 * HOUR * 9 / 8


@pytest.mark.parametrize(("value", "reason"), framed_wrong(GOOD, b"north"))
def test_a_value_framed_wrong_is_refused_and_its_neighbours_are_learnt(
    handler: NormsHandler, value: bytes | None, reason: RejectReason
) -> None:
    out = handler.handle(chunk(value, GOOD), Memory(), 0)
    assert [(one.record.offset, one.reject.reason) for one in out.refused] == [(0, reason)]
    assert out.counts == {"learnt": 1}


def test_the_clock_alone_brings_nothing(handler: NormsHandler) -> None:
    assert handler.sweep(Memory(), 9) == Handled()


def test_without_its_state_the_stage_goes_no_further(handler: NormsHandler) -> None:
    with pytest.raises(Fatal):
        handler.handle(chunk(GOOD), None, 0)
