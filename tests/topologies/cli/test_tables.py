"""Tables for the eye and for a pipe."""

from __future__ import annotations

import time

import pytest

from tests.support.command_line import TERMINAL
from tests.support.foreign_text import FOREIGN, SHOWN_AS_IT_STANDS, controls
from topologies.cli.tables import KEY, At, Column, Marked, Table, fitted, show_card, told

NOON = 1_790_000_000_000
"""2026-09-21T14:13:20Z."""
LONG_KEY = "fedex:9400 1000 0000 0000 0000 00".replace(" ", "")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A terminal of 80 columns without colours, half an hour after noon."""
    for name, value in {**TERMINAL, "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(time, "time_ns", lambda: (NOON + 30 * 60_000) * 1_000_000)
    return monkeypatch


def table(words: str = "left the depot", *, drop: bool = True) -> Table:
    made = Table(
        Column("shipment", KEY), Column("since"), Column("events", right=True), Column("words", 2), Column("owner", 3),
        Column("customer", 4), drop=drop,
    )
    made.add(LONG_KEY, At(NOON), "12", words, "ada", "customer-with-a-long-name")
    return made


def test_a_pipe_gets_a_line_a_row_whole_and_times_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    table("x" * 500).show()
    head, row = capsys.readouterr().out.splitlines()
    assert head.split("\t") == ["shipment", "since", "events", "words", "owner", "customer"]
    cells = [LONG_KEY, "2026-09-21T14:13:20.000Z", "12", "x" * 500, "ada", "customer-with-a-long-name"]
    assert row.split("\t") == cells


def test_a_pipe_gets_a_tab_and_a_line_break_of_a_carrier_as_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    table("a\tb\nc").show()
    assert capsys.readouterr().out.splitlines()[1].split("\t")[3] == r"a\tb\nc"


@pytest.mark.usefixtures("terminal")
def test_80_columns_leave_the_least_important_out_and_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    table("left the depot in Leipzig").show()
    shown = capsys.readouterr().out
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert LONG_KEY in shown
    assert "30 min ago" in shown
    assert "Not shown at this width: customer" in shown


@pytest.mark.parametrize("words", ["short", "long words of a carrier " * 20, "x" * 300])
def test_120_columns_leave_nothing_out(
    words: str, terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.setenv("COLUMNS", "120")
    table(words).show()
    shown = capsys.readouterr().out
    assert max(len(line) for line in shown.splitlines()) <= 120
    assert "Not shown" not in shown
    assert LONG_KEY in shown
    assert sum(shown.count(letter) for letter in "x") >= words.count("x")


@pytest.mark.usefixtures("terminal")
def test_where_no_column_may_be_left_out_a_row_gets_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    table("long words " * 8, drop=False).show()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].rstrip() == LONG_KEY
    assert "customer-with-a-long-name" in " ".join(lines[1:])


def test_a_key_is_never_cut_and_no_row_is_wider_than_the_terminal() -> None:
    columns, natural = table().columns, [30, 12, 6, 70, 20, 40]
    for width in range(20, 200):
        places, widths = fitted(columns, natural, width)
        assert 0 in places
        if widths:
            assert widths[0] == natural[0]
            assert sum(widths) + 2 * (len(widths) - 1) <= width
        if width >= 120:
            assert len(places) == len(columns)


@pytest.mark.parametrize("columns", ["40", "80", "120"])
def test_foreign_text_controls_no_terminal(
    columns: str, terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.setenv("COLUMNS", columns)
    made = Table(Column("key", KEY), Column("words"), Column("more", 2), title=FOREIGN, empty=FOREIGN)
    made.show()
    made.add(FOREIGN, Marked(FOREIGN, "red"), FOREIGN, style="dim")
    made.show()
    show_card(FOREIGN, {"name": FOREIGN})
    shown = capsys.readouterr().out
    assert controls(shown) == ""
    assert SHOWN_AS_IT_STANDS in " ".join(shown.split())


@pytest.mark.usefixtures("terminal")
def test_more_rows_than_fit_are_named_with_the_command_that_has_all(capsys: pytest.CaptureFixture[str]) -> None:
    made = Table(Column("key", KEY), most=2, rest="shipsync orders waiting --json")
    for number in range(5):
        made.add(str(number))
    made.show()
    assert "and 3 more: shipsync orders waiting --json" in capsys.readouterr().out
    assert len(list(made.lines())) == 6


def test_what_is_said_of_an_empty_table_is_no_row_of_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    Table(Column("key", KEY), empty="There is none.").show()
    assert tuple(capsys.readouterr()) == ("key\n", "There is none.\n")


@pytest.mark.parametrize(("at", "exact", "words"), [
    (NOON - 180_000, False, "3 min ago"), (NOON + 7_200_000, False, "in 2 h"), (None, True, "-"),
    (NOON, True, "2026-09-21 14:13Z, 0 s ago"), (10**18, True, "in 11574053356 d"),
])
def test_times_are_told_from_now(at: int | None, exact: bool, words: str) -> None:
    assert told(at, NOON, exact=exact) == words
