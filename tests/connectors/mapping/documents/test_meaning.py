"""The meaning of a scan is read from its words, and so much of it remembered."""

from __future__ import annotations

from connectors.mapping.declared.schema import Document, OtherCarrier, Statuses, Time
from connectors.mapping.declared.status_tables import StatusTable
from connectors.mapping.documents import meaning
from connectors.mapping.documents.meaning import ScanStatusReader
from connectors.mapping.documents.paths import Texts
from connectors.mapping.values.carrier_names import CarrierNames
from connectors.mapping.values.other_carriers import CarrierOf, carrier_of
from streams.contracts.model import MasterRecord
from streams.kernel.vocabulary import MasterKind, Milestone

TABLES = {"own": StatusTable(Statuses("a test", {"OT": Milestone.OUT_FOR_DELIVERY}))}
SPEC = Document(
    "scan", "message.code", "message.number", [Time(stamp="message.time")], "own", strip=["C-"],
    code="message.code", text="message.text", reason_code="message.reason",
)


def read(reader: ScanStatusReader, texts: Texts, **message: str) -> meaning.ScanStatus | None:
    return reader.read(texts.reader()((message,)))


def status_reader(carrier_of: CarrierOf = lambda _: "north") -> tuple[ScanStatusReader, Texts]:
    texts = Texts(["message"])
    return ScanStatusReader(SPEC, carrier_of, texts.first("message.carrier"), TABLES, lambda *_: None, texts), texts


def test_code_text_and_reason_are_told_as_the_table_means_them() -> None:
    status = read(*status_reader(), code="C-OT", text="Out\nfor delivery", reason="7")
    assert status is not None
    assert (status.carrier, status.meaning.milestone, status.code, status.shown_code, status.text) == (
        "north", Milestone.OUT_FOR_DELIVERY, "OT", "OT:7", "Out for delivery",
    )


def test_nothing_is_said_without_code_and_text() -> None:
    assert read(*status_reader(), reason="7") is None


def test_the_same_words_are_read_once() -> None:
    both = status_reader()
    assert read(*both, code="OT", text="Out", number="1") is read(*both, code="OT", text="Out", number="2")
    assert read(*both, code="OT", text="Out") is not read(*both, code="OT", text="out")


def test_who_a_name_means_is_asked_anew_as_people_may_say_otherwise_at_any_time() -> None:
    names = CarrierNames()
    both = status_reader(carrier_of(OtherCarrier("message.carrier"), names))

    def carrier_read() -> str:
        status = read(*both, code="OT", carrier="Acme")
        assert status is not None
        return status.carrier

    assert [carrier_read(), carrier_read()] == ["acme", "acme"]
    names.learn(MasterRecord(MasterKind.CARRIER, "south", 1, "anna", aliases=["Acme"]))
    assert carrier_read() == "south"


def test_long_words_are_read_anew_and_never_remembered() -> None:
    both = status_reader()
    long = "x" * 301
    assert read(*both, text=long) == read(*both, text=long)
    assert read(*both, text=long) is not read(*both, text=long)
