"""From a bill of lading to one story: events that know no number, orders and corrections, on a broker of its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path
from typing import TypeVar

import pytest
from confluent_kafka import Producer
from msgspec import Struct
from typer.testing import CliRunner

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import ErpPosting, Order, OrderLine, Reference, ShipmentState
from streams.kernel.vocabulary import PostingKind, Status
from tests.support.brokers import BROKERS, on_broker
from tests.support.topics import read_all
from tests.support.waiting import PATIENCE, eventually
from topologies.cli.main import app
from topologies.local_stack.stack import Stack
from topologies.operations.command_actor import command_actor

T = TypeVar("T", bound=Struct)
STAGES = ["intake", "orders", "identity", "shipments", "fulfilment"]
NOW = 1_790_000_000_000
STEPS = ("by reference", "order", "with number")
TOLD_IN = list(permutations(STEPS))
"""Every order the three may come in; each with a shipment of its own."""


def message(code: str, clock: str, number: str, bol: str) -> bytes:
    """A made-up 214 with one status, of a bill of lading and, where it is known, the PRO number."""
    return (
        "ISA*00*          *00*          *02*RLCA           *ZZ*SHIPSYNC       *260921*1200*U*00401*000000017*0*P*>~"
        f"GS*QM*RLCA*SHIPSYNC*20260921*1200*17*X*004010~ST*214*0001~B10*{number}**RLCA~L11*{bol}*BM~LX*1~"
        f"AT7*{code}*NS***20260921*{clock}*ET~MS1*DAYTON*OH~SE*7*0001~GE*1*17~IEA*1*000000017~"
    ).encode()


class World:
    """Records that are sent, and their outcome."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._bootstrap = settings.kafka.bootstrap
        self._registry = Registry(settings)
        self._orders = ValueCodec(topics.ERP_ORDERS, Order, self._registry)
        self._producer = Producer(
            {"bootstrap.servers": settings.kafka.bootstrap, "partitioner": "murmur2_random", "log_level": 0}
        )

    def say(self, code: str, clock: str, number: str, bol: str) -> None:
        self._producer.produce(topics.raw("rlca").name, message(code, clock, number, bol))
        assert self._producer.flush(PATIENCE) == 0

    def order(self, name: str, number: str, at: int, *references: Reference, carrier: str = "rlca") -> None:
        line = OrderLine(f"D-{name}", carrier, number, list(references))
        order = Order(name, "C-1", "open", None, None, None, at, [line])
        self._producer.produce(topics.ERP_ORDERS.name, self._orders.encode(order), name)
        assert self._producer.flush(PATIENCE) == 0

    @property
    def shipments(self) -> Mapping[str, ShipmentState]:
        return {state.tracking_number: state for state in self._read(topics.SHIPMENT_STATE, ShipmentState)}

    @property
    def postings(self) -> list[ErpPosting]:
        return list(self._read(topics.ERP_POSTINGS, ErpPosting))

    def _read(self, topic: topics.Topic, struct: type[T]) -> Iterator[T]:
        codec = ValueCodec(topic, struct, self._registry)
        for record in read_all(self._bootstrap, topic.name):
            yield codec.decode(record.value())


def tell(world: World, which: str, place: int) -> None:
    """One of the three things to be told of the shipment at this place."""
    number, bol = f"I9930{place:02}", f"B47{place:02}"
    if which == "by reference":
        world.say("AF", "080000", "", bol)
    elif which == "order":
        world.order(f"SO-{place}", number, NOW, Reference("bol", bol))
    else:
        world.say("D1", "170000", number, bol)


def is_one_story(state: ShipmentState | None, order: str) -> bool:
    return (
        state is not None and state.event_count == 2 and state.status is Status.DELIVERED
        and [one.order_id for one in state.orders] == [order]
    )


@pytest.mark.parametrize("broker", BROKERS)
def test_what_is_known_by_a_reference_becomes_one_story_and_each_posting_is_made_once(
    broker: Callable[[], ExitStack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path, partitions=2, feeds=("rlca",)))
        closing.enter_context(Stack(settings, external=True, stages=STAGES))
        world = World(settings)
        for turn in range(len(STEPS)):
            for place, steps in enumerate(TOLD_IN):
                tell(world, steps[turn], place)
        world.order("SO-90", "I990001", NOW)
        world.say("AF", "080000", "I990001", "B9001")
        world.say("AF", "090000", "I990002", "B9002")
        world.order("SO-90", "I990002", NOW + 1)

        def all_told() -> bool:
            found = world.shipments
            whole = all(is_one_story(found.get(f"I9930{place:02}"), f"SO-{place}") for place in range(len(TOLD_IN)))
            moved = found.get("I990002"), found.get("I990001")
            return whole and all(moved) and [len(one.orders) for one in moved if one is not None] == [1, 0]

        eventually(all_told, interval=1.0, what="every shipment has its two events and its order")
        eventually(lambda: len(world.postings) >= 2 * len(TOLD_IN) + 1, interval=1.0, what="everything is posted")
        made = Counter((one.delivery_id, one.kind) for one in world.postings if one.delivery_id != "D-SO-90")
        assert made == {
            (f"D-SO-{place}", kind): 1 for place in range(len(TOLD_IN))
            for kind in (PostingKind.GOODS_ISSUE, PostingKind.DELIVERY_CONFIRMATION)
        }
        for name in ("bootstrap", "registry_url", "data_dir"):
            monkeypatch.setenv(f"SHIPSYNC_{name.upper()}", str(settings.value(name)))
        by_hand(world)
        taken_back(world)
        by_another_name(world, tmp_path)


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


def by_hand(world: World) -> None:
    """A bill of lading nobody speaks of is listed, and resolved by a person's word."""
    world.say("AF", "080000", "", "B-lost")
    world.order("SO-91", "", NOW, Reference("bol", "B-lost"))

    def waits() -> bool:
        rows = json.loads(run("identity", "list", "--json"))
        return [(row["reference"], len(row.get("events", [])), len(row.get("lines", []))) for row in rows] == [
            ("bol:B-LOST", 1, 1)
        ]

    eventually(waits, interval=1.0, what="the event and the line wait")
    assert "SO-91" in run("orders", "waiting")
    assert "Nothing is written yet" in run("identity", "resolve", "bol:b-lost", "rlca:I9999")
    assert "I9999" not in world.shipments
    assert "Written." in run("identity", "resolve", "bol:b-lost", "rlca:I9999", "--apply")
    eventually(
        lambda: (state := world.shipments.get("I9999")) is not None and state.event_count == 1 and state.orders,
        interval=1.0, what="the event and the line are the shipment's",
    )
    me = command_actor(world.settings).name
    assert json.loads(run("masterdata", "list", "reference", "--json"))[0]["updated_by"] == me
    [done] = json.loads(run("audit", "--json", "--subject", "bol:B-LOST"))
    assert (done["who"], done["action"], done["channel"]) == (me, "reference.resolve", "cli")
    assert done["details"][0] == {"name": "shipment", "value": "rlca:I9999"}
    assert "No reference is unresolved." in run("identity", "list")


def taken_back(world: World) -> None:
    """Postings for the wrong shipment are reversed, once, whether an order's number was wrong or a reference."""
    world.order("SO-92", "I9921", NOW)
    world.say("AF", "080000", "I9921", "B9921")
    world.order("SO-93", "I9923", NOW)
    world.say("D1", "170000", "", "B-wrong")
    eventually(lambda: "B-WRONG" in run("identity", "list", "--json"), interval=1.0, what="the event waits")
    run("identity", "resolve", "bol:b-wrong", "rlca:I9923", "--apply")

    def posted(delivery: str) -> list[tuple[str, PostingKind, bool]]:
        return [
            (one.tracking_number, one.kind, one.reverses is not None)
            for one in world.postings if one.delivery_id == delivery
        ]

    issued, delivered = ("I9921", PostingKind.GOODS_ISSUE), ("I9923", PostingKind.DELIVERY_CONFIRMATION)
    eventually(
        lambda: posted("D-SO-92") == [(*issued, False)] and posted("D-SO-93") == [(*delivered, False)],
        interval=1.0, what="both are posted for the wrong shipment",
    )
    world.say("AF", "090000", "I9922", "B9922")
    world.order("SO-92", "I9922", NOW + 1)
    run("identity", "resolve", "bol:b-wrong", "rlca:I9924", "--apply")
    eventually(
        lambda: len(posted("D-SO-92")) == 3 and len(posted("D-SO-93")) == 2, interval=1.0, what="both are reversed",
    )
    moved = {(*issued, False), (*issued, True), ("I9922", PostingKind.GOODS_ISSUE, False)}
    assert set(posted("D-SO-92")) == moved
    assert posted("D-SO-93") == [(*delivered, False), (*delivered, True)]


def by_another_name(world: World, folder: Path) -> None:
    """The running stages learn what the ERP calls a carrier."""
    file = folder / "names.csv"
    file.write_text("kind,id,aliases\ncarrier,rlca,Spedition Nord;RL\n", "utf-8")
    assert "1 written." in run("masterdata", "import", str(file), "--apply")
    place = iter(range(1_000))

    def is_known() -> bool:
        world.order(f"SO-95-{next(place)}", "I9955", NOW, carrier="Spedition Nord")
        return "I9955" in {state.tracking_number for state in world.shipments.values() if state.carrier == "rlca"}

    eventually(is_known, interval=1.0, what="an order by that name claims the carrier's shipment")
