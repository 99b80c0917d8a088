"""The output of ``shipsync carrier`` fits 80 columns and is complete at 120 columns and in a pipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from connectors.drafting.draft import Draft
from connectors.drafting.marks import GuessLeft
from connectors.drafting.sample import Sample, draft
from connectors.mapping.declared.published_codes import PublishedList
from streams.contracts.model import Location
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import ExceptionType, Milestone, Reason, RejectReason
from tests.support.command_line import TERMINAL
from tests.support.mapped_event import PLAIN
from topologies.cli.carrier_view import show_draft, show_findings, show_summary, show_tried
from topologies.operations.dry_run import Breach, Drift, Findings, Tried, Unmapped
from topologies.operations.mapping_summary import summary_of
from topologies.operations.mapping_traps import Trap
from topologies.operations.terminal import PlainConsole

FILE = "activeshipping_tracking_response_multiple_results_of_two_shipments_in_one_file.xml"
WORDS = "We missed you. We will try again on the next business day, or you may fetch it at the depot"
EVENT = replace(
    PLAIN, carrier_text=WORDS, carrier_code="I:3J", milestone=Milestone.DELIVERY_ATTEMPTED,
    exception=ExceptionType.CONSIGNEE, reason=Reason.CONSIGNEE_ABSENT, location=Location(city="DUNLAP", region="TN"),
)
TRIED = Tried(Path(FILE), [EVENT, PLAIN], [Reject(RejectReason.CONTRACT_BROKEN, f"{WORDS}: no time", "scan.at")], [])
FOUND = Findings(
    files=2, events=2, unmapped=[Unmapped("I:QX", WORDS, 2, FILE)], refused=[(FILE, "unsupported_message", WORDS)],
    guesses=[GuessLeft(7, "channel: webhook", "webhook, poll, file or edi?")],
    traps=[Trap("no_zone", "the time names no zone and was read as UTC: is that the clocks' zone?", 3, FILE)],
    published=[PublishedList("statuses", "a manual", 9, 0, ["Q1"])],
    drift=Drift([Breach("scan.at", "contract_broken", 1, FILE)], ["scan.at: number, text"]),
)
MADE = draft("acme", "Acme", [Sample("a.json", b"""{"trackingNumber": "AC4711000812", "events": [
 {"time": "2026-09-11T15:24:57+02:00", "code": "10", "text": "Out for delivery"},
 {"time": "2026-09-11T15:24:57+02:00", "code": "20", "text": "Delivered"},
 {"time": "2026-09-11T15:24:57+02:00", "code": "30", "text": "Gnomes"}]}""")], "a sample")
SHOWN: dict[str, Callable[[PlainConsole], None]] = {
    "try": lambda out: show_tried(TRIED, out),
    "summary": lambda out: show_summary(summary_of([TRIED]), out),
    "check": lambda out: show_findings(FOUND, out),
    "new": lambda out: show_draft(MADE, summary_of([TRIED]), out),
}


def shown(what: str, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name, value in {**TERMINAL, "COLUMNS": str(width)}.items():
        monkeypatch.setenv(name, value)
    SHOWN[what](PlainConsole())
    return capsys.readouterr().out.splitlines()


def joined(lines: list[str]) -> str:
    """The words of all lines, as a reader's eye joins those of one cell."""
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("what", SHOWN)
@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(
    what: str, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(what, width, capsys, monkeypatch)
    assert max(map(len, lines)) <= width


def test_at_80_columns_nothing_is_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = joined(shown("check", 80, capsys, monkeypatch))
    for part in (
        "I:QX", WORDS, "unsupported_message", "channel: webhook", "no_zone", "scan.at",
        "8 of 9 published codes", "not mapped: Q1", "2 to look at",
    ):
        assert part in checked
    assert all(part in joined(shown("try", 80, capsys, monkeypatch)) for part in (
        "2026-09-11 15:24:57 +02:00 delivery_attempted", f"DUNLAP TN · code I:3J · the carrier's words {WORDS}",
        "consignee (consignee_absent)", "refused, contract_broken",
    ))


def test_at_120_columns_there_are_tables_with_every_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = shown("try", 120, capsys, monkeypatch)
    assert any(all(head in line for head in ("when", "milestone", "trouble", "where", "code")) for line in tried)
    checked = shown("check", 120, capsys, monkeypatch)
    for title in ("Guesses not settled (1)", "Unknown codes (1)", "Refused (1)", "Traps: look whether it is so (1)"):
        assert title in joined(checked)


@pytest.mark.parametrize("what", SHOWN)
def test_what_is_piped_is_whole_and_a_row_in_one_line(
    what: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    SHOWN[what](PlainConsole())
    lines = capsys.readouterr().out.splitlines()
    whole = {"try": [WORDS, "I:3J", "DUNLAP TN"], "summary": ["mapped", "delivery_attempted 1, delivered 1"],
             "check": ["unsupported_message", FILE, WORDS], "new": ["tracking_number", "message.trackingNumber"]}
    assert any(all(part in line for part in whole[what]) for line in lines)


def test_the_end_of_a_draft_says_what_was_drafted_mapped_doubtful_and_unmapped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(MADE, Draft)
    for width in (80, 120):
        text = joined(shown("new", width, capsys, monkeypatch))
        assert "3 codes in the samples: 2 drafted, 1 of them doubtful deliveries; 1 left to you: 30" in text
        for part in ("Drafted", "scan.code", "mapped", "doubtful", "unmapped", "refused 1 contract_broken 1"):
            assert part in text
