"""The picture in the terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from streams.contracts.ids import shipment_key
from streams.kernel.vocabulary import ExceptionType, Milestone, Reason
from tests.topologies.demo import accounts
from topologies.demo.presenting import example_of
from topologies.demo.reconcile import totals
from topologies.demo.stage import Lines, Screen
from topologies.demo.stories import tell
from topologies.demo.summary import Example, Summary, plain_line, verdict, view, what_next
from topologies.demo.wording import clock, happening, is_news, short


def summary(elapsed_s: float = 12.0, phase: str = "playing") -> Summary:
    return Summary(totals(accounts.clean()), [accounts.update()] * 7, elapsed_s, 60.0, phase)


def drawn(renderable: object, width: int = 80) -> str:
    console = Console(width=width, height=24, record=True, file=io.StringIO(), force_terminal=False)
    console.print(renderable)
    return console.export_text()


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_summary_fits_a_terminal_of_24_lines_at_any_width(width: int) -> None:
    lines = drawn(view(summary()), width).splitlines()
    assert len(lines) < 24
    assert all(len(line.rstrip()) <= width for line in lines)


def test_the_totals_and_the_updates_are_shown() -> None:
    text = drawn(view(summary()))
    for told in ("raw records in", "canonical events", "1 dead letter: empty 1", "1 of 1", "latency p99",
                 "40 ms", "delivered in Charlotte, signed by Duval", "playing"):
        assert told in text, text


def test_an_empty_account_can_be_drawn() -> None:
    from topologies.demo.ledger import Ledger

    empty = Summary(totals(Ledger(accounts.plan()), []), [], 0.0, 0.0, "playing")
    assert "no dead letters yet" in drawn(view(empty))
    assert "p50 -" in plain_line(empty)


def test_the_verdict_names_each_difference() -> None:
    assert "Every message is explained: 4 raw records = 3 read into events + 1 dead letters" in " ".join(
        drawn(verdict(totals(accounts.clean()))).split()
    )
    broken = totals(accounts.clean(without=frozenset({"confirmation"})))
    assert "no ERP posting" in drawn(verdict(broken))


def test_the_next_commands_are_shown() -> None:
    shown = drawn(what_next(Example("ups:1Z1", "SO-1", "http://127.0.0.1:18090")))
    for one in ("http://127.0.0.1:18090/tower", "shipsync link SO-1", "shipsync state inspect ups:1Z1"):
        assert one in shown
    assert "/tower/stack" not in shown
    assert "tower" not in drawn(what_next(Example("ups:1Z1", "SO-1", "")))


def test_the_next_commands_are_those_of_this_run_as_they_can_be_typed() -> None:
    made = Example("ups:1Z1", "SO-1", "http://127.0.0.1:1", stage_kill=True, scan="var/s.json", command=".venv/bin/s")
    shown = drawn(what_next(made), 160)
    for one in ("/tower/stack", ".venv/bin/s feed ups var/s.json", ".venv/bin/s status", ".venv/bin/s link SO-1"):
        assert one in shown
    assert " shipsync " not in shown


def test_the_next_commands_name_what_was_played() -> None:
    plan = tell(7, 1_790_000_000_000, 40, 30.0)
    example = example_of(plan, "")
    assert example.key in plan.delivered
    [claimed] = {
        message.order.order_id for message in plan.messages if message.order is not None
        for line in message.order.shipments if shipment_key(line.carrier, line.tracking_number) == example.key
    }
    assert example.order == claimed


def test_without_a_terminal_a_line_comes_every_few_seconds_and_for_each_phase() -> None:
    out = io.StringIO()
    lines = Lines(Console(file=out, width=80))
    for elapsed_s, phase in ((0, "playing"), (1, "playing"), (5, "playing"), (6, "waiting"), (7, "waiting")):
        lines.show(summary(elapsed_s, phase))
    assert [line.split(":")[0].strip() for line in out.getvalue().splitlines()] == [
        "0 s  playing", "5 s  playing", "6 s  waiting",
    ]


def test_the_live_screen_shows_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = io.StringIO()
    with Screen(Console(file=out, width=80, height=24, force_terminal=True)) as screen:
        screen.show(summary())
    assert "raw records in" in out.getvalue()


def test_trouble_is_told_in_plain_words() -> None:
    update = accounts.update(Milestone.DELIVERY_ATTEMPTED)
    update.exception, update.reason = ExceptionType.CONSIGNEE, Reason.CONSIGNEE_ABSENT
    assert happening(update) == "could not be delivered in Charlotte, consignee (consignee absent)"


def test_times_are_local_where_the_offset_is_known_and_say_so_where_not() -> None:
    assert clock(0, 90) == "Thu 01:30"
    assert clock(0, None) == "Thu 00:00Z"


def test_overtaken_and_announced_events_are_not_shown() -> None:
    overtaken, announced = accounts.update(Milestone.OUT_FOR_DELIVERY), accounts.update(Milestone.PRE_ADVISED)
    overtaken.superseded = True
    assert [is_news(one) for one in (accounts.update(), overtaken, announced)] == [True, False, False]


def test_long_numbers_are_shortened_in_the_middle() -> None:
    assert short("1ZW0R1D30312345673") == "1ZW0R1D30312345673"
    assert short("9400111012345678901234") == "9400111…5678901234"


def test_every_reason_of_a_full_demo_fits_at_80_columns() -> None:
    reasons = {"carrier_error": 11, "malformed": 10, "unsupported_message": 7, "empty": 4, "not_text": 4,
               "unexpected_shape": 4, "forbidden_xml": 3, "invalid_time": 3, "too_large": 1}
    base = totals(accounts.clean())
    feeds = dict.fromkeys(
        ("dhl", "easypost", "fedex", "northway", "rlca", "ups", "x12_partner"), base.feeds["ups"]
    )
    text = drawn(view(Summary(replace(base, dead_letters=reasons, feeds=feeds), [], 1.0, 60.0, "done")))
    assert "too large 1" in " ".join(text.replace("│", " ").split())
