"""A draft loads as it is and reads the sample it was made from; what it guesses is marked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.carriers import Carrier, discover
from connectors.drafting.marks import guesses_in
from connectors.drafting.sample import Sample, draft
from connectors.drafting.words import date_format_of, is_clock, meaning_of, time_format_of, words_of
from streams.contracts.model import CarrierEvent, Location, Reference
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Milestone, RejectReason

CASES = Path(__file__).parents[1] / "carriers"


def drafted(body: bytes) -> str:
    return draft("acme", "Acme", [Sample("a sample", body)], "a sample: one of Acme's").text


def loaded(home: Path, body: bytes) -> Carrier:
    (home / "acme").mkdir()
    (home / "acme" / "carrier.yaml").write_text(drafted(body), "utf-8")
    return discover(home)[0]


def read(home: Path, body: bytes) -> Parsed:
    context = RawContext("acme", "", "raw.acme.v1", 0, 0, 1_790_000_000_000, "c")
    return loaded(home, body).adapter.parse(body, context)


def told(events: list[CarrierEvent]) -> list[tuple[str, str]]:
    return [(event.tracking_number, event.milestone.value) for event in events]


JSON = json.dumps({"parcels": [{"unitno": "36301917596", "carrier": "Acme", "events": [
    {"code": "1.0", "eventDateTime": "2026-09-11T15:24:57+0200", "description": "The parcel is out for delivery.",
     "city": "Bern", "postalCode": "3000", "country": "CH"},
    {"code": "Q7", "eventDateTime": "2026-09-11T10:00:00+0200", "description": "Mysterious handling"},
    {"code": None, "eventDateTime": "2026-09-10T10:00:00+0200", "description": "Electronic data received"},
]}]}).encode()
XML = b"""<Track><Package id="x"><TrackingNumber>LT123456789CH</TrackingNumber><Events>
<Event><Status>Delivered</Status><When>09/15/2026 09:15 AM</When><EventCode>500</EventCode>
<Location>Bern, BE, CH</Location></Event>
</Events></Package></Track>"""
CSV = b"""PRO No;Status;Date;Time;City
00123456;Picked up;14.09.2026;15:02;Linz
00123457;Delivered;15.09.2026;09:00;Graz
"""


def test_lists_fields_and_codes_of_json_are_found(tmp_path: Path) -> None:
    events = read(tmp_path, JSON).events
    assert told(events) == [
        ("36301917596", "out_for_delivery"), ("36301917596", "unknown"), ("36301917596", "unknown"),
    ]
    assert events[0].occurred_at == 1_789_133_097_000
    assert events[0].location == Location(city="Bern", postal_code="3000", country="CH")


def test_a_code_whose_words_give_nothing_away_is_left_to_a_person() -> None:
    text = drafted(JSON)
    assert '# "Q7": unknown  # guess: what does it say? Mysterious handling (1 time)' in text
    assert '"1.0": out_for_delivery  # guess: The parcel is out for delivery. (1 time)' in text


def test_xml_with_attributes_and_american_times_is_read(tmp_path: Path) -> None:
    [event] = read(tmp_path, XML).events
    assert (event.tracking_number, event.milestone) == ("LT123456789CH", Milestone.DELIVERED)
    assert (event.occurred_at, event.location and event.location.city) == (1_789_456_500_000, "Bern")
    assert event.utc_offset_minutes == 120


MOVED = """<Reply><Parcel barcode="KX00412377SE"><Reference>ORD-77120</Reference>
<Movement><When>2026-09-18T07:05:00</When><Where>Malm\u00f6, SE</Where><Kind>VAN</Kind>
<Note>On the van for delivery</Note></Movement>
<Movement><When>2026-09-17T22:40:00</When><Where>Hamburg, DE</Where><Kind>DEP</Kind>
<Note>Departed hub</Note></Movement></Parcel></Reply>""".encode()


def test_a_kind_is_a_code_a_reference_no_number_and_the_clocks_are_those_of_the_place(tmp_path: Path) -> None:
    first, second = read(tmp_path, MOVED).events
    assert told([first, second]) == [("KX00412377SE", "out_for_delivery"), ("KX00412377SE", "departed_facility")]
    assert (first.carrier_code, first.references) == ("VAN", [Reference("customer", "ORD-77120")])
    assert second.location == Location(city="Hamburg", country="DE")
    assert (second.utc_offset_minutes, second.zone_assumed) == (120, True)


def test_a_table_with_semicolons_is_read_row_by_row(tmp_path: Path) -> None:
    events = read(tmp_path, CSV).events
    assert told(events) == [("00123456", "picked_up"), ("00123457", "delivered")]
    assert events[0].occurred_at == 1_789_398_120_000


def test_lines_of_json_are_read_one_by_one(tmp_path: Path) -> None:
    line = b'{"tracking_number": "A12345", "status": "delivered", "at": "2026-09-14T10:00:00Z"}'
    assert told(read(tmp_path, line + b"\n" + line.replace(b"A12345", b"A12346")).events) == [
        ("A12345", "delivered"), ("A12346", "delivered"),
    ]


def test_an_interchange_gets_the_sets_it_holds(tmp_path: Path) -> None:
    body = (CASES / "rlca/cases/error_another_set_and_no_pro.in.edi").read_bytes()
    assert 'sets: ["214"' in drafted(body)
    assert loaded(tmp_path, body).formats == ("x12",)


@pytest.mark.parametrize(
    ("case", "carrier"),
    [
        ("ups/cases/track_api_two_packages.in.json", "ups"), ("ups/cases/xml_track.in.xml", "ups"),
        ("fedex/cases/soap_v7.in.xml", "fedex"), ("easypost/cases/tracker_updated.in.json", "easypost"),
        ("dhl/cases/unified.in.json", "dhl"),
    ],
)
def test_of_our_own_carriers_payloads_a_draft_reads_every_scan(tmp_path: Path, case: str, carrier: str) -> None:
    body = (CASES / case).read_bytes()
    ours = {one.feed: one for one in discover()}[carrier].adapter.parse(
        body, RawContext(carrier, "", "raw", 0, 0, 1_790_000_000_000, "c")
    )
    drafted = read(tmp_path, body)
    assert len(drafted.events) == len(ours.events)
    assert {event.tracking_number for event in drafted.events} == {event.tracking_number for event in ours.events}


@pytest.mark.parametrize("body", [b"", b"  ", b"7", b'"x"', b"\x00\x01", b"{", b"<a", b"ISA*00", b"a\nb\n"])
def test_what_is_no_sample_is_refused_with_a_reason(body: bytes) -> None:
    with pytest.raises(Reject) as refused:
        drafted(body)
    assert refused.value.reason in {
        RejectReason.EMPTY, RejectReason.MALFORMED, RejectReason.UNEXPECTED_SHAPE, RejectReason.NOT_TEXT,
    }


LEAF = st.none() | st.text(max_size=12) | st.integers() | st.sampled_from(["2026-09-14T10:00:00Z", "1Z1234", "a\nb: '"])
ANY = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["events", "status", "code", "time", "number", "message", "a b", "x.y"]), inner, max_size=4
), max_leaves=20)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=st.dictionaries(st.sampled_from(["events", "track", "code", "at", ".x", "a: #b"]), ANY, min_size=1,
                               max_size=3))
def test_a_draft_of_any_json_can_be_loaded(tmp_path: Path, message: dict[str, object]) -> None:
    home = tmp_path / "acme"
    home.mkdir(exist_ok=True)
    text = drafted(json.dumps(message).encode())
    (home / "carrier.yaml").write_text(text, "utf-8")
    assert discover(tmp_path)[0].feed == "acme"
    assert guesses_in(text)


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("2026-09-14T10:00:00Z", "iso"), ("2026-09-14 10:00", "iso"), ("1789390920", "epoch"),
        ("/Date(1789390920000)/", "epoch"), ("09/15/2026 09:15 AM", "%m/%d/%Y %I:%M %p"),
        ("14.09.2026 15:02", "%d.%m.%Y %H:%M"), ("20260914150200", "iso"), ("36301917596", None),
        ("999880931315", None), ("2026-09-14", None), ("delivered", None),
    ],
)
def test_ways_of_writing_a_time_are_told_apart(text: str, way: str | None) -> None:
    assert time_format_of(text) == way


def test_dates_clocks_and_names_are_told_apart() -> None:
    assert [date_format_of(text) for text in ("September 14, 2026", "2026-09-14", "x")] == ["%B %d, %Y", "iso", None]
    assert (is_clock("9:24 pm"), is_clock("15:02:01"), is_clock("1502")) == (True, True, False)
    assert words_of("eventDateTime_UTC") == ["event", "date", "time", "utc"]


@pytest.mark.parametrize(
    ("words", "milestone"),
    [
        ("Delivered, In/At Mailbox", Milestone.DELIVERED), ("Attempt: not delivered", Milestone.DELIVERY_ATTEMPTED),
        ("Returned to sender", Milestone.RETURNED), ("Item cleared by customs", Milestone.CUSTOMS_RELEASED),
        ("Le colis a été livré", Milestone.DELIVERED), ("Gnomes", None),
        ("Das Paket wird voraussichtlich im Laufe des Tages zugestellt.", None), ("DELIVERED", Milestone.DELIVERED),
        ("Delivered to sender", Milestone.RETURNED), ("Item will be returned to sender if not collected", None),
        ("Delivered to parcel locker", Milestone.AVAILABLE_FOR_PICKUP), ("NotDelivered", Milestone.DELIVERY_ATTEMPTED),
        ("Customs Clearance in Progress", Milestone.CUSTOMS_STARTED), ("IN_TRANSIT", Milestone.IN_TRANSIT),
        ("On the way to deliver", Milestone.OUT_FOR_DELIVERY), ("On the way to pickup", None),
        ("Pickup scheduled", Milestone.PRE_ADVISED), ("Not picked up", None), ("PickedUp", Milestone.PICKED_UP),
        ("Left with neighbour", Milestone.DELIVERED), ("Left the sorting hub", Milestone.DEPARTED_FACILITY),
        ("Left unattended", None), ("We attempted to pick up the parcel", None),
        ("The parcel was not yet handed over", Milestone.PRE_ADVISED), ("pre-transit", Milestone.PRE_ADVISED),
    ],
)
def test_words_give_their_meaning_away_or_nothing(words: str, milestone: Milestone | None) -> None:
    assert meaning_of(words) is milestone
