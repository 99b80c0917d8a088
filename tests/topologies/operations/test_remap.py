"""A re-map on a broker: the mapping is edited, what would change is shown, and the corrections make it so, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from typer.testing import CliRunner, Result

from config import apps, topics
from config.settings import Settings
from connectors import carriers
from connectors.carriers import Carrier, discover
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import DeadLetter, ErpPosting, OrderReference, ShipmentState
from streams.kernel.vocabulary import Status
from tests.fakes.memory import Memory
from tests.support.brokers import registry, settings_for
from tests.support.messages import sent_to
from tests.support.records import FakeRecord
from tests.support.topics import create_topic, fill, read_all, unique
from tests.support.topics import topics as present
from topologies.cli.main import app
from topologies.runtime.handler import Handled, Handler
from topologies.runtime.writing.deadletters import cards
from topologies.stages.fulfilment import FulfilmentHandler
from topologies.stages.intake import IntakeHandler
from topologies.stages.shipments import ShipmentsHandler

MAPPING = """
feed: {feed}
name: Made up
carrier: {feed}
formats: [json]
channel: webhook
zone: UTC
cadence: {{expect_every: 1h, stale_after: 6h}}
source: made up for a test
documents:
  - name: scans
    when: message.scans
    each: {{scan: "message.scans[]"}}
    tracking_number: {number}
    time: [{{stamp: scan.at}}]
    statuses: codes
    code: scan.code
    text: scan.text
    place: {{city: scan.city}}
statuses:
  codes:
    source: made up for a test
    codes: {codes}
"""
BEFORE = {"MOV": "in_transit", "ZUG": "out_for_delivery", "WEG": "delivered"}
AFTER = {"MOV": "in_transit", "ZUG": "delivered", "WEG": "returning"}
TOPICS = (
    topics.CARRIER_EVENTS, topics.CARRIER_UNRESOLVED, topics.SHIPMENT_STATE, topics.FULFILMENT_STATE,
    topics.DEAD_LETTERS, topics.MASTER_DATA, topics.SHIPMENT_LINKS, topics.REFERENCE_CLAIMS, topics.ERP_POSTINGS,
    topics.AUDIT_ACTIONS,
)


class Installation:
    """A carrier of its own and the stages that read it, played by their handlers over a broker's topics."""

    def __init__(self, settings: Settings, own: Path, feed: str) -> None:
        self.settings, self.feed, self.bootstrap = settings, feed, settings.kafka.bootstrap
        self.file = own / feed / "carrier.yaml"
        self.file.parent.mkdir(parents=True)
        self.raw = topics.raw(feed).name
        self._registry = Registry(settings)
        self._memories = {"shipments": Memory(), "fulfilment": Memory()}
        self._done: dict[str, int] = {}
        self.postings: list[ErpPosting] = []
        self.map(BEFORE)

    def map(self, codes: dict[str, str], number: str = "message.no") -> None:
        """Edit the mapping."""
        self.file.write_text(MAPPING.format(feed=self.feed, number=number, codes=json.dumps(codes)), "utf-8")

    def send(self, *bodies: dict[str, Any]) -> None:
        """The carrier sends these, and they arrive as raw records."""
        fill(self.bootstrap, self.raw, [(None, json.dumps(one).encode()) for one in bodies])

    def run_intake(self) -> None:
        """Intake takes in what has come, by the mapping as it is, and commits."""
        carriers = {one.feed: one for one in own_carriers(self.file.parents[1])}
        handled = IntakeHandler(self.settings, self._registry, carriers).handle(self._new(self.raw), None, 1)
        letters = ValueCodec(topics.DEAD_LETTERS, DeadLetter, self._registry)
        self._write(handled)
        for name, messages in cards(apps.INTAKE, handled.refused, 1, letters.encode).items():
            fill(self.bootstrap, name, [(one["key"], one["value"]) for one in messages])
        places = [TopicPartition(self.raw, 0, len(read_all(self.bootstrap, self.raw)))]
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": apps.INTAKE.app_id})
        consumer.commit(offsets=places, asynchronous=False)
        consumer.close()

    def claim(self, number: str) -> None:
        """An order claims the shipment."""
        claim = OrderReference(self.feed, number, f"O-{number}", f"D-{number}", "C-1", None, 1)
        value = ValueCodec(topics.ORDER_REFERENCES, OrderReference, self._registry).encode(claim)
        self._take("shipments", ShipmentsHandler(self.settings, self._registry, {}), [
            FakeRecord(topics.ORDER_REFERENCES.name, 0, 0, key=f"{self.feed}:{number}".encode(), value=value)
        ])

    def run_shipments(self) -> None:
        """The shipments and fulfilment stages take in what has come."""
        shipments = ShipmentsHandler(self.settings, self._registry, {})
        if events := self._new(topics.CARRIER_EVENTS.name):
            self._take("shipments", shipments, events)

    def _take(self, stage: str, handler: Handler, records: list[FakeRecord]) -> None:
        memory = self._memories[stage]
        handled = handler.handle(records, memory, 1)
        memory.apply(handled)
        state = {"shipments": topics.SHIPMENT_STATE, "fulfilment": topics.FULFILMENT_STATE}[stage]
        fill(self.bootstrap, state.name, [(key, one.changelog) for key, one in handled.changes.items()])
        milestones = [
            FakeRecord(topics.DELIVERY_MILESTONES.name, 0, 0, key=one["key"], value=one["value"])
            for one in sent_to(handled, topics.DELIVERY_MILESTONES.name)
        ]
        if milestones:
            self._take("fulfilment", FulfilmentHandler(self.settings, self._registry, {}), milestones)
        postings = ValueCodec(topics.ERP_POSTINGS, ErpPosting, self._registry)
        self.postings += [postings.decode(one["value"]) for one in sent_to(handled, topics.ERP_POSTINGS.name)]

    def status(self, number: str) -> Status:
        """The shipment's state as its topic has it."""
        codec, key = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, self._registry), f"{self.feed}:{number}".encode()
        values = [one.value() for one in read_all(self.bootstrap, topics.SHIPMENT_STATE.name) if one.key() == key]
        return codec.decode(values[-1]).status

    def published(self) -> int:
        """How many events are published of the carrier."""
        every = read_all(self.bootstrap, topics.CARRIER_EVENTS.name)
        return sum((one.key() or b"").startswith(self.feed.encode() + b":") for one in every)

    def standing(self, number: str) -> list[str]:
        """The kinds of postings of the shipment's delivery that are not reversed."""
        mine = [one for one in self.postings if one.delivery_id == f"D-{number}"]
        undone = {one.reverses for one in mine}
        return [one.kind.value for one in mine if one.reverses is None and one.posting_id not in undone]

    def _new(self, topic: str) -> list[FakeRecord]:
        """The records of the carrier that came since the last look."""
        found = [
            FakeRecord(topic, one.partition() or 0, one.offset() or 0, one.timestamp()[1], one.key(), one.value())
            for one in read_all(self.bootstrap, topic)
            if topic == self.raw or (one.key() or b"").startswith(self.feed.encode() + b":")
        ]
        done, self._done[topic] = self._done.get(topic, 0), len(found)
        return found[done:]

    def _write(self, handled: Handled) -> None:
        for name in (topics.CARRIER_EVENTS.name, topics.CARRIER_UNRESOLVED.name):
            fill(self.bootstrap, name, [(one["key"], one["value"]) for one in sent_to(handled, name)])


def own_carriers(own: Path, edited: Path | None = None) -> list[Carrier]:
    """The installation's own carriers without the packaged ones, which take long to compile."""
    return discover(own / "none", own, edited)


@pytest.fixture
def installation(bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    feed = unique("made").replace(".", "")
    there = present(bootstrap)
    for topic in TOPICS:
        if topic.name not in there:
            create_topic(bootstrap, topic.name)
    create_topic(bootstrap, topics.raw(feed).name)
    with registry() as url:
        settings = settings_for(bootstrap, url, tmp_path / "data", carriers_dir=tmp_path / "own")
        for name in ("bootstrap", "registry_url", "data_dir", "carriers_dir"):
            monkeypatch.setenv(f"SHIPSYNC_{name.upper()}", str(settings.value(name)))
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr(carriers, "discover", own_carriers)
        yield Installation(settings, tmp_path / "own", feed)


def scans(number: str, *codes: str, name: str = "no") -> dict[str, Any]:
    return {name: number, "scans": [
        {"at": f"2026-09-2{place}T08:00:00Z", "code": code, "text": "as said", "city": "Lund"}
        for place, code in enumerate(codes, 1)
    ]}


def diff(installation: Installation, *arguments: str, said: str | None = None) -> Result:
    line = ["carrier", "diff", installation.feed, "--since", "1h", *arguments]
    return CliRunner().invoke(app, line, input=said)


def test_an_edited_mapping_is_shown_and_made_true_once(installation: Installation) -> None:
    made, key = installation, installation.feed + ":"
    made.send(scans("N1", "MOV", "ZUG"), scans("N2", "MOV", "WEG"), scans("N3", "MOV"), scans("N5", "MOV", name="nr"))
    made.run_intake()
    for number in ("N1", "N2"):
        made.claim(number)
    made.run_shipments()
    assert (made.status("N1"), made.status("N2")) == (Status.OUT_FOR_DELIVERY, Status.DELIVERED)
    assert (made.standing("N1"), made.standing("N2")) == ([], ["delivery_confirmation"])

    made.map(AFTER, number="[message.no, message.nr]")
    made.send(scans("N4", "MOV"))
    shown = diff(made, "--json")
    found = json.loads(shown.stdout)
    assert shown.exit_code == 1
    assert found["records"] == {"unchanged": 1, "words": 0, "changed": 2, "added": 1, "gone": 0}
    assert (found["dead_letters_readable_now"], found["left_out"]) == (1, {"not_taken_in_yet": 1})
    assert found["corrections"] == {"new": 1, "replaces": 2, "retracts": 0}
    assert (found["adds_delivery"], found["takes_delivery_back"]) == ([f"{key}N1"], [f"{key}N2"])
    assert found["postings"]["delivery_confirmation"] == {"posted": 1, "reversed": 1}
    assert [one["shipment"] for one in found["shipments"]] == [f"{key}{number}" for number in ("N1", "N2", "N5")]
    assert made.published() == 5, "so far it was only shown"

    done = diff(made, "--apply", said="y\ny\n")
    assert (done.exit_code, "3 corrections are published." in done.output) == (0, True), done.output
    made.run_shipments()
    assert [made.status(number) for number in ("N1", "N2", "N5")] == [
        Status.DELIVERED, Status.RETURNING, Status.IN_TRANSIT
    ]
    assert (made.standing("N1"), made.standing("N2")) == (["delivery_confirmation"], ["return_started"])
    again = diff(made, "--apply", "--yes", "--deliveries")
    assert (again.exit_code, "There is nothing to correct." in again.output, made.published()) == (0, True, 8)
