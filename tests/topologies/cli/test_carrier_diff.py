"""``shipsync carrier diff``: what is shown, what is asked, and what is published then."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from connectors.carriers import HOME
from streams.contracts.model import CarrierEvent, Source
from streams.intake.mapping_diff import Verdict
from streams.intake.remap import TAKEN_BACK, corrections, place_of
from streams.kernel.vocabulary import Milestone
from streams.shipments.reuse.archive import ALL
from streams.shipments.timers.deadlines import FOR_EVER
from tests.cases.journey import played
from tests.support.command_line import TERMINAL
from tests.support.strategies import carrier_event, received, reference
from topologies.cli import carrier_diff
from topologies.cli.carrier_diff import _instant
from topologies.cli.main import app
from topologies.operations import remap
from topologies.operations.remap import Plan
from topologies.operations.remap_effects import Simulation
from topologies.operations.remap_reading import NOT_TAKEN_IN, Asked, Compared

RAW = "raw.north.track.v1"
SHOWN = """\
DELIVERIES: 1 shipment would be told as delivered, and not so far.
  north:N1
  A false one is posted and invoiced: look at each, below or with --json.
1 shipment would be delivered no more.
ups: raw records since 2026-01-01 00:00 (UTC)
what                     how many  of them
raw records                 1,203  -
  unchanged                 1,200  -
  only worded otherwise         0  not corrected
  events changed                2  milestone 2
  events added                  1  former dead letters 1
  events gone                   0  -
left out                        4  intake has not taken them in yet
corrections                     3  new 1, replaces 2
statuses changed                3  out_for_delivery → delivered 1, delivered →
                                   delivery_attempted 1, unknown → in_transit 1
customer updates                4  new 2, retracts 2
ERP postings                    2  delivery_confirmation 1, delivery_attempt 1
north:N1: out_for_delivery → delivered, DELIVERY
  replaces out_for_delivery → delivered 2026-01-01 01:00
           raw.north.track.v1[0] @ 1, milestone
           DELIVERED  as the carrier says it
  retracts customer of O-N1 (O-N1) hears: out_for_delivery 2026-01-01 01:00
  new      customer of O-N1 (O-N1) hears: delivered 2026-01-01 01:00
  posted   ERP delivery D-N1: delivery_confirmation
north:N2: delivered → delivery_attempted
  replaces delivered → delivery_attempted 2026-01-01 01:00
           raw.north.track.v1[0] @ 2, milestone
           DELIVERY_ATTEMPTED  as the carrier says it
  retracts customer of O-N2 (O-N2) hears: delivered 2026-01-01 01:00
  new      customer of O-N2 (O-N2) hears: delivery_attempted 2026-01-01 01:00
  posted   ERP delivery D-N2: delivery_attempt
and 1 more; --json shows all
Nothing is published yet: add --apply.
"""


def scan(number: str, milestone: Milestone, offset: int) -> CarrierEvent:
    source = Source("north.track", "webhook", RAW, 0, offset, 0, "c")
    return carrier_event(milestone, 60, tracking_number=number, source=source)


@pytest.fixture
def plan() -> Plan:
    """N1 becomes delivered, N2 is delivered no more, N3 was a dead letter."""
    was = [scan("N1", Milestone.OUT_FOR_DELIVERY, 1), scan("N2", Milestone.DELIVERED, 2)]
    now = [scan("N1", Milestone.DELIVERED, 1), scan("N2", Milestone.DELIVERY_ATTEMPTED, 2)]
    now.append(scan("N3", Milestone.IN_TRANSIT, 3))
    remapped = {place_of(one): [one] for one in now}
    orders = [reference(f"O-{number}", f"D-{number}", tracking_number=number) for number in ("N1", "N2")]
    states = played([*orders, *map(received, was)]).shipments
    compared = Compared(
        Counter({Verdict.UNCHANGED: 1_200, Verdict.CHANGED: 2, Verdict.ADDED: 1}), Counter({NOT_TAKEN_IN: 4}), remapped,
        {place_of(now[2]): "invalid_time"},
    )
    found = Plan("ups", Asked(1_767_225_600_000, None, 0), compared)
    for number in ("N1", "N2", "N3"):
        key = f"north:{number}"
        compared.published[key] = [one for one in was if one.tracking_number == number]
        found.corrections[key] = corrections(compared.published[key], remapped, key).events
    simulation = Simulation(lambda keys: {key: states.get(key) for key in keys}, FOR_EVER, ALL)
    simulation.run(found.corrections, {})
    simulation.post(dict.fromkeys)
    found.effects = simulation.effects
    return found


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, plan: Plan) -> list[str]:
    """The numbers of the shipments whose corrections were published."""
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    for name, value in {**TERMINAL, "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    numbers: list[str] = []

    def publish(_: Any, __: str, events: Collection[CarrierEvent], *___: Any) -> int:
        numbers.extend(one.tracking_number for one in events)
        return len(events)

    monkeypatch.setattr(carrier_diff, "carrier_of", lambda *_: None)
    monkeypatch.setattr(remap, "plan", lambda *_: plan)
    monkeypatch.setattr(remap, "publish", publish)
    return numbers


def run(*arguments: str, said: str | None = None) -> Result:
    return CliRunner().invoke(app, ["carrier", "diff", "ups", "--since", "7d", *arguments], input=said)


@pytest.mark.usefixtures("published")
def test_deliveries_come_first_then_totals_then_examples_in_80_columns() -> None:
    done = run("--examples", "2")
    assert done.exit_code == 1
    assert [line.rstrip() for line in done.stdout.splitlines()] == SHOWN.splitlines()


@pytest.mark.usefixtures("published")
def test_json_has_every_shipment() -> None:
    done = run("--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [one["shipment"] for one in found["shipments"]] == ["north:N1", "north:N2", "north:N3"]
    assert found["shipments"][2]["events"][0]["dead_letter"] == "invalid_time"
    assert found["published"] == 0
    assert found["fields"] == {"milestone": 2}


def test_nothing_is_published_without_a_yes(published: list[str]) -> None:
    for said in ("n\nn\n", "y\nn\n", None):
        assert run("--apply", said=said).exit_code == 1
    assert published == []


def test_deliveries_are_asked_for_by_themselves(published: list[str]) -> None:
    done = run("--apply", said="n\ny\n")
    assert (done.exit_code, published) == (1, ["N2", "N3"])
    assert "2 corrections are published; 1 are not." in done.output
    published.clear()
    assert run("--apply", said="y\ny\n").exit_code == 0
    assert published == ["N1", "N2", "N3"]


def test_yes_publishes_no_delivery_unless_told_to(published: list[str]) -> None:
    done = run("--apply", "--yes")
    assert (done.exit_code, published) == (1, ["N2", "N3"])
    assert "add --deliveries" in done.stderr
    published.clear()
    assert run("--apply", "--yes", "--deliveries", "--json").exit_code == 0
    assert published == ["N1", "N2", "N3"]


def test_an_archived_shipment_is_not_corrected(published: list[str], plan: Plan) -> None:
    plan.effects["north:N2"].is_archived = True
    assert run("--apply", "--yes", "--deliveries").exit_code == 0
    assert published == ["N1", "N3"]


def test_what_is_left_as_it_is_is_shown_with_the_reason(published: list[str], plan: Plan) -> None:
    [event] = plan.compared.published["north:N2"]
    plan.corrections.clear()
    plan.effects.clear()
    plan.held = {"north:N2": [(event, TAKEN_BACK)]}
    done = run("--apply", "--yes")
    assert (done.exit_code, published) == (0, [])
    assert "left as it is: north:N2 delivered" in done.stdout
    assert "There is nothing to correct." in done.stdout


def test_refused_arguments_say_what_to_write() -> None:
    assert "--yes" in run("--apply", "--json").output
    assert "36h" in run("--until", "yesterday").output
    done = run("--file", str(HOME / "sendle" / "carrier.yaml"))
    assert (done.exit_code, "sendle" in done.output) == (2, True)


def test_a_time_or_how_long_ago() -> None:
    assert _instant("90m", 10_000_000, "") == 10_000_000 - 90 * 60_000
    assert _instant("2026-01-01T00:00Z", 0, "") == _instant("2026-01-01", 0, "") == 1_767_225_600_000
    assert _instant("2026-01-01T02:00+02:00", 0, "") == 1_767_225_600_000


def test_events_of_one_shipment_go_in_one_order(plan: Plan) -> None:
    again = replace(plan.corrections["north:N3"][0], event_id="a" * 32)
    plan.corrections["north:N3"].append(again)
    assert plan.to_publish(without={"north:N1", "north:N2"})[1] is again
