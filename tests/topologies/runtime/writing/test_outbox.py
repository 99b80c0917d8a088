"""A message a later input may take back is sent only once its change is on the changelog, wherever the worker dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest
from msgspec import msgpack
from msgspec.structs import replace as changed

from config import apps, headers, topics
from config.settings import Settings
from connectors.kafka.topic_admin import LARGEST_STATE
from streams.contracts.claim_order import age_of
from streams.contracts.model import CarrierEvent, MasterRecord, Order, OrderLine, OrderReference, Record
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import AlertKind, AlertState, Correction, MasterKind, Milestone, SaidBy
from streams.orders.claims import MOST_CLAIMS
from tests.fakes.memory import Memory
from tests.fakes.stage import Calls, FakeSink
from tests.support.messages import sent_to
from tests.support.order_records import orders
from tests.support.records import FakeRecord
from tests.support.reference_inputs import line, unresolved, word
from tests.support.reference_records import claims as reference_claims
from tests.support.reference_records import events as unresolved_events
from tests.support.shipment_records import DAY, EVENTS, NOON, REFERENCES, REGISTRY, SIGNALS, event
from topologies.runtime.handler import Change, Handled, Message, StatefulHandler
from topologies.runtime.reading.chunks import Ledger, TopicPartition
from topologies.runtime.runner import StageRunner
from topologies.runtime.state.changelog import Restored
from topologies.runtime.state.partition_state import PartitionState, StateMemory
from topologies.runtime.writing.chunk_writer import ChunkWriter
from topologies.runtime.writing.outbox import HeldBack, carried, carrying, to_hold
from topologies.runtime.writing.sink import Whole
from topologies.stages.identity import IdentityHandler
from topologies.stages.orders import OrdersHandler
from topologies.stages.shipments import ShipmentsHandler

MEMORY = StateMemory(8 << 20)
NEVER = 10**6


OUTPUTS = frozenset().union(*(topics.written_by(stage) for stage in ("shipments", "orders", "identity")))


class Dead(BaseException):
    """The worker is gone, in the midst of it."""


class Mortal(Calls):
    """Calls of which, once told so, the n-th is the last."""

    def __init__(self) -> None:
        super().__init__()
        self.left = NEVER

    def note(self, what: str) -> None:
        if self.left == 0:
            raise Dead
        self.left -= 1
        super().note(what)


class Log(FakeSink):
    """The broker: all that was sent, in order, whoever sent it."""

    def __init__(self, calls: Mortal, records: list[Whole]) -> None:
        super().__init__(calls)
        self.records = records

    def send(self, outputs: Mapping[str, list[Message]], partition: int | None = None) -> None:
        for topic, messages in outputs.items():
            for message in messages:
                self.calls.note(f"send {topic}")
                self.records.append(Whole(topic, message["key"], message["value"], [], partition or 0))

    def send_whole(self, records: Sequence[Whole]) -> None:
        for record in records:
            self.calls.note(f"send {record.topic}")
            self.records.append(record)


class Replayed:
    """A changelog that lies in the log."""

    def __init__(self, topic: str, sink: Log, handler: StatefulHandler) -> None:
        self._topic, self._sink, self._handler = topic, sink, handler

    def topic_id(self) -> str:
        return "replayed"

    def restored(self, path: Path, partition: int, wanted: Callable[[], bool]) -> Restored | None:
        del partition, wanted
        state = PartitionState(path, MEMORY)
        held: dict[bytes, HeldBack] = {}
        for record in self._sink.records:
            if record.topic != self._topic:
                continue
            assert record.key is not None
            assert record.value is not None
            state.apply(dict(self._handler.local_writes(record.key, record.value)))
            found = carried(record.value, record.headers, OUTPUTS)
            held.pop(record.key, None)
            if found is not None:
                held[record.key] = found
        return Restored(state, held, self._sink.end)


STAGES: dict[apps.App, tuple[Callable[..., StatefulHandler], Sequence[topics.Topic]]] = {
    apps.SHIPMENTS: (ShipmentsHandler, topics.OF_ONE_SHIPMENT),
    apps.IDENTITY: (IdentityHandler, (topics.CARRIER_UNRESOLVED, topics.REFERENCE_CLAIMS)),
    apps.ORDERS: (OrdersHandler, (topics.ERP_ORDERS, topics.MASTER_DATA)),
}


class World:
    """The topics a stage writes to, and one worker after the other, each on a disk of its own. ``carrier``: whose
    name Northern Freight is, as far as the next one knows."""

    def __init__(self, folder: Path, app: apps.App = apps.SHIPMENTS) -> None:
        self._folder, self._app = folder, app
        self.records: list[Whole] = []
        self.workers = 0
        self.now = NOON
        self.carrier = "north"

    def another(self, name: str) -> World:
        """One of the same stage, with folders of its own."""
        return World(self._folder / name, self._app)

    def work(self, *steps: Sequence[Record] | int, dies_after: int = NEVER, at_step: int = -1) -> bool:
        """A worker takes chunks in and sweeps at the times given, and may die so many calls after a step has begun;
        whether it did. The clock shows the latest time of either."""
        self.workers += 1
        calls = Mortal()
        build, inputs = STAGES[self._app]
        sink, handler = Log(calls, self.records), build(Settings(), REGISTRY, {})
        if isinstance(handler, OrdersHandler):
            handler.names.learn(MasterRecord(MasterKind.CARRIER, self.carrier, 1, "mo", aliases=["Northern Freight"]))
        settings = Settings(data_dir=self._folder / str(self.workers))
        assert self._app.state_topic is not None
        runner = StageRunner(
            self._app, handler, settings, sink, lambda _: b"", clock=lambda: self.now,
            changelog=Replayed(self._app.state_topic.name, sink, handler), exit_process=lambda _: None,
        )
        ledger, partitions = Ledger(10), {TopicPartition(topic.name, 0) for topic in inputs}

        async def act() -> None:
            ledger.assign(partitions, self.workers)
            await runner.on_assigned(partitions, None)
            for number, step in enumerate(steps):
                if number == at_step:
                    calls.left = dies_after
                if isinstance(step, int):
                    self.now = step
                    await runner.sweep()
                    continue
                self.now = max(self.now, step[-1].timestamp)
                tp = TopicPartition(step[0].topic, 0)
                await runner.process(ledger.deliver(tp, step, step[-1].offset + 1))

        async def main() -> bool:
            try:
                await act()
            except Dead:
                return True
            else:
                return False
            finally:
                ledger.revoke(partitions)
                calls.left = NEVER
                await runner.close()

        return asyncio.run(main())

    @property
    def open_alerts(self) -> set[tuple[str, AlertKind]]:
        """The alerts that their newest words leave open."""
        said = [SIGNALS.decode(one.value) for one in self.records if one.topic == topics.ALERT_SIGNALS.name]
        newest = {one.alert_id: one for one in sorted(said, key=lambda one: (one.said_at, one.place))}
        return {(one.subject, one.kind) for one in newest.values() if one.state is AlertState.RAISED}

    @property
    def ordered(self) -> set[str]:
        """Shipments that an order's claim stands on."""
        claims = [REFERENCES.decode(one.value) for one in self.records if one.topic == topics.ORDER_REFERENCES.name]
        newest = {(one.carrier, one.tracking_number, one.delivery_id): one for one in sorted(claims, key=age_of)}
        return {f"{carrier}:{number}" for (carrier, number, _), one in newest.items() if not one.withdrawn}

    @property
    def found(self) -> set[tuple[str, str]]:
        """Shipments an event was found to be of, and not taken back from, and those a claim by reference stands on."""
        events = [EVENTS.decode(one.value) for one in self.records if one.topic == topics.CARRIER_EVENTS.name]
        voided = {one.corrects for one in events}
        claims = [REFERENCES.decode(one.value) for one in self.records if one.topic == topics.ORDER_REFERENCES.name]
        newest = {one.tracking_number: one for one in sorted(claims, key=age_of)}
        return {
            ("event", one.tracking_number) for one in events
            if one.correction is Correction.NEW and one.event_id not in voided
        } | {("claim", number) for number, one in newest.items() if not one.withdrawn}


def deaths(untouched: World, steps: Sequence[Sequence[Record] | int]) -> Iterator[tuple[World, str]]:
    """For each write of the last step a world in which its worker died before it, at last one in which it did not."""
    for dies_after in count():
        world = untouched.another(str(dies_after))
        died = world.work(*steps, dies_after=dies_after, at_step=len(steps) - 1)
        yield world, f"died after {dies_after} calls"
        if not died:
            break
    assert dies_after > len(WRITES)


def heard(*events: CarrierEvent) -> list[FakeRecord]:
    """A chunk of events, taken in when the last happened."""
    return [
        FakeRecord(topics.CARRIER_EVENTS.name, 0, offset, timestamp=one.occurred_at, value=EVENTS.encode(one))
        for offset, one in enumerate(events)
    ]


def claimed(*claims: OrderReference) -> list[FakeRecord]:
    """A chunk of orders' claims."""
    return [
        FakeRecord(topics.ORDER_REFERENCES.name, 0, offset, timestamp=one.updated_at, value=REFERENCES.encode(one))
        for offset, one in enumerate(claims)
    ]


def others(until: int) -> list[list[FakeRecord]]:
    """Chunks about another shipment, so that the platform is known to hear."""
    return [
        heard(event(Milestone.DELIVERED, until - minutes * 60_000, "1Z-OTHER")) for minutes in (20, 10, 0)
    ]


LATER = NOON + 5 * DAY
BEGUN = [claimed(OrderReference("ups", "1Z1", "SO-1", "D-1", "C-1", None, NOON)),
         heard(event(Milestone.IN_TRANSIT, NOON)), *others(LATER)]
MOVES = heard(event(Milestone.OUT_FOR_DELIVERY, LATER + 1))
HERE = ("ups:1Z1", AlertKind.SHIPMENT_STALLED)
WRITES = ["state", "flush", "signals", "flush", "state", "commit"]
"""The least a worker does where an alert changes."""


def test_a_shipment_that_stood_still_is_raised_and_then_resolved(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.work(*BEGUN, LATER)
    assert HERE in world.open_alerts
    world.work(MOVES)
    assert HERE not in world.open_alerts


def test_wherever_the_worker_dies_in_a_sweep_the_next_event_leaves_no_alert_open(tmp_path: Path) -> None:
    for world, death in deaths(World(tmp_path), [*BEGUN, LATER]):
        world.work(MOVES, *others(LATER + 2), LATER + 2)
        assert HERE not in world.open_alerts, death


def test_wherever_the_worker_dies_over_a_chunk_another_interleaving_leaves_the_alerts_of_the_truth(
    tmp_path: Path,
) -> None:
    first = OrderReference("ups", "1Z1", "SO-1", "D-1", "C-1", NOON + DAY, NOON)
    anew = OrderReference("ups", "1Z1", "SO-1", "D-1", "C-1", NOON + 9 * DAY, NOON + 5)
    slips = event(Milestone.IN_TRANSIT, NOON + 10)
    slips.estimated_delivery_at = NOON + 3 * DAY
    at_risk = ("ups:1Z1", AlertKind.DELIVERY_AT_RISK)
    whole = World(tmp_path / "whole")
    whole.work(claimed(first), heard(slips))
    assert at_risk in whole.open_alerts
    for world, death in deaths(World(tmp_path / "mortal"), [claimed(first), heard(slips)]):
        world.work(claimed(first, anew), heard(slips))
        assert world.open_alerts == set(), death


def test_wherever_the_worker_dies_nothing_stays_at_a_shipment_the_reference_turns_out_not_to_be(
    tmp_path: Path,
) -> None:
    here, there = word("N1"), word("N2", SaidBy.PERSON)
    begun = [unresolved_events(unresolved()), reference_claims(line())]
    whole = World(tmp_path / "whole", apps.IDENTITY)
    whole.work(*begun, reference_claims(here))
    assert whole.found == {("event", "N1"), ("claim", "N1")}
    for world, death in deaths(World(tmp_path / "mortal", apps.IDENTITY), [*begun, reference_claims(here)]):
        world.work(reference_claims(here, there))
        assert world.found == {("event", "N2"), ("claim", "N2")}, death


def order(number: str, **changes: Any) -> Order:
    """A version of the order, whose one line names the carrier by its name."""
    lines = [OrderLine("D-1", "Northern Freight", number)]
    return changed(Order("SO-1", "C-1", "open", "EUR", 9.5, None, NOON, lines), **changes)


def test_wherever_the_worker_dies_no_claim_stays_under_the_name_a_carrier_had_before(tmp_path: Path) -> None:
    first, corrected = order("N1"), order("N2", updated_at=NOON + 1)
    begun = orders(order("N0", updated_at=NOON - 1))
    for number, steps in enumerate(product([begun, orders()], [orders(first, corrected), orders(corrected, first)])):
        for world, death in deaths(World(tmp_path / str(number), apps.ORDERS), [one for one in steps if one]):
            world.carrier = "south"
            world.work(*steps[1:])
            [carrier] = {key.partition(":")[0] for key in world.ordered}
            assert carrier in ("north", "south"), death
            world.work(orders(order("N3", updated_at=NOON + 2)))
            assert world.ordered == {"south:N3"}, death


def test_the_claims_of_the_largest_order_wait_though_all_of_them_move_at_once() -> None:
    handler, memory = OrdersHandler(Settings(), REGISTRY, {}), Memory()
    for at in (NOON, NOON + 1):
        lines = [OrderLine(f"80012{n:05}", "ups", f"1Z9X7741031{at % 2}{n:06}") for n in range(MOST_CLAIMS)]
        out = handler.handle(orders(order("", updated_at=at, shipments=lines)), memory, at)
        memory.apply(out)
        assert list(to_hold(out)) == [b"SO-1"]
    assert len(sent_to(out, topics.ORDER_REFERENCES.name)) == 2 * MOST_CLAIMS


def test_what_a_record_has_no_room_for_goes_out_before_and_the_rest_waits() -> None:
    small, large = [Message(key=b"a", value=b"1")], [Message(key=b"a", value=b"1" * 700_000)]
    handled = Handled(
        outputs={"out": small}, changes={key: Change(b"", b"value") for key in (b"fits", b"does not")},
        afterwards={b"fits": {"said": small + large * 2}, b"does not": {"said": large * 3}},
    )
    records: list[Whole] = []
    sink = Log(Mortal(), records)
    writing = ChunkWriter(apps.IDENTITY, lambda _: b"", 1_000_000)
    waiting = writing.outputs(sink, handled, NOON)
    assert [(one.topic, len(one.value or b"")) for one in records] == [("out", 1), *[("said", 700_000)] * 3]
    assert list(waiting) == [b"fits"]
    writing.changes(sink, 0, handled, waiting)
    assert [(one.key, bool(one.headers)) for one in records[4:]] == [(b"does not", False), (b"fits", True)]
    [carrying_all] = [one for one in records if one.headers]
    assert sum(len(data) for _, data in carrying_all.headers) < LARGEST_STATE


def test_what_a_record_carries_can_be_read_again_and_others_carry_nothing() -> None:
    held = HeldBack(b"value", {"alerts": [{"key": b"a", "value": b"1"}, {"key": None, "value": None}], "events": []})
    record = carrying("state", b"k", held, 3)
    assert (record.topic, record.key, record.value, record.partition) == ("state", b"k", b"value", 3)
    assert carried(b"value", record.headers, {"alerts"}) == HeldBack(
        b"value", {"alerts": [{"key": b"a", "value": b"1"}, {"key": None, "value": None}]}
    )
    assert carried(b"value", None, {"alerts"}) is None
    assert carried(b"value", [("traceparent", b"00")], {"alerts"}) is None


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"\xff", "cannot be read"), (b"", "cannot be read"), (msgpack.encode([["alerts", "k"]]), "cannot be read"),
        (msgpack.encode({"alerts": 1}), "cannot be read"),
        (msgpack.encode([["erp.postings.v1", b"k", b"v"]]), "'erp.postings.v1', which is no output"),
    ],
)
def test_a_header_that_is_malformed_or_names_a_topic_of_others_is_refused(header: bytes, why: str) -> None:
    with pytest.raises(Reject, match=why):
        carried(b"value", [(headers.HELD_BACK, header)], {"alerts"})
