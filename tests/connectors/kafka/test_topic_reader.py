"""A compacted topic is read whole: the last word on each key, what is no record passed over, and then what is added."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from config import topics
from config.settings import Settings
from connectors.embedded.broker import EmbeddedBroker
from connectors.embedded.registry import serve
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from connectors.kafka.topic_reader import Reader, latest
from streams.contracts.model import EdiReceipt, MasterRecord
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import MasterKind
from tests.support.topics import fill
from tests.support.waiting import eventually

pytestmark = pytest.mark.broker


@pytest.fixture
def settings() -> Iterator[Settings]:
    """A broker and a registry of this test alone."""
    server = serve("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    with EmbeddedBroker() as broker:
        yield Settings(
            bootstrap=broker.bootstrap, registry_url=f"http://127.0.0.1:{server.server_port}", partitions=3
        )
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_last_word_on_each_key_counts_and_what_is_added_is_read_on(settings: Settings) -> None:
    registry = Registry(settings)
    with pytest.raises(Transient, match="shipsync topics --create"):
        latest(settings, registry, topics.MASTER_DATA, MasterRecord)
    TopicAdmin(settings).create([topics.MASTER_DATA])
    assert latest(settings, registry, topics.MASTER_DATA, MasterRecord) == {}
    encode = ValueCodec(topics.MASTER_DATA, MasterRecord, registry).encode
    old, new = (MasterRecord(MasterKind.CARRIER, "north", at, "mo") for at in (1, 2))
    fill(settings.kafka.bootstrap, topics.MASTER_DATA.name, [
        (b"carrier:north", encode(old)), (b"carrier:gone", encode(old)), (b"carrier:bad", b"{no avro"),
        (b"carrier:north", encode(new)), (b"carrier:gone", None),
    ])
    assert latest(settings, registry, topics.MASTER_DATA, MasterRecord) == {"carrier:north": new}
    heard: list[tuple[str, MasterRecord | None]] = []
    with closing(Reader(
        settings, registry, topics.MASTER_DATA, MasterRecord, lambda key, value: heard.append((key, value))
    )) as reader:
        reader.to_the_end()
        assert len(heard) == 4
        fill(settings.kafka.bootstrap, topics.MASTER_DATA.name, [(b"carrier:south", encode(new))])
        eventually(lambda: reader.more(0.2) and heard[-1] == ("carrier:south", new))


@pytest.mark.parametrize(("newest", "read"), [(2, ["c", "d"]), (9, ["a", "b", "c", "d"]), (0, [])])
def test_only_the_newest_are_read_where_those_are_enough(
    settings: Settings, newest: int, read: list[str]
) -> None:
    registry = Registry(settings)
    TopicAdmin(settings).create([topics.EDI_RECEIPTS])
    codec = ValueCodec(topics.EDI_RECEIPTS, EdiReceipt, registry)
    for name in "abcd":
        receipt = EdiReceipt("north.edi", "", "", "", [], name, 0, "", 0, 0)
        fill(settings.kafka.bootstrap, topics.EDI_RECEIPTS.name, [(b"north.edi", codec.encode(receipt))])
    heard: list[str] = []

    def take(_: str, value: EdiReceipt | None) -> None:
        heard.append("" if value is None else value.correlation_id)

    with closing(Reader(settings, registry, topics.EDI_RECEIPTS, EdiReceipt, take, newest)) as reader:
        reader.to_the_end()
    assert heard == read
