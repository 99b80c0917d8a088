"""A feed's new codes and fields are told once, with an example; so is a feed that breaks its contract too often."""

from __future__ import annotations

import pytest

from streams.contracts.feeds import MOST_EXAMPLES, MOST_SHAPES
from streams.contracts.model import AlertSignal, FeedActivity, FeedState, Novelty
from streams.feeds.contract_drift import (
    BREAKING_RECORDS,
    KEPT_HOURS,
    LEARNT_RECORDS,
    QUIET_MS,
)
from streams.feeds.step import Cadence, FeedsOutputs, step, sweep
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import AlertKind, AlertState, Severity

NOON = 1_767_268_800_000
WATCHED = {"acme": Cadence(900, 10**6)}


class Stage:
    """The feeds stage over time."""

    def __init__(self) -> None:
        self.now = NOON
        self.states: dict[str, FeedState] = {}
        self.alerts: list[AlertSignal] = []

    def hear(self, *what: str, records: int = 1, broken: int = 0) -> None:
        novel = [Novelty(one, "raw.acme.v1", 0, place) for place, one in enumerate(what)]
        seen = FeedActivity("acme", records, broken, 0, None, None, self.now, [], 0, records, broken, novel)
        self._keep(step([seen], self.states, WATCHED, self.now))

    def sweep(self) -> None:
        self._keep(sweep(self.states, WATCHED, self.now, 1_800_000))

    def _keep(self, out: StepResult[FeedsOutputs, FeedState]) -> None:
        self.states |= out.states
        self.alerts += out.outputs.alerts


@pytest.fixture
def learnt() -> Stage:
    stage = Stage()
    stage.hear("a: text", "b[]: number", records=LEARNT_RECORDS)
    return stage


def test_a_young_feed_is_learnt_from() -> None:
    stage = Stage()
    stage.hear("a: text", records=LEARNT_RECORDS - 1)
    stage.hear("b: text")
    assert stage.alerts == []
    stage.hear("c: text")
    assert [alert.kind for alert in stage.alerts] == [AlertKind.CONTRACT_DRIFT]


def test_a_field_never_seen_raises_one_alert_with_the_record_it_stands_in(learnt: Stage) -> None:
    learnt.hear("a: text", "c.d: text")
    learnt.hear("c.d: text")
    [alert] = learnt.alerts
    assert (alert.state, alert.severity, alert.subject) == (AlertState.RAISED, Severity.WARNING, "acme")
    assert alert.message == "Feed acme sends what it never sent before: c.d: text (raw.acme.v1/0@1)"


def test_more_of_it_is_told_under_the_same_alert_up_to_a_few_examples(learnt: Stage) -> None:
    for number in range(MOST_EXAMPLES + 3):
        learnt.now += 1000
        learnt.hear(f"new{number}: text")
    assert len(learnt.alerts) == MOST_EXAMPLES
    assert len({(alert.alert_id, alert.raised_at) for alert in learnt.alerts}) == 1
    assert learnt.alerts[-1].message.count("raw.acme.v1") == MOST_EXAMPLES


def test_a_day_without_news_resolves_it(learnt: Stage) -> None:
    learnt.hear("c: text")
    learnt.now += QUIET_MS
    learnt.sweep()
    assert len(learnt.alerts) == 1
    learnt.now += 1
    learnt.sweep()
    learnt.sweep()
    assert [alert.state for alert in learnt.alerts] == [AlertState.RAISED, AlertState.RESOLVED]
    learnt.hear("c: text")
    assert len(learnt.alerts) == 2


def test_payloads_that_break_the_contract_too_often_are_critical(learnt: Stage) -> None:
    learnt.now += 2 * 3_600_000
    for _ in range(BREAKING_RECORDS - 1):
        learnt.hear(records=2, broken=1)
    assert learnt.alerts == []
    learnt.hear(records=2, broken=1)
    [alert] = learnt.alerts
    assert (alert.severity, alert.message) == (
        Severity.CRITICAL, "Feed acme 5 of its last 10 payloads broke its contract",
    )


def test_a_few_broken_ones_among_thousands_are_dead_letters_and_no_drift(learnt: Stage) -> None:
    learnt.hear(records=10_000, broken=BREAKING_RECORDS)
    assert learnt.alerts == []


def test_the_hours_kept_are_the_last_ones(learnt: Stage) -> None:
    for _ in range(KEPT_HOURS + 5):
        learnt.now += 3_600_000
        learnt.hear(records=2, broken=1)
    hours = learnt.states["acme"].drift
    assert len(hours) == KEPT_HOURS
    assert hours[-1].hour == learnt.now // 3_600_000


def test_what_a_feed_may_be_remembered_for_is_bounded(learnt: Stage) -> None:
    learnt.hear(*(f"field{number}: text" for number in range(MOST_SHAPES + 50)))
    assert len(learnt.states["acme"].shapes) == MOST_SHAPES
