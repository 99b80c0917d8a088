"""A 990 answers a booking of ours, a 945 confirms a delivery, a 210 bills one; of other partners they are events."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.carriers import discover
from streams.contracts.booking_ids import booking_id, delivery_of
from streams.contracts.bookings import FreightCharge
from streams.contracts.warehouse import WmsLine
from streams.intake.adapter import Adapter, Parsed, RawContext
from streams.kernel.booking_vocabulary import AnswerKind
from streams.kernel.vocabulary import Milestone

CONTEXT = RawContext("south_edi", "", "raw.south_edi.v1", 0, 7, 1_790_000_000_000, "c")
ISA = f"ISA*00*{'':10}*00*{'':10}*02*{'SOUT':15}*ZZ*{'US':15}*260921*1200*U*00401*000000001*0*P*>~"
FILE = """
feed: south_edi
name: South
carrier: south
scac: [SOUT]
formats: [x12]
channel: edi
zone: UTC
cadence: {expect_every: 2h, stale_after: 12h}
source: ASC X12 004010
x12:
  sets: ["210", "945", "990"]
  warehouse: WH1
  bookings: true
"""


@pytest.fixture(scope="module")
def south(tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    home = tmp_path_factory.mktemp("carriers") / "south_edi"
    home.mkdir()
    (home / "carrier.yaml").write_text(FILE, "utf-8")
    return next(one.adapter for one in discover(own=home.parent) if one.feed == "south_edi")


def interchange(kind: str, code: str, *segments: str) -> bytes:
    body = "".join(f"{one}~" for one in segments)
    return (
        f"{ISA}GS*{kind}*SOUT*US*20260921*1200*7*X*004010~ST*{code}*0001~{body}SE*{len(segments) + 2}*0001~"
        "GE*1*7~IEA*1*000000001~"
    ).encode()


def read(adapter: Adapter, kind: str, code: str, *segments: str) -> Parsed:
    parsed = adapter.parse(interchange(kind, code, *segments), CONTEXT)
    assert parsed.rejects == []
    return parsed


@pytest.mark.parametrize(("code", "kind"), [
    ("A", AnswerKind.ACCEPTED), ("D", AnswerKind.DECLINED), ("B", AnswerKind.COUNTERED), ("C", AnswerKind.DECLINED),
])
def test_a_990_is_an_answer_to_our_booking_and_no_event(south: Adapter, code: str, kind: AnswerKind) -> None:
    parsed = read(south, "GF", "990", f"B1*SOUT*80-01-2*20260921*{code}", "N9*CN*pro 77", "K1*NO TRUCK*TODAY")
    [answer] = parsed.answers
    assert (answer.booking_id, answer.delivery_id, answer.kind, answer.carrier) == ("80-01-2", "80-01", kind, "south")
    assert (answer.tracking_number, answer.detail) == ("PRO77", "NO TRUCK TODAY")
    assert answer.source == "raw.south_edi.v1:0:7"
    assert (parsed.events, parsed.acknowledgements[0].verdict) == ([], "accepted")


def test_a_990_about_another_shipment_stays_an_event(south: Adapter) -> None:
    parsed = read(south, "GF", "990", "B1*SOUT*LOAD77*20260921*A")
    assert (parsed.answers, [one.milestone for one in parsed.events]) == ([], [Milestone.BOOKING_CONFIRMED])
    other = next(one.adapter for one in discover() if one.feed == "x12_partner")
    parsed = read(other, "GF", "990", "B1*SOUT*80001-1*20260921*D")
    assert (parsed.answers, [one.milestone for one in parsed.events]) == ([], [Milestone.BOOKING_REJECTED])


def test_a_945_confirms_the_delivery_line_by_line(south: Adapter) -> None:
    parsed = read(
        south, "SW", "945", "W06*N*80001*20260921*SH-9", "N9*CN*PRO77", "G62*11*20260921*1*1000", "W27*M*SOUT",
        "LX*1", "N9*LI*10", "W12*CC*5*5**EA**VN*A-1", "LX*2", "W12*CP*7*6.5**EA**VN*A-2",
    )
    [told] = parsed.confirmations
    assert (told.confirmation_id, told.delivery_id) == ("945 SH-9", "80001")
    assert (told.warehouse, told.kind) == ("WH1", "shipped")
    assert (told.carrier, told.tracking_numbers) == ("south", ["PRO77"])
    assert told.lines == [WmsLine("10", "A-1", 5.0, 5.0, "EA", None), WmsLine("2", "A-2", 7.0, 6.5, "EA", None)]
    assert told.confirmed_at == parsed.events[0].occurred_at


def test_a_210_bills_our_booking_in_kilograms_with_implied_decimals(south: Adapter) -> None:
    parsed = read(
        south, "IM", "210", "B3**F-1*80001-2*CC**20260922*9150****SOUT", "C3*EUR", "LX*1", "L1*1***8000",
        "L1*2***1150****405****FUEL", "L3*100*G*********2*L",
    )
    [told] = parsed.invoices
    assert (told.invoice_id, told.delivery_id, told.booking_id, told.carrier) == ("F-1", "80001", "80001-2", "south")
    assert (told.total, told.currency, told.weight_kg) == (91.5, "EUR", 45.359)
    assert told.charges == [FreightCharge("", 80.0), FreightCharge("405", 11.5, "FUEL")]


def test_a_210_may_name_the_delivery_alone_and_one_that_names_neither_is_an_event_alone(south: Adapter) -> None:
    [told] = read(south, "IM", "210", "B3**F-1*X9*CC**20260922*91.50****SOUT", "N9*BM*80001").invoices
    assert (told.delivery_id, told.booking_id, told.total, told.weight_kg) == ("80001", "", 91.5, None)
    parsed = read(south, "IM", "210", "B3**F-1*X9*CC**20260922*9150****SOUT")
    assert (parsed.invoices, len(parsed.events)) == ([], 1)


def test_an_amount_that_is_none_is_refused_by_name(south: Adapter) -> None:
    parsed = south.parse(interchange("IM", "210", "B3**F-1*80001-1*CC**20260922*NONE****SOUT"), CONTEXT)
    assert [one.path for one in parsed.rejects] == ["B3-07"]
    assert parsed.invoices == []


def test_a_bookings_id_names_its_delivery() -> None:
    assert delivery_of(booking_id("80-01", 12)) == "80-01"
    assert [delivery_of(text) for text in ("80001", "-1", "80001-0", "80001-", " 8-1")] == [""] * 5


def test_the_folder_of_the_partner_is_an_example_that_works(tmp_path: Path) -> None:
    home = tmp_path / "south_edi"
    home.mkdir()
    (home / "carrier.yaml").write_text(FILE.replace("bookings: true", "bookings: maybe"), "utf-8")
    with pytest.raises(Exception, match="bookings"):
        discover(own=tmp_path)
