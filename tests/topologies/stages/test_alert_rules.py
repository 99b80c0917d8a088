"""How long to wait before an alert: the packaged file, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.alerts.routing import AlertPolicy, Escalation, Match, Route
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import TERMINAL, AlertKind, ExceptionType, Severity, Status
from topologies.stages.alert_rules import PACKAGED, load


def test_the_packaged_file_waits_for_every_status_a_shipment_can_stand_still_in() -> None:
    rules = load()
    waits = rules.patience.stalled
    standing = set(Status) - TERMINAL - {Status.PLANNED, Status.UNKNOWN, Status.TRACKING_EXPIRED}
    assert set(waits) == standing
    assert waits[Status.OUT_FOR_DELIVERY] == 86_400_000
    assert (rules.after_silence_ms, rules.until_heard_for_ms) == (1_800_000, 900_000)
    assert (rules.patience.factor, rules.patience.at_risk, rules.patience.learn) == (1.5, 86_400_000, 86_400_000)
    assert (rules.norms_at_least, rules.edi_unacknowledged_ms) == (50, 86_400_000)


def test_a_kind_set_to_never_has_no_time(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text(PACKAGED.read_text("utf-8").replace("proof_missing: 3d", "proof_missing: never"), "utf-8")
    assert load(file).patience.proof_missing is None
    assert load(file).patience.late == 7_200_000


def test_of_a_file_without_norms_and_edi_nothing_is_learnt_or_awaited(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    text = PACKAGED.read_text("utf-8").replace("edi_unacknowledged: 1d", "")
    file.write_text(text[: text.index("norms:")], "utf-8")
    rules = load(file)
    assert (rules.patience.at_risk, rules.patience.learn, rules.edi_unacknowledged_ms) == (None, None, None)


@pytest.mark.parametrize(
    ("was", "is_now", "said"),
    [
        ("at_least: 50", "at_least: 0", "norms.at_least: give a number above 0"),
        ("learn_after: 1d", "learn_after: later", "norms.learn_after: 'later' is no duration"),
        ("late: 2h", "late: soon", "late: 'soon' is no duration; write 90s, 15m, 2h, 3d or never"),
        ("late: 2h", "latest: 2h", "latest"),
        ("  in_transit: 4d", "  in_motion: 4d", "in_motion"),
        ("after_silence: 30m", "after_silence: never", "suspended.after_silence: give a duration"),
        ("raised_more_than: 3", "raised_more_than: 0", "flapping.raised_more_than: give 1 or more"),
        ("forgotten: 90d", "forgotten: 30d", "forgotten: signals are kept for 30d; give more than that"),
        ("grace: 1h", "grace: soon", "gathered.grace: 'soon' is no duration"),
        ("kinds: [shipment_stalled,", "kinds: [feed_stale,", "gathered.kinds: feed_stale cannot be shown under itself"),
        ("{severity: critical}", "{severity: urgent}", "routes.2.match.severity: Invalid enum value 'urgent'"),
        ("{severity: critical}", "{sevrity: critical}", "routes.2.match.sevrity: there is no such field"),
        ('"10000"', "a lot", "routes.3.match.value_at_least: 'a lot' is no amount; write 5000, or 5000 EUR"),
        ("after: 1h,", "after: later,", "routes.3.escalate.after: 'later' is no duration"),
    ],
)
def test_a_wrong_file_is_refused_by_file_line_and_field(tmp_path: Path, was: str, is_now: str, said: str) -> None:
    file = tmp_path / "alerts.yaml"
    wrong = PACKAGED.read_text("utf-8").replace(was, is_now)
    file.write_text(wrong, "utf-8")
    with pytest.raises(Fatal) as caught:
        load(file)
    assert said in str(caught.value)
    line = 1 + next(place for place, text in enumerate(wrong.splitlines()) if is_now.strip() in text)
    assert str(caught.value).startswith(f"{file}:{line}:")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=r"none\.yaml"):
        load(tmp_path / "none.yaml")


def test_the_packaged_routes_reach_somebody_with_every_alert() -> None:
    policy = load().policy
    assert policy.routes[-1] == Route(owner="operations", channels=("operations",))
    without = [route for route in policy.routes if not route.owner]
    assert {kind for route in without for kind in route.match.kinds} == {
        AlertKind.CONFIRMATION_OVERDUE, AlertKind.CANCELLATION_NOT_TAKEN,
    }, "their signals name an owner"
    assert all(route.channels for route in policy.routes)
    assert policy.gathered >= {AlertKind.SHIPMENT_STALLED, AlertKind.DELIVERY_LATE}
    assert (policy.grace_ms, policy.flaps, policy.quiet_ms) == (3_600_000, 3, 1_800_000)


def test_a_route_says_what_it_is_for_and_what_becomes_of_it(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    text = PACKAGED.read_text("utf-8").partition("routes:")[0]
    file.write_text(text + """\
routes:
  - match: {kind: [feed_stale], exception: damage, carrier: north, feed: [a, b], customer: C-1, value_at_least: 5.5 EUR}
    owner: desk
    severity: info
    escalate: {after: 90s, channels: [pager]}
""", "utf-8")
    [route] = load(file).policy.routes
    assert route == Route(
        Match(
            frozenset({AlertKind.FEED_STALE}), frozenset(), frozenset({ExceptionType.DAMAGE}), frozenset({"north"}),
            frozenset({"a", "b"}), frozenset({"C-1"}), 5.5, "EUR",
        ),
        "desk", (), Severity.INFO, Escalation(90_000, None, ("pager",)),
    )


def test_a_file_of_waits_alone_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text(PACKAGED.read_text("utf-8").partition("gathered:")[0], "utf-8")
    assert load(file).policy == AlertPolicy()
