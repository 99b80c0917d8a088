"""``shipsync carrier``: what a mapping makes of files, without a broker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from connectors.carriers import HOME, discover
from streams.kernel.errors import Fatal
from topologies.cli.carrier import KEPT
from topologies.cli.main import app


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["carrier", *arguments])


def alert(**changes: Any) -> bytes:
    """A made-up track alert of UPS."""
    return json.dumps({
        "trackingNumber": "1Z9X77410311122231", "localActivityDate": "20260921", "localActivityTime": "060509",
        "gmtActivityDate": "20260921", "gmtActivityTime": "130509",
        "activityLocation": {"city": "Portland", "stateProvince": "OR", "country": "US"},
        "activityStatus": {"type": "D", "code": "FS", "description": "Delivered"}, "receivedBy": "Søren Ødegård",
        **changes,
    }).encode()


ODD = alert(activityStatus={"type": "I", "code": "QX", "description": "Relayed by balloon"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {"a.json": alert(), "b.json": ODD, "c.json": ODD, "d.json": b"{", "e.json": b'{"validTrackingNumbers": []}'}
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    return tmp_path


def test_every_carrier_is_listed_with_what_it_sends() -> None:
    listed = {one["feed"]: one for one in json.loads(invoked("list", "--json").output)}
    assert set(listed) == {carrier.feed for carrier in discover()}
    assert listed["ups"]["formats"] == ["json", "xml"]
    shown = invoked("list").output
    assert [feed for feed in listed if feed not in shown] == []


def test_a_file_is_shown_as_the_events_in_it_at_the_places_own_time(folder: Path) -> None:
    result = invoked("try", "ups", str(folder / "a.json"))
    assert result.exit_code == 0
    [row] = [line for line in result.output.splitlines() if "2026-09-21 06:05:09 -07:00" in line]
    assert all(words in row for words in ("delivered", "Portland OR US", "D:FS", "Delivered"))
    assert "ups:1Z9X77410311122231" in result.output


def test_a_file_as_json_holds_events_and_refusals(folder: Path) -> None:
    good, bad = (
        json.loads(invoked("try", "ups", str(folder / name), "--json").output) for name in ("a.json", "d.json")
    )
    [event] = good[0]["events"]
    assert (event["milestone"], event["occurred_at"]) == ("delivered", "2026-09-21T13:05:09.000Z")
    assert event["proof_of_delivery"]["signed_by"] == "Søren Ødegård"
    assert (bad[0]["events"], bad[0]["rejects"][0]["reason"]) == ([], "malformed")


def test_a_file_with_nothing_to_use_says_why_and_exits_1(folder: Path) -> None:
    result = invoked("try", "ups", str(folder / "d.json"))
    assert result.exit_code == 1
    assert "refused, malformed" in result.output


def test_a_check_names_what_the_mapping_misses_and_exits_1(folder: Path) -> None:
    result = invoked("check", "ups", str(folder), "--json")
    found = json.loads(result.output)
    assert result.exit_code == 1
    assert (found["files"], found["events"], found["faults"]) == (5, 3, 2)
    assert found["unmapped"] == [{"code": "I:QX", "text": "Relayed by balloon", "times": 2, "file": "b.json"}]
    assert [(file, reason) for file, reason, _ in found["refused"]] == [
        ("d.json", "malformed"), ("e.json", "unsupported_message")
    ]
    assert "piece" in found["never_filled"]
    assert "milestone" not in found["never_filled"]
    [published] = found["published"]
    assert (published["table"], published["missing"]) == ("activities", [])
    assert published["codes"] > 1000
    shown = invoked("check", "ups", str(folder)).output
    assert all(words in shown for words in ("I:QX", "Relayed by balloon", "2 to look at", "Never filled"))


def test_a_check_without_faults_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(alert())
    (tmp_path / "e.json").write_bytes(b'{"validTrackingNumbers": []}')
    result = invoked("check", "ups", str(tmp_path))
    assert result.exit_code == 0
    assert "Every code is known" in result.output
    assert "published codes of activities are mapped (100 %)" in " ".join(result.output.split())


def test_a_check_without_files_reads_the_cases_the_repository_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = json.loads(invoked("check", "ups", "--json").output)
    assert found["files"] == len([*(KEPT / "ups" / "cases").glob("*.in.*")])
    assert (found["unmapped"], found["refused"], found["faults"]) == ([], [], 0)
    assert found["recorded"] >= 2
    monkeypatch.setattr("topologies.cli.carrier.KEPT", tmp_path)
    result = invoked("check", "ups")
    assert (result.exit_code, "name a file or a folder" in " ".join(result.output.split())) == (2, True)


def test_what_a_kept_case_is_not_to_show_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = tmp_path / "ups" / "cases"
    cases.mkdir(parents=True)
    (cases / "known.in.json").write_bytes(alert())
    (cases / "known.out.json").write_text('{"events": [], "rejects": []}')
    (cases / "relay.in.json").write_bytes(ODD)
    other = {"events": [{"carrier_code": "X:ZZ", "flags": ["code_unmapped"]}], "rejects": []}
    (cases / "relay.out.json").write_text(json.dumps(other))
    (cases / "broken.in.json").write_text("{")
    monkeypatch.setattr("topologies.cli.carrier.KEPT", tmp_path)
    found = json.loads(invoked("check", "ups", "--json").output)
    assert ([one["code"] for one in found["unmapped"]], found["faults"], found["recorded"]) == (["I:QX"], 2, 0)
    (cases / "relay.out.json").write_text("[]")
    result = invoked("check", "ups")
    assert isinstance(result.exception, Fatal)
    assert "relay.out.json is no result of a case" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["try", "pigeons", "."], "The feeds are"), (["check", "upss", "."], "did you mean ups"),
        (["try", "ups", "not-here"], "does not exist"),
    ],
)
def test_a_wrong_argument_is_a_usage_error_that_says_what_there_is(arguments: list[str], told: str) -> None:
    result = invoked(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())


def test_a_draft_is_shown_and_nothing_is_written_unless_asked_to(folder: Path) -> None:
    result = invoked("new", "acme", "--sample", str(folder / "a.json"))
    assert result.exit_code == 0
    assert "tracking_number: message.trackingNumber" in result.output
    assert not (HOME / "acme").exists()


def test_a_new_carrier_reads_its_sample_at_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "carriers"
    home.mkdir()
    monkeypatch.setenv("SHIPSYNC_CARRIERS_DIR", str(home))
    result = invoked("new", "acme", "--sample", str(folder / "a.json"), "--write")
    assert result.exit_code == 0, result.output
    assert "acme:1Z9X77410311122231" in result.output
    assert "delivered" in result.output
    again = invoked("new", "acme", "--sample", str(folder / "a.json"), "--write")
    assert (again.exit_code, "there already" in again.output) == (2, True)
    listed = json.loads(invoked("list", "--json").output)
    assert [one["feed"] for one in listed] == sorted([*(carrier.feed for carrier in discover()), "acme"])
    (home / "acme" / "cases").mkdir()
    (home / "acme" / "cases" / "one.in.json").write_bytes((folder / "a.json").read_bytes())
    assert json.loads(invoked("check", "acme", "--json").output)["files"] == 1


def test_guesses_left_are_counted_until_a_person_has_settled_them(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, samples = tmp_path / "carriers", tmp_path / "samples"
    home.mkdir()
    samples.mkdir()
    for name in ("a.json", "b.json"):
        (samples / name).write_bytes((folder / name).read_bytes())
    monkeypatch.setenv("SHIPSYNC_CARRIERS_DIR", str(home))
    made = json.loads(invoked("new", "acme", "--sample", str(samples), "--write", "--json").output)
    assert [(one["code"], one["milestone"], one["doubtful"]) for one in made["codes"]] == [
        ("FS", "delivered", True), ("QX", None, False)
    ]
    assert made["summary"]["unmapped"] == {"QX Relayed by balloon": 1}
    assert made["written"] == str(home / "acme" / "carrier.yaml")
    file = Path(made["written"])
    found = json.loads(invoked("check", "acme", str(samples), "--json").output)
    assert len(found["guesses"]) == made["guesses"] == file.read_text("utf-8").count("# guess:")
    assert found["faults"] == made["guesses"] + 1
    settled = file.read_text("utf-8").replace('# "QX": unknown', '"QX": in_transit').splitlines()
    file.write_text("\n".join(line.partition("  # guess:")[0] for line in settled), "utf-8")
    result = invoked("check", "acme", str(samples))
    assert result.exit_code == 0, result.output


def test_a_new_carrier_is_not_written_into_an_installed_program(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("topologies.cli.carrier.REPOSITORY", tmp_path)
    result = invoked("new", "acme", "--sample", str(folder / "a.json"), "--write")
    assert result.exit_code == 1
    assert "SHIPSYNC_CARRIERS_DIR" in str(result.exception)


@pytest.mark.parametrize(("feed", "file", "words"), [("Acme!", "a.json", "lower case"), ("acme", "d.json", "no JSON")])
def test_a_sample_that_cannot_be_drafted_is_an_error(folder: Path, feed: str, file: str, words: str) -> None:
    result = invoked("new", feed, "--sample", str(folder / file))
    assert (result.exit_code, words in result.output) == (2, True), result.output


def test_a_check_tells_drift_from_the_contract_and_from_earlier_files(tmp_path: Path) -> None:
    before, now = tmp_path / "before", tmp_path / "now"
    before.mkdir()
    now.mkdir()
    (before / "a.json").write_bytes(alert())
    body = json.loads(alert())
    del body["receivedBy"]
    (now / "b.json").write_text(json.dumps({**body, "mood": "good"}))
    (now / "c.json").write_text(json.dumps({**body, "mood": 7}))
    (now / "d.json").write_text(json.dumps({**body, "activityStatus": ["D"]}))
    result = invoked("check", "ups", str(now), "--against", str(before), "--json")
    drift = json.loads(result.output)["drift"]
    assert [(one["reason"], one["times"], one["file"]) for one in drift["breaches"]] == [
        ("contract_broken", 1, "d.json")
    ]
    assert drift["two_kinds"] == ["mood: number, text"]
    assert {"mood: text", "mood: number"} <= set(drift["new"])
    assert drift["gone"] == ["receivedBy: text"]
    shown = invoked("check", "ups", str(now), "--against", str(before)).output
    assert all(words in shown for words in ("Breaks what the mapping relies on", "New since the earlier files", "mood"))
    assert "Same fields as the earlier files." in invoked("check", "ups", str(before), "--against", str(before)).output


FOREIGN = "[red]left[/] :smile:"


def test_a_carriers_words_are_shown_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / ":smile:[b].json"
    file.write_bytes(alert(activityStatus={"type": "I", "code": "QX", "description": FOREIGN}))
    for command in ("try", "check"):
        assert FOREIGN in invoked(command, "ups", str(file)).output
    assert file.name in invoked("try", "ups", str(file)).output.replace("\n", "")


def test_a_refusal_is_shown_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    arrived = {"type": "I", "code": "AR", "description": "Arrived at Facility"}
    file.write_bytes(alert(gmtActivityDate=":smile:", localActivityDate=":smile:", activityStatus=arrived))
    output = invoked("try", "ups", str(file)).output
    assert "refused" in output
    assert ":smile:" in output


def test_new_fields_are_shown_as_they_are(tmp_path: Path) -> None:
    new, old = tmp_path / "new.json", tmp_path / "old.json"
    new.write_bytes(alert(**{":smile:": 1}))
    old.write_bytes(alert())
    assert ":smile:" in invoked("check", "ups", str(new), "--against", str(old)).output
