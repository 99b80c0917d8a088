"""What a feed never sent before is told once, with an example; what breaks its contract too often, as well."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.drift import (
    BREAKING_RECORDS,
    KEPT_HOURS,
    LEARNT_RECORDS,
    MOST_EXAMPLES,
    MOST_SHAPES,
    QUIET_MS,
    Told,
    sampled,
    shape,
)
from streams.feeds import Cadence, Observed, observe, sweep
from streams.model import AlertSignal, FeedActivity, FeedState, Novelty
from streams.vocabulary import AlertKind, AlertState, Severity
from tests.support.records import FakeRecord, records

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
        self._keep(observe([seen], self.states, WATCHED, self.now))

    def sweep(self) -> None:
        self._keep(sweep(self.states, WATCHED, self.now, 1_800_000))

    def _keep(self, out: Observed) -> None:
        self.states |= out.states
        self.alerts += out.alerts


@pytest.fixture
def learnt() -> Stage:
    stage = Stage()
    stage.hear("a: text", "b[]: number", records=LEARNT_RECORDS)
    return stage


def test_a_message_is_known_by_its_fields_and_the_kinds_of_their_values() -> None:
    message = {"number": "1Z", "scans": [{"at": 7, "ok": True}, {"at": 7.5, "note": None}], "empty": "", "none": []}
    assert shape(message) == {"number: text", "scans[].at: number", "scans[].ok: boolean"}


def test_keys_that_are_values_do_not_make_a_new_field_each() -> None:
    assert shape({"by_id": {"383707309": {"n": 1}, "383707310": {"n": 2}}}) == {"by_id.{}.n: number"}


@given(st.recursive(st.none() | st.text() | st.integers() | st.booleans(), lambda inner: st.lists(inner)
                    | st.dictionaries(st.text(max_size=5), inner), max_leaves=30))
def test_any_message_has_a_shape(message: Any) -> None:
    assert all(isinstance(part, str) for part in shape(message))


def test_a_worker_tells_a_thing_once_and_where_it_stands() -> None:
    told = Told()
    assert told.news("acme", ["a", "b"], FakeRecord("raw.acme.v1", 0, 7)) == [
        Novelty("a", "raw.acme.v1", 0, 7), Novelty("b", "raw.acme.v1", 0, 7),
    ]
    assert told.news("acme", ["b", "c"], FakeRecord("raw.acme.v1", 0, 8)) == [Novelty("c", "raw.acme.v1", 0, 8)]
    assert len(told.news("other", ["a"], FakeRecord("raw.other.v1", 0, 0))) == 1


def test_a_few_records_of_a_chunk_are_looked_at_and_of_a_small_one_all() -> None:
    assert [one.offset for one in sampled(records("raw.acme.v1", 0, 0, 2))] == [0, 1, 2]
    assert [one.offset for one in sampled(records("raw.acme.v1", 0, 0, 2_499))] == [0, 625, 1_250, 1_875]


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
