"""Foreign text is shown as it stands by every command, and controls no terminal.

Each command that prints has a line in ``COMMANDS``; a new one fails here until it has one, too.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from msgspec.structs import replace
from typer.testing import CliRunner

from config import headers
from config.settings import Settings
from config.topics import STATIC
from connectors.drop import watcher
from streams.contracts.model import (
    Alert,
    CarrierEvent,
    CustomerUpdate,
    DeliveryMilestone,
    EnrichedEvent,
    ErpPosting,
    FeedPause,
    MasterRecord,
    ShipmentState,
)
from streams.identity.matching import MatchingRules
from streams.identity.record import ReferenceRecord
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import AlertState, MasterKind, RejectReason, Status
from streams.shipments.timers.expected_dwell import Usual
from tests.support.foreign_text import FOREIGN, NUMBER, SHOWN_AS_IT_STANDS, ForeignMessage, controls, filled
from tests.support.records import FakeRecord
from topologies.cli import carrier, carrier_diff, drop, main, masterdata, norms, settings, status, tail, up
from topologies.local_stack import stack
from topologies.operations import (
    alert_actions,
    alert_board,
    changelog_repair,
    doubtful_deliveries,
    feed_pauses,
    file_publisher,
    manual_resolution,
    master_data,
    polling_status,
    remap,
    shipment_trace,
)
from topologies.operations.dry_run import Findings, Tried
from topologies.operations.remap_effects import Effect
from topologies.operations.remap_reading import Asked, Compared
from topologies.operations.status import StackStatus
from topologies.runtime.changelog_record import Unreadable

APP = main.app
ALERT = replace(filled(Alert), state=AlertState.RAISED)
UNDER = replace(ALERT, under=ALERT.alert_id)
EVENT = {"occurred_at": NUMBER, "carrier": FOREIGN, "milestone": FOREIGN, "shipment": FOREIGN}
LINE = {"order_id": FOREIGN, "delivery_id": FOREIGN, "carrier": FOREIGN, "tracking_number": FOREIGN, "withdrawn": True}
HELD_BACK = {"shipment": FOREIGN, "status": "planned", "delivered_at": NUMBER, "orders": [FOREIGN], "why": FOREIGN}
CONFIRMED = {"shipment": FOREIGN, "delivered_at": NUMBER, "customers": [FOREIGN], "deliveries": [FOREIGN]}
CONSEQUENCES = {"told": [EVENT], "taken_back": [EVENT], "lines": [LINE], "still_waiting": 2}
WAITING = {
    "reference": FOREIGN, "waiting_since": NUMBER, "updated_at": NUMBER, "events": [EVENT], "lines": [LINE],
    "candidates": [FOREIGN],
}
ORDER = {"order_id": FOREIGN, "delivery_id": FOREIGN, "customer_id": FOREIGN, "waits_for": FOREIGN, "why": FOREIGN,
         "updated_at": NUMBER}
SHIPMENT = {"shipment": FOREIGN, "status": FOREIGN, "events": 2, "updated_at": NUMBER}
FEED = {"feed": FOREIGN, "due": 1, "waiting": 1, "settled": 1, "not_found": 1, "expired": 1, "next_due_at": NUMBER,
        "circuit": FOREIGN, "circuit_retry_at": NUMBER, "circuit_reason": FOREIGN}
REQUEST = {"feed": FOREIGN, "tracking_number": FOREIGN, "status": FOREIGN, "due_at": NUMBER, "asked": 1,
           "failures": 1, "not_found": 0, "detail": FOREIGN}
SAMPLE = json.dumps({"number": FOREIGN, "events": [{"code": FOREIGN, FOREIGN: FOREIGN, "at": "2026-11-02T10:00:00Z"}]})

COMMANDS = {
    "alerts list": "alerts list",
    "alerts show": "alerts show [",
    "alerts ack": "alerts ack [ --by mo",
    "alerts snooze": "alerts snooze [ --by mo",
    "alerts resolve": "alerts resolve [ --by mo",
    "alerts reopen": "alerts reopen [ --by mo",
    "alerts assign": "alerts assign [ --by mo --to jo",
    "carrier list": "carrier list",
    "carrier try": "carrier try ups sample.json",
    "carrier check": "carrier check ups sample.json",
    "carrier diff": "carrier diff ups --since 7d",
    "carrier new": "carrier new westfreight --sample sample.json",
    "drop": "drop --once",
    "feed": "feed ups sample.json",
    "feeds paused": "feeds paused",
    "feeds resume": "feeds resume [ --by mo",
    "delivery list": "delivery list",
    "delivery confirm": "delivery confirm ups:N1",
    "identity list": "identity list",
    "identity resolve": "identity resolve bol:B1 ups:N1",
    "identity withdraw": "identity withdraw bol:B1",
    "masterdata import": "masterdata import records.csv",
    "masterdata list": "masterdata list",
    "masterdata export": "masterdata export",
    "norms": "norms",
    "orders waiting": "orders waiting",
    "poll status": "poll status",
    "poll": "poll --dry-run",
    "settings": "settings",
    "state check": "state check norms",
    "state inspect": "state inspect ups:N1 --raw",
    "state repair": "state repair norms 0 1",
    "state skip": "state skip norms 0 1",
    "status": "status",
    "tail": "tail carrier.events --from-beginning --until-end",
    "topics": "topics",
    "up": "up --verbose",
}
NOTHING_FOREIGN = {"demo", "gateway", "registry", "stage", "version"}
"""They print their own words, or only logs (JSON)."""
NO_JSON = {"feed", "masterdata export", "up", *(name for name in COMMANDS if name.startswith("alerts "))}
NO_JSON -= {"alerts list", "alerts show"}
IN_SEVERAL_LINES = {COMMANDS[name] for name in ("carrier new", "masterdata export", "state inspect", "tail", "up")}
"""They print texts as they are cut into lines."""


class Board:
    """Two alerts, without a broker."""

    def __init__(self, *_: Any) -> None:
        self.alerts = {ALERT.alert_id: ALERT, "under": UNDER}

    found = alert_board.AlertBoard.found

    def update(self, _: float) -> list[Alert]:
        return []

    def close(self) -> None:
        """Nothing is open."""


class Repair:
    """A state topic with one record that cannot be read."""

    UNREADABLE = Unreadable(
        FakeRecord(FOREIGN, 0, 1, FOREIGN.encode(), b"junk"), Reject(RejectReason.MALFORMED, FOREIGN)
    )

    def __init__(self, *_: Any) -> None:
        """Read nothing."""

    def unreadable(self, **_: Any) -> list[Unreadable]:
        return [self.UNREADABLE]

    def plan(self, remedy: changelog_repair.Remedy, *_: Any) -> changelog_repair.Plan:
        return changelog_repair.Plan(remedy, self.UNREADABLE, None, None)


class Watcher:
    """A look at drop folders that finds a file."""

    waiting = 0

    def __init__(self, *_: Any) -> None:
        """Watch nothing."""

    def look(self) -> list[Any]:
        return [SimpleNamespace(file=FOREIGN, records=1, reason=FOREIGN)]

    def close(self) -> None:
        """Nothing is open."""


class Stack:
    """A stack that starts, says what it may say, and ends."""

    gateway_url = FOREIGN

    def __init__(self, settings: Settings, say: Any, hear: Any, **_: Any) -> None:
        self.settings = settings.replace(bootstrap=FOREIGN, registry_url=FOREIGN, data_dir=Path(FOREIGN))
        self._said = (say, hear)

    def start(self, _: Any) -> bool:
        for one in self._said:
            one(FOREIGN, FOREIGN)
        return True

    def run(self, _: Any) -> None:
        """It has ended."""

    stop = run


@pytest.fixture(autouse=True)
def sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever a command reads is foreign text."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample.json").write_text(SAMPLE, "utf-8")
    (tmp_path / "records.csv").write_text(f'kind,id,name\ncarrier,north,"{FOREIGN}"\n'.replace("\0", ""), "utf-8")
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SHIPSYNC_DROP_DIR", str(tmp_path))
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("SHIPSYNC_CARRIERS_DIR", str(tmp_path / "own"))
    monkeypatch.setenv("COLUMNS", "3000")
    event = filled(EnrichedEvent)
    record = replace(filled(MasterRecord), kind=MasterKind.CARRIER, withdrawn=False)
    traced = shipment_trace.TracedEvent(event, FOREIGN.encode())
    for module, name, value in (
        (alert_board, "AlertBoard", Board), (alert_actions, "act", lambda *_: None),
        (carrier, "read_file", lambda *_: filled(Tried)), (carrier, "examine", lambda *_: filled(Findings)),
        (changelog_repair, "ChangelogRepair", Repair),
        (remap, "plan", lambda *_: foreign_plan()), (carrier_diff, "carrier_of", lambda *_: None),
        (watcher, "Watcher", Watcher), (drop, "stack_file", SimpleNamespace(resolve=lambda one: one)),
        (feed_pauses, "paused", lambda *_: [filled(FeedPause)]), (feed_pauses, "resume", lambda *_: filled(FeedPause)),
        (file_publisher, "send", lambda *_: [file_publisher.Outcome(Path(FOREIGN), FOREIGN, FOREIGN, None)]),
        (doubtful_deliveries, "held_back", lambda _: [HELD_BACK]),
        (doubtful_deliveries, "known_of", lambda *_: None), (doubtful_deliveries, "confirmation", lambda *_: None),
        (doubtful_deliveries, "consequences", lambda *_: CONFIRMED),
        (manual_resolution, "waiting", lambda _: [WAITING]),
        (manual_resolution, "rules_of", lambda _: MatchingRules(1)),
        (manual_resolution, "known_of", lambda *_: ReferenceRecord("bol", "B1")),
        (manual_resolution, "decided", lambda *_: record), (manual_resolution, "taken_back", lambda *_: record),
        (manual_resolution, "consequences", lambda *_: CONSEQUENCES),
        (manual_resolution, "never_found", lambda _: {"lines": [ORDER], "shipments": [SHIPMENT]}),
        (masterdata, "sys", SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True))),
        (master_data, "known", lambda _: {FOREIGN: record}), (norms, "read", lambda _: [filled(Usual)]),
        (polling_status, "look", lambda *_: [FEED]), (polling_status, "planned", lambda *_: [REQUEST]),
        (settings, "shown", lambda *_: FOREIGN), (status, "current", lambda _: filled(StackStatus)),
        (status, "_alert_board", no_board), (status, "_look_again", lambda *_: filled(StackStatus)),
        (status, "REFRESH_SECONDS", 0), (shipment_trace, "inspect", lambda *_: shipment_trace.Inspected(
            filled(ShipmentState), [traced, shipment_trace.TracedEvent(event, None)], [filled(ShipmentState)]
        )),
        (tail, "records", lambda *_: iter([ForeignMessage(), ForeignMessage(headers.REASON, headers.ERROR_TOPIC)])),
        (tail, "full_name", lambda *_: "any"), (stack, "Stack", Stack), (up, "_signals", list),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)


def foreign_plan() -> remap.Plan:
    """A re-map of events, with foreign text, that are published, corrected and left as they are."""
    event, place = filled(CarrierEvent), (FOREIGN, 0, 1)
    compared = Compared(
        left_out=Counter({FOREIGN: 1}), dead_letters={place: FOREIGN}, refused=Counter({FOREIGN: 1}),
        refusals=[(place, FOREIGN)], published={FOREIGN: [event]},
    )
    effect = Effect(
        FOREIGN, Status.PLANNED, Status.DELIVERED, {FOREIGN, "1"}, {"1": filled(CustomerUpdate)},
        [filled(DeliveryMilestone)], [filled(ErpPosting)], [FOREIGN],
    )
    return remap.Plan(
        FOREIGN, Asked(NUMBER, None, 0), compared, {FOREIGN: [event]}, {FOREIGN: [(event, FOREIGN)]}, {FOREIGN: effect}
    )


@contextmanager
def no_board(_: Any) -> Iterator[None]:
    """No alerts are read."""
    yield None


def run(line: str) -> str:
    done = CliRunner().invoke(APP, line.split(" "))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (0, 1), done.output
    return done.output


def commands(group: Any, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield before + name
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name


def test_every_command_is_tried_here() -> None:
    assert set(commands(typer.main.get_command(APP))) == {*COMMANDS, *NOTHING_FOREIGN}


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_a_command_shows_foreign_text_as_it_stands(line: str) -> None:
    shown = run(line)
    assert controls(shown) == ""
    if line not in ("carrier list", "topics"):
        assert SHOWN_AS_IT_STANDS in shown, shown
    if line not in IN_SEVERAL_LINES:
        assert not [one for one in shown.splitlines() if one.lstrip("│ ").startswith("next line")]


@pytest.mark.parametrize("line", [line for name, line in COMMANDS.items() if name not in NO_JSON])
def test_json_holds_foreign_text_and_shows_it_escaped(line: str) -> None:
    shown = run(f"{line} --json".replace(" --raw", ""))
    assert controls(shown) == ""
    for one in shown.splitlines() if line.startswith("tail") else [shown]:
        json.loads(one)
    if line not in ("carrier list", "topics"):
        assert SHOWN_AS_IT_STANDS in shown


def test_topics_are_shown_as_they_are_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = dataclasses.replace(STATIC[0], name=FOREIGN, what=FOREIGN, key=FOREIGN)
    monkeypatch.setattr(stack, "catalogue", lambda _: [declared])
    shown = run("topics")
    assert SHOWN_AS_IT_STANDS in shown
    assert controls(shown) == ""


def test_carriers_are_listed_as_they_are_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    own = SimpleNamespace(
        feed=FOREIGN, name=FOREIGN, formats=[FOREIGN], expect_every_s=60, stale_after_s=60, source=FOREIGN
    )
    monkeypatch.setattr(carrier, "_carriers", lambda: [own])
    shown = run("carrier list")
    assert SHOWN_AS_IT_STANDS in shown
    assert controls(shown) == ""


def test_an_error_is_shown_as_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    main._complain(FOREIGN)
    shown = capsys.readouterr().err
    assert SHOWN_AS_IT_STANDS in shown
    assert controls(shown) == ""


def test_a_wrong_line_of_an_import_is_shown_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "records.csv").write_text(f"kind,id,scac\n{FOREIGN.splitlines()[0]},a,\n".replace("\0", ""), "utf-8")
    shown = run("masterdata import records.csv")
    assert SHOWN_AS_IT_STANDS in shown
    assert controls(shown) == ""


def test_a_wrong_argument_is_shown_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "sample.json").write_bytes(FOREIGN.encode())
    done = CliRunner().invoke(APP, ["carrier", "new", "westfreight", "--sample", "sample.json"])
    assert done.exit_code == 2
    assert controls(done.output) == ""
