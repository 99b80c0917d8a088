"""Foreign text is shown as it stands by every command, and controls no terminal.

Each command that prints has a line in ``COMMANDS``; a new one fails here until it has one, too.
"""

from __future__ import annotations

import dataclasses
import json
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from config import headers
from config.topics import STATIC
from connectors.drop import watcher
from connectors.kafka import alert_actions, person_actions
from connectors.outbound import recipient_book, redelivery, subscription_book
from connectors.outbound.answers import Answer
from streams.contracts.bookings import BookingDecision, BookingState, Candidate
from streams.contracts.model import (
    AuditAction,
    DeadLetter,
    EnrichedEvent,
    FeedPause,
    FulfilmentDecision,
    FulfilmentState,
    MasterRecord,
    ShipmentDocument,
    ShipmentState,
)
from streams.contracts.outbound import CustomerSubscriptions, OutboundOutcome
from streams.contracts.recipients import PastMessage
from streams.identity.matching import MatchingRules
from streams.identity.record import ReferenceRecord
from streams.kernel.vocabulary import AttemptResult, MasterKind
from streams.paging.channels import Channel, Service
from streams.paging.told import ToldOn
from streams.shipments.timers.expected_dwell import Usual
from tests.support.command_line import TERMINAL, is_group, walk
from tests.support.foreign_stand_ins import (
    CONFIRMED,
    CONSEQUENCES,
    FEED,
    HELD_BACK,
    ORDER,
    REQUEST,
    SAMPLE,
    SHIPMENT,
    WAITING,
    Board,
    ForeignEndpoints,
    ForeignRecipients,
    ForeignStore,
    Repair,
    Stack,
    Watcher,
    foreign_answer,
    foreign_plan,
    foreign_store,
    foreign_trace,
    foreign_trials,
    no_board,
)
from tests.support.foreign_text import FOREIGN, SHOWN_AS_IT_STANDS, ForeignMessage, controls, filled
from topologies.cli import carrier, carrier_diff, main, masterdata, read_model, settings, status, tail, up
from topologies.local_stack import stack
from topologies.operations import (
    alert_board,
    alert_routes,
    audit_trail,
    booking_board,
    changelog_repair,
    dead_letter_replay,
    document_board,
    doubtful_deliveries,
    dry_run,
    feed_pauses,
    file_publisher,
    fulfilment_board,
    manual_resolution,
    master_data,
    notification_log,
    order_trace,
    polling_status,
    posting_board,
    remap,
    shipment_trace,
    told_channels,
    webhook_endpoints,
)
from topologies.operations.dry_run import Findings, Tried
from topologies.operations.status import StackStatus
from topologies.stages import norm_table

APP = main.app

COMMANDS = {
    "audit": "audit",
    "alerts list": "alerts list",
    "alerts show": "alerts show [",
    "alerts ack": "alerts ack [",
    "alerts snooze": "alerts snooze [",
    "alerts resolve": "alerts resolve [",
    "alerts reopen": "alerts reopen [",
    "alerts assign": "alerts assign [ --to jo",
    "carrier list": "carrier list",
    "carrier try": "carrier try ups sample.json",
    "carrier check": "carrier check ups sample.json",
    "carrier diff": "carrier diff ups --since 7d",
    "carrier new": "carrier new westfreight --sample sample.json",
    "drop": "drop --once",
    "feed": "feed ups sample.json",
    "find": "find N1",
    "show": "show ups:N1",
    "feeds paused": "feeds paused",
    "feeds pause": "feeds pause ups --why drift",
    "feeds resume": "feeds resume [",
    "deadletters list": "deadletters list",
    "deadletters replay": "deadletters replay --feed ups",
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
    "trace": "trace SO-1",
    "up": "up --verbose",
    "subscriptions add": "subscriptions add C-1 a@x.example",
    "subscriptions change": "subscriptions change C-1 sub",
    "subscriptions list": "subscriptions list",
    "subscriptions pause": "subscriptions pause C-1 sub",
    "subscriptions remove": "subscriptions remove C-1 sub",
    "subscriptions resume": "subscriptions resume C-1 sub",
    "webhooks redeliver": "webhooks redeliver C-1 msg",
    "bookings list": "bookings list",
    "bookings show": "bookings show D-1",
    "bookings choose": "bookings choose D-1",
    "bookings book": "bookings book D-1 --reason agreed",
    "bookings rebook": "bookings rebook D-1 --reason agreed",
    "bookings accept": "bookings accept D-1 --reason agreed",
    "bookings refuse": "bookings refuse D-1 --reason agreed",
    "bookings cancel": "bookings cancel D-1 --reason agreed",
    "bookings close": "bookings close D-1 --reason agreed",
    "bookings invoices": "bookings invoices",
    "documents list": "documents list",
    "documents show": "documents show 5e",
    "documents fetch": "documents fetch 5e",
    "fulfilment list": "fulfilment list",
    "fulfilment show": "fulfilment show D-1",
    "fulfilment release": "fulfilment release D-1 --reason agreed",
    "fulfilment waive": "fulfilment waive D-1 --reason agreed",
    "fulfilment close": "fulfilment close D-1 --reason agreed",
    "postings": "postings",
    "postings list": "postings list",
    "postings retry": "postings retry msg",
    "postings abandon": "postings abandon msg",
    "webhooks add": "webhooks add C-1 https://x.example/",
    "alerts test": "alerts test ops",
    "webhooks dryrun": "webhooks dryrun C-1 ep",
    "webhooks list": "webhooks list",
    "webhooks log": "webhooks log",
    "webhooks pause": "webhooks pause C-1 ep",
    "webhooks remove": "webhooks remove C-1 ep",
    "webhooks resume": "webhooks resume C-1 ep",
    "webhooks rotate": "webhooks rotate C-1 ep",
    "webhooks test": "webhooks test C-1 ep",
}
NOTHING_FOREIGN = {
    "completion", "delivery refuse", "demo", "erp check", "fulfilment check", "gateway",
    "bookings check", "send bookings", "keys new", "link", "portal",
    "registry",
    "send notifications", "alerts routes", "alerts secret", "pull documents", "pull orders",
    "send alerts",
    "send postings", "stage", "users new", "version", "views check", "views follow", "views rebuild", "views status",
}
"""They print their own words, or only logs (JSON)."""
NO_JSON = {"masterdata export", "up", *(name for name in COMMANDS if name.startswith("alerts "))}
NO_JSON -= {"alerts list", "alerts show", "alerts test"}
IN_SEVERAL_LINES = {COMMANDS[name] for name in ("carrier new", "masterdata export", "state inspect", "tail", "up")}
"""They print texts as they are cut into lines."""


@pytest.fixture(autouse=True)
def sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every text a command reads is foreign."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample.json").write_text(SAMPLE, "utf-8")
    (tmp_path / "records.csv").write_text(f'kind,id,name\ncarrier,north,"{FOREIGN}"\n'.replace("\0", ""), "utf-8")
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SHIPSYNC_DROP_DIR", str(tmp_path))
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("SHIPSYNC_CARRIERS_DIR", str(tmp_path / "own"))
    event = filled(EnrichedEvent)
    record = replace(filled(MasterRecord), kind=MasterKind.CARRIER, withdrawn=False)
    traced = shipment_trace.TracedEvent(event, FOREIGN.encode())
    for module, name, value in (
        (alert_board, "AlertBoard", Board), (told_channels, "told_by_alert", foreign_told),
        (alert_actions, "act", lambda *_: None),
        (person_actions, "recorded", lambda *_: nullcontext()),
        (dry_run, "read_file", lambda *_: filled(Tried)), (dry_run, "examine", lambda *_: filled(Findings)),
        (changelog_repair, "ChangelogRepair", Repair),
        (remap, "plan", lambda *_: foreign_plan()), (carrier_diff, "carrier_of", lambda *_: None),
        (watcher, "Watcher", Watcher),
        (feed_pauses, "paused", lambda *_: [filled(FeedPause)]), (feed_pauses, "resume", lambda *_: filled(FeedPause)),
        (feed_pauses, "pause", lambda *_: filled(FeedPause)),
        (audit_trail, "actions", lambda *_: [filled(AuditAction)]),
        (file_publisher, "send", lambda *_: [file_publisher.Outcome(Path(FOREIGN), FOREIGN, FOREIGN, None)]),
        (dead_letter_replay, "letters", lambda *_: [filled(DeadLetter)]),
        (dead_letter_replay, "tried", foreign_trials), (dead_letter_replay, "replayed", lambda _: set()),
        (doubtful_deliveries, "held_back", lambda _: [HELD_BACK]),
        (doubtful_deliveries, "known_of", lambda *_: None), (doubtful_deliveries, "confirmation", lambda *_: None),
        (doubtful_deliveries, "consequences", lambda *_: CONFIRMED),
        (read_model, "opened", foreign_store),
        (manual_resolution, "waiting", lambda _: [WAITING]),
        (manual_resolution, "rules_of", lambda _: MatchingRules(1)),
        (manual_resolution, "known_of", lambda *_: ReferenceRecord("bol", "B1")),
        (manual_resolution, "decided", lambda *_: record), (manual_resolution, "taken_back", lambda *_: record),
        (manual_resolution, "consequences", lambda *_: CONSEQUENCES),
        (manual_resolution, "never_found", lambda _: {"lines": [ORDER], "shipments": [SHIPMENT]}),
        (masterdata, "sys", SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True))),
        (master_data, "known", lambda _: {FOREIGN: record}), (norm_table, "read", lambda _: [filled(Usual)]),
        (polling_status, "look", lambda *_: [FEED]), (polling_status, "planned", lambda *_: [REQUEST]),
        (settings, "shown", lambda *_: FOREIGN), (status, "running", lambda _: filled(StackStatus)),
        (status, "_alert_board", no_board), (status, "_look_again", lambda *_: filled(StackStatus)),
        (status, "REFRESH_SECONDS", 0), (order_trace, "trace", lambda *_: foreign_trace()),
        (shipment_trace, "inspect", lambda *_: shipment_trace.Inspected(
            filled(ShipmentState), [traced, shipment_trace.TracedEvent(event, None)], [filled(ShipmentState)]
        )),
        (tail, "records", lambda *_: iter([ForeignMessage(), ForeignMessage(headers.REASON, headers.ERROR_TOPIC)])),
        (tail, "full_name", lambda *_: "any"), (webhook_endpoints, "Endpoints", ForeignEndpoints),
        (subscription_book, "known", lambda _: {FOREIGN: filled(CustomerSubscriptions)}),
        (alert_routes, "channel_of", lambda *_: Channel("ops", Service.SLACK, "OPS")),
        (alert_routes, "send", lambda *_: Answer(AttemptResult.ACCEPTED, FOREIGN, 200)),
        (notification_log, "last_outcomes", lambda *_, **__: [filled(OutboundOutcome)]),
        (booking_board, "deliveries", lambda *_, **__: [filled(BookingState)]),
        (booking_board, "invoices", lambda *_, **__: [filled(booking_board.Invoiced)]),
        (booking_board, "known_of", lambda *_: filled(BookingState)),
        (booking_board, "choice", lambda *_: [filled(Candidate)]),
        (booking_board, "decide", lambda *_: filled(BookingDecision)),
        (document_board, "listed", lambda *_, **__: [filled(ShipmentDocument)]),
        (document_board, "one_of", lambda *_: filled(ShipmentDocument)),
        (document_board, "check", lambda *_: None), (document_board, "ask_again", lambda *_: None),
        (fulfilment_board, "waiting", lambda *_, **__: [filled(FulfilmentState)]),
        (fulfilment_board, "known_of", lambda *_: filled(FulfilmentState)),
        (fulfilment_board, "decide", lambda *_: filled(FulfilmentDecision)),
        (posting_board, "board", lambda *_: [filled(posting_board.Placed)]),
        (posting_board, "decide", lambda *_: filled(posting_board.Placed)),
        (recipient_book, "RecipientBook", ForeignRecipients), (recipient_book, "write", lambda *_: None),
        (redelivery, "send_again", lambda *_: filled(PastMessage)),
        (webhook_endpoints, "write", lambda *_: None), (webhook_endpoints, "tried", foreign_answer),
        (stack, "Stack", Stack), (up, "_signals", list),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)


def foreign_told(_: object) -> dict[str, list[ToldOn]]:
    return {one.alert_id: [filled(ToldOn)] for one in Board().alerts.values()}


def run(line: str) -> str:
    done = CliRunner().invoke(APP, line.split(" "))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (0, 1), done.output
    return done.output


def test_every_command_is_tried_here() -> None:
    assert {path for path, command in walk() if not is_group(command)} == {*COMMANDS, *NOTHING_FOREIGN}


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_a_command_shows_foreign_text_as_it_stands(line: str) -> None:
    shown = run(line)
    assert controls(shown.replace("\t", "")) == ""
    if line not in ("carrier list", "topics"):
        assert SHOWN_AS_IT_STANDS in shown, shown
    if line not in IN_SEVERAL_LINES:
        assert not [one for one in shown.splitlines() if one.startswith("next line")]


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_a_terminal_of_80_columns_is_not_controlled_by_foreign_text(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**TERMINAL, "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    shown = run(line)
    assert controls(shown) == ""
    if line not in ("carrier list", "topics"):
        assert "[/x] :one:" in " ".join(shown.split()), shown


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
    assert controls(shown.replace("\t", "")) == ""


def test_carriers_are_listed_as_they_are_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    own = SimpleNamespace(
        feed=FOREIGN, name=FOREIGN, formats=[FOREIGN], expect_every_s=60, stale_after_s=60, source=FOREIGN
    )
    monkeypatch.setattr(carrier, "_carriers", lambda: [own])
    shown = run("carrier list")
    assert SHOWN_AS_IT_STANDS in shown
    assert controls(shown.replace("\t", "")) == ""


@pytest.mark.parametrize("key", ["SO-1", "aaaa"])
def test_an_order_and_an_alert_are_shown_as_they_stand(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ForeignStore, "shipment", lambda *_: None)
    if key == "aaaa":
        monkeypatch.setattr(ForeignStore, "order", lambda *_: None)
    shown = run(f"show {key}")
    assert SHOWN_AS_IT_STANDS in shown
    assert controls(shown.replace("\t", "")) == ""


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
