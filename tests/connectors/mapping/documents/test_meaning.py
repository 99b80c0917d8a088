"""What is read from the words of a scan, and how much of it is remembered."""

from __future__ import annotations

from connectors.mapping.declared.schema import Document, OtherCarrier, Statuses, Time
from connectors.mapping.declared.status_tables import StatusTable
from connectors.mapping.documents import meaning
from connectors.mapping.documents.meaning import Words
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


def read(words: Words, texts: Texts, **message: str) -> meaning.Said | None:
    return words.said(texts.reader()((message,)))


def words(carrier_of: CarrierOf = lambda _: "north") -> tuple[Words, Texts]:
    texts = Texts(["message"])
    return Words(SPEC, carrier_of, texts.first("message.carrier"), TABLES, lambda *_: None, texts), texts


def test_code_text_and_reason_are_told_as_the_table_means_them() -> None:
    said = read(*words(), code="C-OT", text="Out\nfor delivery", reason="7")
    assert said is not None
    assert (said.carrier, said.sense.milestone, said.code, said.shown_code, said.text) == (
        "north", Milestone.OUT_FOR_DELIVERY, "OT", "OT:7", "Out for delivery",
    )


def test_nothing_is_said_without_code_and_text() -> None:
    assert read(*words(), reason="7") is None


def test_the_same_words_are_read_once() -> None:
    both = words()
    assert read(*both, code="OT", text="Out", number="1") is read(*both, code="OT", text="Out", number="2")
    assert read(*both, code="OT", text="Out") is not read(*both, code="OT", text="out")


def test_who_a_name_means_is_asked_anew_as_people_may_say_otherwise_at_any_time() -> None:
    names = CarrierNames()
    both = words(carrier_of(OtherCarrier("message.carrier"), names))

    def spoken_by() -> str:
        said = read(*both, code="OT", carrier="Acme")
        assert said is not None
        return said.carrier

    assert [spoken_by(), spoken_by()] == ["acme", "acme"]
    names.learn(MasterRecord(MasterKind.CARRIER, "south", 1, "anna", aliases=["Acme"]))
    assert spoken_by() == "south"


def test_long_words_are_read_anew_and_never_remembered() -> None:
    both = words()
    long = "x" * 301
    assert read(*both, text=long) == read(*both, text=long)
    assert read(*both, text=long) is not read(*both, text=long)
