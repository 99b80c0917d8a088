"""A draft from whole files marks every guess. Also tests the traps that drafts once fell into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.carriers import discover
from connectors.drafting.draft import Draft
from connectors.drafting.marks import GuessLeft, guesses_in, note, quoted
from connectors.drafting.sample import Sample, draft
from streams.contracts.model import CarrierEvent, Location
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Flag

EDI = Path(__file__).parents[1] / "carriers"


def drafted(*bodies: bytes | dict[str, Any] | list[Any]) -> Draft:
    samples = [
        Sample(f"{number}.json", one if isinstance(one, bytes) else json.dumps(one).encode())
        for number, one in enumerate(bodies)
    ]
    return draft("acme", "Acme", samples, "samples")


def parsed(home: Path, made: Draft, body: bytes | dict[str, Any], asked: str = "") -> Parsed:
    (home / "acme").mkdir(exist_ok=True)
    (home / "acme" / "carrier.yaml").write_text(made.text, "utf-8")
    context = RawContext("acme", "", "raw.acme.v1", 0, 0, 1_790_000_000_000, "c", asked_number=asked)
    return discover(home)[0].adapter.parse(body if isinstance(body, bytes) else json.dumps(body).encode(), context)


def scan(**fields: Any) -> dict[str, Any]:
    return {"time": "2026-09-11T15:24:57+02:00", "code": "10", "text": "In transit", **fields}


def message(*scans: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"trackingNumber": "AC4711000812", **fields, "events": list(scans)}


def says(made: Draft, name: str) -> str:
    return next((one.says for one in made.fields if one.name == name), "")


def code(made: Draft, name: str) -> tuple[str | None, bool]:
    one = next(one for one in made.codes if one.code == name)
    return None if one.milestone is None else one.milestone.value, one.is_doubtful


TABLE = b"""PRO No;Event Time;Time Zone;Status;Status Text;City;PO Number
AC4711000812;12.10.2026 08:15;Europe/Berlin;10;Order received;Hamburg;PO-88101
AC4711000812;13.10.2026 06:30;Europe/London;40;Arrived at cross dock;Leeds;PO-88101
AC4711000829;14.10.2026 11:12;America/Chicago;50;Delivered;Memphis;PO-88102
AC4711000829;14.10.2026 11:12;America/Chicago;70;Gnomes;Memphis;PO-88102
"""
GOLDEN = """\
# Acme. Lines marked `guess` are to be settled: mend the line or leave it, and delete its mark. \
`shipsync carrier check` counts those left.
feed: acme
name: Acme
carrier: acme
formats: [csv]
csv: {delimiter: ";"}
channel: file  # guess: webhook, poll, file or edi?
zone: UTC
cadence: {expect_every: 1h, stale_after: 6h}  # guess: how often does it deliver?
source: "samples"  # guess: the carrier's manual, with its version

documents:
  - name: "tracking of Acme"
    when: message.PRO_No
    tracking_number: message.PRO_No  # guess: AC4711000812, AC4711000829
    time:
      - {stamp: message.Event_Time, pattern: "%d.%m.%Y %H:%M"}  # guess: 12.10.2026 08:15
    statuses: statuses
    code: message.Status  # guess: 4 codes: 10, 40, 50 and 1 more
    text: message.Status_Text  # guess: the words: Order received, Arrived at cross dock and 2 more
    place:
      city: message.City  # guess: Hamburg, Leeds and 1 more
    zone_by: [{by: message.Time_Zone, table: zones}]  # guess: zones: Europe/Berlin, Europe/London and 1 more
    references:
      - {each: message.PO_Number, type: po}  # guess: whose numbers are they? PO-88101, PO-88102

statuses:
  statuses:
    source: the codes of samples  # guess: the carrier's list of codes
    codes:
      "10": pre_advised  # guess: Order received (1 time)
      "40": arrived_facility  # guess: Arrived at cross dock (1 time)
      "50": {milestone: delivered, doubtful: true}  # guess: Delivered (1 time); take doubtful out once the carrier's \
list says so
      # "70": unknown  # guess: what does it say? Gnomes (1 time)
"""


def test_all_rows_of_a_table_are_read_and_every_guess_is_marked(tmp_path: Path) -> None:
    made = drafted(TABLE)
    assert made.text == GOLDEN
    assert made.guesses == len(guesses_in(made.text)) == 15
    events = parsed(tmp_path, made, TABLE).events
    assert [event.milestone.value for event in events] == ["pre_advised", "arrived_facility", "delivered", "unknown"]
    assert [event.zone_assumed for event in events] == [False] * 4


def test_several_samples_are_one_draft_and_an_error_is_its_refusal(tmp_path: Path) -> None:
    error = {"error": {"code": "NF404", "message": "no such number"}}
    made = drafted(message(scan()), message(scan(code="20", text="Delivered")), error)
    assert [code(made, each) for each in ("10", "20")] == [("in_transit", False), ("delivered", True)]
    assert made.unread == ["2.json"]
    [said] = parsed(tmp_path, made, error).errors
    assert said.detail
    assert "events" not in says(made, "tracking_number")


def test_samples_of_two_shapes_give_two_documents(tmp_path: Path) -> None:
    webhook = {"number": "AC4711000812", "status": "out_for_delivery", "at": "2026-09-11T15:24:57+02:00"}
    made = drafted(message(scan()), webhook)
    for body, milestone in ((message(scan()), "in_transit"), (webhook, "out_for_delivery")):
        [event] = parsed(tmp_path, made, body).events
        assert (event.tracking_number, event.milestone.value) == ("AC4711000812", milestone)


def test_arrays_of_messages_and_lines_of_json_are_read_whole(tmp_path: Path) -> None:
    both = [message(scan()), message(scan(code="20", text="Out for delivery"))]
    lines = b"\n".join(json.dumps(one).encode() for one in both)
    for body in (json.dumps(both).encode(), lines):
        made = drafted(body)
        assert code(made, "20") == ("out_for_delivery", False)
        assert len(parsed(tmp_path, made, body).events) == 2


def test_a_fourth_level_is_found(tmp_path: Path) -> None:
    deep = {"answers": [{"shipments": [{"packages": [
        {"barcode": "AC4711000812", "events": [scan(), scan(code="20", text="Picked up")]},
        {"barcode": "AC4711000829", "events": [scan()]},
    ]}]}]}
    events = parsed(tmp_path, drafted(deep), deep).events
    assert [event.tracking_number[-3:] for event in events] == ["812", "812", "829"]


def test_whole_interchanges_give_their_sets_and_the_codes_the_standard_lacks() -> None:
    body = (EDI / "rlca/cases/unknown_code_wrong_counts.in.edi").read_bytes()
    other = (EDI / "x12_partner/cases/tenders_accepted_and_declined.in.edi").read_bytes()
    made = drafted(body + other, body)
    assert 'sets: ["214", "990"]  # guess' in made.text
    left = [one for one in made.codes if one.milestone is None]
    assert left
    assert all(f'#   "{one.code}": ' in made.text for one in left)
    message = (EDI / "edifact_partner/cases/consignments.in.edi").read_bytes()
    assert 'messages: ["IFTSTA"]' in drafted(message).text


def test_a_partners_own_code_whose_words_say_delivered_is_proposed_as_doubtful() -> None:
    body = (EDI / "ups_edifact/cases/delivered_held_and_unknown.in.edi").read_bytes()
    made = drafted(body.replace(b"YOUR PACKAGE IS AT THE CLEARING AGENCY AWAITING FINAL RELEASE.", b"DELIVERED"))
    assert '#   "E1:101": {milestone: delivered, doubtful: true}  # guess: not in the standard' in made.text


def test_files_of_two_formats_are_refused_by_their_names() -> None:
    with pytest.raises(Reject, match=r"0\.json is json, 1\.json is xml"):
        drafted(message(scan()), b"<a/>")


@pytest.mark.parametrize(
    "words", ["Delivered", "DELIVERED", "Zugestellt", "Livré", "Entregado", "Delivered, In/At Mailbox"]
)
def test_a_delivery_guessed_from_a_word_is_doubtful_with_a_code_and_without(tmp_path: Path, words: str) -> None:
    bare = {key: value for key, value in scan(text=f"{words} to the customer").items() if key != "code"}
    for body in (message(scan(code="20", text=words)), message(scan(code=words, text="")), message(bare, bare)):
        delivered = [event for event in parsed(tmp_path, drafted(body), body).events if is_delivered(event)]
        assert delivered
        assert all(Flag.DELIVERY_DOUBTFUL.value in event.flags for event in delivered)


def is_delivered(event: CarrierEvent) -> bool:
    return event.milestone.value == "delivered"


@pytest.mark.parametrize(
    "body",
    [
        message(scan(code="TRANSIT", text="With driver, out for delivery")),
        message(scan(code="TRANSIT", text="Delivered"), scan(code="TRANSIT", text="On its way")),
        message(scan(code="DELIVERED", text="Gnomes")),
    ],
)
def test_a_code_against_its_words_is_left_to_a_person(body: dict[str, Any]) -> None:
    [one] = drafted(body).codes
    assert one.milestone is None


def test_a_scheduled_time_is_an_estimate_and_not_the_scans() -> None:
    one = scan(scheduledTime="2026-09-14T10:00:00+02:00", plannedAt="2026-09-15T10:00:00+02:00")
    made = drafted(message({"scheduledTime": one["scheduledTime"], **one}))
    assert says(made, "time") == "{stamp: scan.time}"
    assert "scan.scheduledTime" in says(made, "eta")


def test_a_state_is_a_region_or_a_status_by_its_values() -> None:
    status = drafted(message({"time": scan()["time"], "state": "DELIVERED", "city": "Bern"}))
    assert (says(status, "code"), says(status, "place.region")) == ("scan.state", "")
    region = drafted(message({**scan(), "State": "CA", "City": "Fresno"}))
    assert (says(region, "code"), says(region, "place.region")) == ("scan.code", "scan.State")


def test_two_booleans_are_no_code_and_are_named() -> None:
    one = {"time": scan()["time"], "isDelivered": False, "isReturned": False, "text": "The parcel is on its way"}
    made = drafted(message(one))
    assert says(made, "code") == ""
    assert "# guess: true or false, and not used: scan.isDelivered, scan.isReturned" in made.text


def test_a_po_is_a_reference_and_no_tracking_number() -> None:
    made = drafted({"poNumber": "4500012345", "proNumber": "0123456789", "events": [scan(), scan()]})
    assert says(made, "tracking_number") == "message.proNumber"
    assert says(made, "reference") == "message.poNumber"
    only = drafted({"poNumber": "4500012345", "events": [scan(), scan()]})
    assert "reads like a reference, not a tracking number" in only.text


def test_an_answer_without_a_number_takes_the_one_asked_for(tmp_path: Path) -> None:
    body = {"steps": [
        {"name": "Picked up", "reached": True, "date": "2026-09-11T15:24:57+02:00"},
        {"name": "Out for delivery", "reached": True, "date": "2026-09-12T15:24:57+02:00"},
        {"name": "Delivered", "reached": False},
    ]}
    made = drafted(body)
    assert 'leave_out: [{path: scan.reached, one_of: ["false"]}]  # guess' in made.text
    events = parsed(tmp_path, made, body, "AC4711000812").events
    assert [event.tracking_number for event in events] == ["AC4711000812"] * 2


def test_day_or_month_first_is_told_by_all_values_or_asked() -> None:
    sure = drafted(message(scan(time="11/09/2026 10:00"), scan(time="09/25/2026 10:00")))
    assert says(sure, "time") == '{stamp: scan.time, pattern: "%m/%d/%Y %H:%M"}'
    either = drafted(message(scan(time="11/09/2026 10:00")))
    assert "%d/%m/%Y %H:%M or %m/%d/%Y %H:%M? All values fit each" in either.text
    both = drafted(message(scan(time="11.09.2026 10:00"), scan(time="2026-09-12T10:00:00")))
    assert says(both, "time") == '{stamp: scan.time, pattern: ["%d.%m.%Y %H:%M", "iso"]}'


def test_a_list_beside_the_scans_is_named() -> None:
    made = drafted({**message(scan(), scan()), "milestones": [{"name": "x", "on": "2026-09-11T15:24:57+02:00"}]})
    assert "# guess: another list with times, not read: milestones" in made.text


def test_marks_are_found_where_they_stand_and_nowhere_else() -> None:
    text = 'feed: a\ncode: scan.x  # guess: why\n# "7": unknown   #guess:  what?\nname: guess\n'
    assert guesses_in(text) == [GuessLeft(2, "code: scan.x", "why"), GuessLeft(3, '"7": unknown', "what?")]
    assert note("a\n\x1b# guess: b" + "c" * 100).startswith("a # guess: bccc")
    assert [quoted(one) for one in ("scan.x", "no", "a b", "@x", "é")] == ["scan.x", '"no"', '"a b"', '"@x"', '"é"']


def test_a_field_that_says_the_same_of_every_scan_is_no_code() -> None:
    made = drafted(message(*(
        {"AppType": "Tracking", "at": scan()["time"], "Activity": words} for words in ("New Order", "Picked Up")
    )))
    assert (says(made, "code"), says(made, "text")) == ("", "scan.Activity")


def test_one_element_of_xml_is_a_list_where_another_sample_has_several(tmp_path: Path) -> None:
    one = b"<Data><No>AC4711000812</No><At>2026-09-11T15:24:57Z</At><Activity>Picked Up</Activity></Data>"
    single, several = b"<Answer>" + one + b"</Answer>", b"<Answer>" + one + one + b"</Answer>"
    made = drafted(single, several)
    assert made.text.count("when:") == 1
    assert len(parsed(tmp_path, made, single).events) == 1


def test_short_names_of_zones_are_named_and_a_revised_estimate_goes_first() -> None:
    one = scan(zone="IST", time="2026-09-11T15:24:57")
    made = drafted(message(one, ExpectedDate="2026-09-17", DynamicExpectedDate="2026-09-18"))
    assert "zone_by: [{by: scan.zone, zones: {IST: …}}]" in made.text
    assert says(made, "eta").startswith("{local: [message.DynamicExpectedDate]}")


def test_one_unreadable_time_of_many_makes_no_other_field() -> None:
    made = drafted(message(*(scan() for _ in range(5)), scan(time="soon")))
    assert says(made, "time") == "{stamp: scan.time}"
    assert "soon is no time" in made.text


def test_json_in_a_text_is_no_status_and_is_named() -> None:
    made = drafted(message(scan(inner='{"a": "In transit to the depot"}')))
    assert says(made, "text") == "scan.text"
    assert 'scan.inner holds JSON in a text; as a level it is read: `each: {…: "scan.inner{}"}`' in made.text


def test_what_connectors_put_around_a_payload_is_taken_off(tmp_path: Path) -> None:
    wrapped = json.dumps({"schema": {"type": "string"}, "payload": json.dumps(message(scan()))}).encode()
    [event] = parsed(tmp_path, drafted(wrapped), wrapped).events
    assert event.tracking_number == "AC4711000812"


def test_the_name_of_a_place_goes_before_its_code() -> None:
    made = drafted(message(scan(LocationCode="DEL", Location="Delhi hub")))
    assert says(made, "place.name") == "scan.Location"


def test_a_type_beside_the_code_is_named_as_it_may_be_that_of_a_return() -> None:
    made = drafted(message(scan(scanType="UD"), scan(scanType="RT", code="20", text="Delivered")))
    assert "under another type, such as of a return? scan.scanType (UD, RT)" in made.text
    assert "`code: [scan.scanType, scan.code]`" in made.text


def test_the_tutorials_sample_gives_what_the_tutorial_says(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "carriers.md").read_text("utf-8")
    body = page.partition("```json\n")[2].partition("```")[0].encode()
    made = drafted(body)
    assert f"{made.guesses} guesses in it are marked" in page
    assert says(made, "time") in page
    events = parsed(tmp_path, made, body).events
    assert [event.milestone.value for event in events] == ["out_for_delivery", "picked_up", "pre_advised"]


def test_steps_of_which_only_those_reached_have_a_time_are_scans(tmp_path: Path) -> None:
    body = b"""<Answer><Info><statusInfo><status>Depot</status><reached>true</reached>
<place><content>Mechelen (BE)</content></place><at><content>8/18/2026 7:34:34 AM</content></at></statusInfo>
<statusInfo><status>Courier</status><reached>false</reached></statusInfo>
<statusInfo><status>Delivered</status><reached>false</reached></statusInfo></Info></Answer>"""
    [event] = parsed(tmp_path, drafted(body), body, "AC4711000812").events
    assert event.location == Location(city="Mechelen", country="BE")
    assert (event.carrier_text, event.utc_offset_minutes) == ("Depot", 120)
