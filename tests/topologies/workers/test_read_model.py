"""The worker of the read model on brokers: what is on the topics is in the file, once, whatever ends the worker."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from msgspec import Struct

from config import topics
from config.settings import Settings
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from connectors.read_store import files
from connectors.read_store.inputs import TOPICS
from connectors.read_store.reader import AlertFilter, ReadStore
from connectors.read_store.shipment_lists import ShipmentFilter
from streams.contracts.model import ShipmentState
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import Status
from tests.support.brokers import BROKERS, on_broker
from tests.support.read_model_world import NOON, shipment, world
from tests.support.sending import write
from tests.support.waiting import eventually
from topologies.operations.read_model_rebuild import check, rebuild
from topologies.workers.read_model import Follower, folder_of

BY_STRUCT = {struct: topic for topic, struct in TOPICS.items()}


@pytest.fixture(params=BROKERS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    broker: Callable[[], AbstractContextManager[str]] = request.param
    with on_broker(broker, tmp_path) as found:
        admin = TopicAdmin(found)
        assert admin.wait(60)
        admin.create(topics.STATIC)
        yield found


def say(settings: Settings, *records: tuple[str, Struct | None, type[Struct]]) -> None:
    registry = Registry(settings)
    write(settings, [
        Record(
            BY_STRUCT[kind].name, key.encode(),
            None if value is None else ValueCodec(BY_STRUCT[kind], kind, registry).encode(value),
        ) for key, value, kind in records
    ])


def whole_world(settings: Settings) -> None:
    say(settings, *((key, value, type(value)) for key, value in world()))


def follow(settings: Settings, done: Callable[[ReadStore], bool]) -> None:
    """Runs a worker until readers see it."""
    with closing(Follower(settings)) as follower, closing(ReadStore(folder_of(settings))) as store:

        def seen() -> bool:
            follower.turn()
            return follower.current and done(store)

        eventually(seen, what="the read model holds it")


def number_of(store: ReadStore) -> int:
    return sum(one.number for one in store.counts())


def test_what_is_on_the_topics_is_read_and_followed(settings: Settings) -> None:
    whole_world(settings)
    follow(settings, lambda store: number_of(store) == 5)
    with closing(ReadStore(folder_of(settings))) as store:
        assert store.standing().whole
        assert len(store.alerts(AlertFilter(open=None), 10).rows) == 3
        say(settings, ("ups:NEW", shipment("NEW", Status.BOOKED, NOON), ShipmentState))
        follow(settings, lambda store: number_of(store) == 6)
        assert len(store.events("ups:1Z999AA10123456784")) == 2, "read twice, and held once"


def test_a_deleted_shipment_goes_with_all_that_hangs_on_it(settings: Settings) -> None:
    whole_world(settings)
    follow(settings, lambda store: number_of(store) == 5)
    key = "ups:1Z999AA10123456784"
    say(settings, (key, None, ShipmentState))
    follow(settings, lambda store: number_of(store) == 4)
    with closing(ReadStore(folder_of(settings))) as store:
        assert store.shipment(key) is None
        assert store.events(key) == [] == store.words(key)
        assert store.find("1Z999AA10123456784") == []
        assert len(store.shipments(ShipmentFilter(customer="C-ACME"), 10).rows) == 2


def test_it_is_made_anew_under_a_worker_that_follows_and_agrees_with_its_topics(settings: Settings) -> None:
    whole_world(settings)
    folder = folder_of(settings)
    follow(settings, lambda store: number_of(store) == 5)
    assert all(one.agrees for one in check(settings, folder))
    with closing(Follower(settings)) as follower, closing(ReadStore(folder)) as store:
        before = files.current(folder)
        made = rebuild(settings, folder)
        assert (made.records, made.shipments) == (len(world()), 5)
        say(settings, ("ups:NEW", shipment("NEW", Status.BOOKED, NOON), ShipmentState))

        def followed() -> bool:
            follower.turn()
            return number_of(store) == 6

        eventually(followed, what="the worker goes on with the new file")
        assert files.current(folder) != before
    assert all(one.agrees for one in check(settings, folder))
    assert len(list(folder.glob("*.sqlite3"))) == 1


def test_a_row_that_is_lost_or_wrong_is_found(settings: Settings) -> None:
    whole_world(settings)
    folder = folder_of(settings)
    follow(settings, lambda store: number_of(store) == 5)
    file = files.current(folder)
    assert file is not None
    with closing(sqlite3.connect(file)) as base, base:
        base.execute("DELETE FROM orders WHERE order_id = 'SO-1'")
        base.execute("UPDATE shipments SET status = 'lost' WHERE carrier = 'dhl'")
    found = {one.table: one for one in check(settings, folder) if not one.agrees}
    assert {name: (one.missing, one.different) for name, one in found.items()} == {
        "orders": (1, 0), "shipments": (0, 1)
    }


def test_a_second_worker_is_refused(settings: Settings) -> None:
    whole_world(settings)
    follow(settings, lambda store: number_of(store) == 5)
    with closing(Follower(settings)), pytest.raises(Fatal, match="another process writes the read model"):
        Follower(settings)


def test_other_topics_of_the_same_names_begin_it_anew(settings: Settings, tmp_path: Path) -> None:
    whole_world(settings)
    follow(settings, lambda store: number_of(store) == 5)
    first = files.current(folder_of(settings))
    assert first is not None
    with on_broker(BROKERS[0].values[0], tmp_path) as other:  # type: ignore[arg-type]
        TopicAdmin(other).create(topics.STATIC)
        say(other, ("ups:NEW", shipment("NEW", Status.BOOKED, NOON), ShipmentState))
        follow(other, lambda store: number_of(store) == 1)
        assert files.current(folder_of(other)) != first
