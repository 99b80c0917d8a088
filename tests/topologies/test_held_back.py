"""What a later input may take back is said only once its change is on the changelog, wherever the worker dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

from config import topics
from config.settings import Settings
from streams.claims import age_of
from streams.model import CarrierEvent, OrderReference, Record
from streams.vocabulary import AlertKind, AlertState, Correction, Milestone, SaidBy
from tests.fakes.stage import Calls, FakeSink
from tests.streams.references import line, unresolved, word
from tests.support.records import FakeRecord
from tests.topologies.test_identity import claims as reference_claims
from tests.topologies.test_identity import events as unresolved_events
from tests.topologies.test_shipments import DAY, EVENTS, NOON, REFERENCES, REGISTRY, SIGNALS, event
from topologies.changelog import Restored
from topologies.chunks import Ledger, TopicPartition
from topologies.handling import Message, StatefulHandler
from topologies.held_back import HeldBack, carried, carrying
from topologies.identity import IdentityHandler
from topologies.runner import StageRunner
from topologies.shipments import ShipmentsHandler
from topologies.sink import Whole
from topologies.state import PartitionState, StateMemory

MEMORY = StateMemory(8 << 20)
NEVER = 10**6


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

    def __init__(self, topic: str, records: list[Whole], handler: StatefulHandler) -> None:
        self._topic, self._records, self._handler = topic, records, handler

    def topic_id(self) -> str:
        return "replayed"

    def end(self, partition: int) -> int:
        del partition
        return len(self._records)

    def restored(self, path: Path, partition: int, wanted: Callable[[], bool]) -> Restored | None:
        del partition, wanted
        state = PartitionState(path, MEMORY)
        held: dict[bytes, HeldBack] = {}
        for record in self._records:
            if record.topic != self._topic:
                continue
            assert record.key is not None
            assert record.value is not None
            state.apply(dict(self._handler.local_writes(record.key, record.value)))
            found = carried(record.value, record.headers)
            held.pop(record.key, None)
            if found is not None:
                held[record.key] = found
        return Restored(state, held)


STAGES: dict[topics.App, tuple[Callable[..., StatefulHandler], Sequence[topics.Topic]]] = {
    topics.SHIPMENTS: (ShipmentsHandler, topics.OF_ONE_SHIPMENT),
    topics.IDENTITY: (IdentityHandler, (topics.CARRIER_UNRESOLVED, topics.REFERENCE_CLAIMS)),
}


class World:
    """The topics a stage writes to, and one worker after the other, each on a disk of its own."""

    def __init__(self, folder: Path, app: topics.App = topics.SHIPMENTS) -> None:
        self._folder, self._app = folder, app
        self.records: list[Whole] = []
        self.workers = 0
        self.now = NOON

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
        settings = Settings(data_dir=self._folder / str(self.workers))
        assert self._app.state_topic is not None
        runner = StageRunner(
            self._app, handler, settings, sink, lambda _: b"", clock=lambda: self.now,
            changelog=Replayed(self._app.state_topic.name, self.records, handler), exit_process=lambda _: None,
        )
        ledger, partitions = Ledger(10), {TopicPartition(topic.name, 0) for topic in inputs}

        async def act() -> None:
            ledger.assign(partitions, self.workers)
            await runner.on_assigned(partitions, self.workers)
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
        """What the newest word of each alert leaves open."""
        said = [SIGNALS.decode(one.value) for one in self.records if one.topic == topics.ALERT_SIGNALS.name]
        newest = {one.alert_id: one for one in sorted(said, key=lambda one: (one.said_at, one.place))}
        return {(one.subject, one.kind) for one in newest.values() if one.state is AlertState.RAISED}


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
"""What a worker does at the least where an alert changes."""


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
    whole = World(tmp_path / "whole", topics.IDENTITY)
    whole.work(*begun, reference_claims(here))
    assert whole.found == {("event", "N1"), ("claim", "N1")}
    for world, death in deaths(World(tmp_path / "mortal", topics.IDENTITY), [*begun, reference_claims(here)]):
        world.work(reference_claims(here, there))
        assert world.found == {("event", "N2"), ("claim", "N2")}, death


def test_what_a_record_carries_can_be_read_again_and_others_carry_nothing() -> None:
    held = HeldBack(b"value", {"alerts": [{"key": b"a", "value": b"1"}, {"key": None, "value": None}], "events": []})
    record = carrying("state", b"k", held, 3)
    assert (record.topic, record.key, record.value, record.partition) == ("state", b"k", b"value", 3)
    assert carried(b"value", record.headers) == HeldBack(
        b"value", {"alerts": [{"key": b"a", "value": b"1"}, {"key": None, "value": None}]}
    )
    assert carried(b"value", None) is None
    assert carried(b"value", [("traceparent", b"00")]) is None
