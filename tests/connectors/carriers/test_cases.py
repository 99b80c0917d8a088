"""Every carrier's cases: ``<carrier>/cases/<name>.in.*`` gives what ``<name>.out.json`` says; a name that ends in
``.asked_<number>`` is the answer to a question for that number.

After a wanted change, ``SHIPSYNC_GOLDEN=1 pytest tests/connectors/carriers`` writes the expectations anew;
read the difference before committing it.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.carriers import Carrier, discover, folders
from streams.contracts.model import Acknowledgement, CarrierEvent
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Flag, RejectReason
from topologies.operations.kept_cases import asked_for

HERE = Path(__file__).parent
RECEIVED_AT = 1_790_000_000_000
CARRIERS: dict[str, Carrier] = dict(zip((folder.name for folder in folders()), discover(), strict=True))
CASES = sorted(HERE.glob("*/cases/*.in.*"))
STRUCTS = ("location", "proof_of_delivery")


def parsed(case: Path) -> Parsed:
    carrier = CARRIERS[case.parent.parent.name]
    context = RawContext(
        carrier.feed, "", f"raw.{carrier.feed}.v1", 0, 7, RECEIVED_AT, "case", asked_number=asked_for(case)
    )
    try:
        return carrier.adapter.parse(case.read_bytes(), context)
    except Reject as reject:
        return Parsed([], [reject])


def readable(event: CarrierEvent) -> dict[str, Any]:
    """The event without what is empty or the same in every case."""
    shown = {name: getattr(event, name) for name in event.__struct_fields__ if name not in ("source", "received_at")}
    for name in STRUCTS:
        if shown[name] is not None:
            parts = msgspec.structs.asdict(shown[name])
            shown[name] = {part: value for part, value in parts.items() if value is not None}
    shown["references"] = [
        f"{one.type}:{one.value}" + (f" of {one.carrier}" if one.carrier else "") for one in event.references
    ]
    return {name: value for name, value in shown.items() if value not in (None, [], "new")}


def answer(one: Acknowledgement) -> dict[str, Any]:
    """An acknowledgement segment by segment, with the verdict and the messages it is about."""
    return {
        "direction": one.direction, "verdict": one.verdict, "of": f"{one.sender} {one.interchange_control}".strip(),
        "messages": [
            f"{each.kind} {each.control} {each.verdict} {'; '.join(each.errors)}".strip() for each in one.messages
        ],
        "text": re.split(r"(?<=[~'])", one.text)[:-1],
    }


def outcome(case: Path) -> dict[str, Any]:
    result = parsed(case)
    rejects = [{"reason": one.reason.value, "path": one.path, "detail": one.detail} for one in result.rejects]
    shown = {
        "events": [readable(event) for event in result.events], "rejects": rejects, "errors": result.errors,
        "acknowledgements": [answer(one) for one in result.acknowledgements],
    }
    plain: dict[str, Any] = json.loads(msgspec.json.encode(shown))
    return {name: value for name, value in plain.items() if value or name in ("events", "rejects")}


def label(case: Path) -> str:
    return f"{case.parent.parent.name}/{case.name}"


@pytest.mark.parametrize("case", CASES, ids=label)
def test_the_case_gives_what_is_expected(case: Path) -> None:
    expected = case.with_name(case.name.partition(".in.")[0] + ".out.json")
    result = outcome(case)
    if os.environ.get("SHIPSYNC_GOLDEN"):
        expected.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert expected.exists(), "no expectation yet: run with SHIPSYNC_GOLDEN=1 and read what it writes"
    assert result == json.loads(expected.read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=label)
def test_events_of_a_case_are_numbered_and_lead_back_to_the_record(case: Path) -> None:
    events = parsed(case).events
    assert [event.source.index for event in events] == list(range(len(events)))
    assert {(e.source.topic, e.source.offset, e.source.channel) for e in events} <= {
        (f"raw.{CARRIERS[case.parent.parent.name].feed}.v1", 7, CARRIERS[case.parent.parent.name].channel)
    }


@pytest.mark.parametrize("name", sorted(CARRIERS))
def test_a_carrier_has_a_case_of_each_kind(name: str) -> None:
    results = [parsed(case) for case in CASES if case.parent.parent.name == name]
    flags = {flag for result in results for event in result.events for flag in event.flags}
    reasons = {reject.reason for result in results for reject in result.rejects}
    wanted = {
        "a case": bool(results),
        "an unknown code": Flag.CODE_UNMAPPED.value in flags,
        "an error body or another message": bool(
            RejectReason.UNSUPPORTED_MESSAGE in reasons or any(result.errors for result in results)
        ),
    }
    assert [what for what, there in wanted.items() if not there] == [], f"add to tests/connectors/carriers/{name}/cases"


def test_an_expectation_without_its_case_is_left_over_from_somewhere() -> None:
    names = {case.with_name(case.name.partition(".in.")[0] + ".out.json") for case in CASES}
    assert set(HERE.glob("*/cases/*.out.json")) == names


def test_the_same_scan_by_the_carrier_and_by_an_aggregator_is_one_event() -> None:
    def ids(case: str) -> set[str]:
        return {event.event_id for event in parsed(HERE / case).events}

    assert len(ids("fedex/cases/track_api.in.json") & ids("easypost/cases/tracker_updated.in.json")) == 1


def test_the_same_scan_by_push_poll_and_xml_is_one_event() -> None:
    def delivered(case: str) -> set[str]:
        return {event.event_id for event in parsed(HERE / case).events if event.milestone == "delivered"}

    assert len(delivered("ups/cases/track_alert_delivered.in.json") | delivered("ups/cases/xml_track.in.xml")) == 1
