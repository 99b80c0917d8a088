"""The audit records of actions: who, what, on what, and what was before."""

from __future__ import annotations

from msgspec import structs

from connectors.kafka.action_audits import of_alert, of_feed, of_master_record
from streams.contracts.audit import ActionDetail, Actor, details_of
from streams.contracts.model import AlertAction, FeedPause, MasterRecord
from streams.kernel.vocabulary import ActionChannel, ActionKind, ActorKind, MasterKind, SubjectKind

ADA = Actor("Ada", ActorKind.PERSON, ActionChannel.TOWER, "operator")
AT = 1_790_000_000_000
NORTH = MasterRecord(MasterKind.CARRIER, "north", AT, "Ada", name="North Freight", aliases=["NF"])


def test_an_action_bears_who_did_it_by_which_way() -> None:
    audit = of_alert(ADA, AlertAction("a1", ActionKind.SNOOZE, "Ada", AT, "later", AT + 3_600_000))
    assert (audit.who, audit.actor, audit.channel, audit.role, audit.at) == (*ADA[:3], "operator", AT)
    assert (audit.action, audit.key, audit.reason) == ("alert.snooze", "alert:a1", "later")
    assert audit.details == [ActionDetail("until", "2026-09-21T15:13:20Z")]


def test_two_actions_of_one_moment_have_two_ids() -> None:
    done = AlertAction("a1", ActionKind.RESOLVE, "Ada", AT)
    assert of_alert(ADA, done).action_id != of_alert(ADA, done).action_id


def test_a_reference_is_named_with_its_shipment_before_and_after() -> None:
    record = MasterRecord(MasterKind.REFERENCE, "bol:B1", AT, "Ada", carrier="ups", tracking_number="1Z")
    first = of_master_record(ADA, record, None)
    assert (first.action, first.key, first.details) == (
        "reference.resolve", "reference:bol:B1", [ActionDetail("shipment", "ups:1Z")],
    )
    moved = of_master_record(ADA, structs.replace(record, tracking_number="2Z"), record)
    assert moved.details == [ActionDetail("shipment", "ups:2Z", "ups:1Z")]
    gone = of_master_record(ADA, structs.replace(record, withdrawn=True), record)
    assert (gone.action, gone.details) == ("reference.withdraw", [ActionDetail("withdrawn", "True")])


def test_master_data_says_what_changed_alone() -> None:
    changed = of_master_record(ADA, structs.replace(NORTH, scac="NRTH", aliases=[]), NORTH)
    assert (changed.action, changed.subject_kind, changed.subject) == (
        "master_data.enter", SubjectKind.MASTER_DATA, "carrier:north",
    )
    assert changed.details == [ActionDetail("scac", "NRTH"), ActionDetail("aliases", "", "NF")]


def test_a_pause_says_why_and_a_resumption_until_when_nothing_pauses_it() -> None:
    paused = of_feed(ADA, FeedPause("ups", True, AT, "Ada", "mend it"))
    assert (paused.action, paused.key, paused.reason, paused.details) == ("feed.pause", "feed:ups", "mend it", [])
    resumed = of_feed(ADA, FeedPause("ups", False, AT, "Ada", "", AT))
    assert resumed.details == [ActionDetail("unlimited_until", "2026-09-21T14:13:20Z")]


def test_details_leave_out_what_says_nothing() -> None:
    assert details_of({"a": None, "b": "", "c": [], "d": 0}) == [ActionDetail("d", "0")]
