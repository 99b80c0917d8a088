"""``shipsync status`` as it looks."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console

from topologies.cli.status import MOST_ALERTS, view
from topologies.operations.status import NOT_ANSWERING, OpenAlert, ProcessStatus, StackStatus

INTAKE = ProcessStatus(
    "intake", 17, "up", 2, memory_bytes=150_000_000, cpu_seconds=12.4, lag=1_234, records=98_765, per_second=1_500.2,
    outcomes={"accepted": 90_000, "duplicates": 8_765, "unmatched": 0}, dead_letters={"malformed": 3},
)


def shown(*processes: ProcessStatus, alerts: list[OpenAlert] | None = None) -> str:
    status = StackStatus("127.0.0.1:1", "http://127.0.0.1:2", 3_725.0, 0.0, list(processes), alerts)
    console = Console(width=80)
    with console.capture() as captured:
        console.print(view(status, 80))
    return captured.get()


def alert(number: int, severity: str = "warning") -> OpenAlert:
    return OpenAlert(f"a{number}", "feed_stale", severity, "x", f"Feed {number} is silent\x1b[2J", 1_790_000_000_000)


def test_a_stage_is_one_row_that_fits_a_terminal() -> None:
    (row,) = [line for line in shown(INTAKE).splitlines() if line.startswith("intake ")]
    assert row.split() == [
        "intake", "17", "up", "2", "98,765", "1,500", "1,234", "12", "150"
    ]
    assert len(row) <= 80


def test_outcomes_and_dead_letters_stand_below() -> None:
    text = shown(INTAKE)
    assert "intake: accepted 90,000, duplicates 8,765" in text
    assert "dead letters: intake malformed 3" in text
    assert "up 1 h 02 min, broker 127.0.0.1:1" in text


def test_paused_feeds_stand_below_where_there_are_any() -> None:
    assert "paused feeds: ups; see shipsync feeds paused" in shown(replace(INTAKE, paused=("ups",)))
    assert "paused" not in shown(INTAKE)


def test_how_stages_with_state_write_is_told_where_it_is_known() -> None:
    plain, once = (replace(INTAKE, processing=way) for way in ("at_least_once", "exactly_once"))
    assert "processing exactly_once" in " ".join(shown(plain, once).split())
    assert "processing at_least_once" in " ".join(shown(plain).split())
    assert "processing" not in shown(INTAKE)


def test_a_service_and_a_silent_stage_have_no_numbers() -> None:
    text = shown(ProcessStatus("broker", 9, "up", 0), ProcessStatus("feeds", 10, NOT_ANSWERING, 0))
    rows = [line.split() for line in text.splitlines() if line.startswith(("broker ", "feeds "))]
    assert rows == [["broker", "9", "up", *"------"], ["feeds", "10", "silent", *"------"]]
    assert "dead letters: none" in text


def test_the_most_pressing_open_alerts_are_listed_harmless() -> None:
    text = shown(INTAKE, alerts=[alert(number) for number in range(MOST_ALERTS + 2)])
    assert f"open alerts: {MOST_ALERTS + 2}" in text
    assert "Feed 0 is silent" in text
    assert "Feed 8 is silent" not in text
    assert "and 2 more" in text
    assert "\x1b[2J" not in text


def test_no_open_alert_differs_from_alerts_not_known() -> None:
    assert "open alerts: none" in shown(INTAKE, alerts=[])
    assert "open alerts: not known" in shown(INTAKE, alerts=None)


def test_a_process_that_is_not_ready_is_named_with_what_it_misses() -> None:
    text = shown(replace(INTAKE, missing={"restored": "2 partitions are being restored\x1b[2J"}))
    assert "intake is not ready: restored: 2 partitions are being restored" in text
    assert "\x1b" not in text
    assert "not ready" not in shown(INTAKE)
