"""The verdict on a fault: what is missing, what came twice, what differs; and when that breaks a promise."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from config.settings import Processing
from streams.contracts.model import DeliveryMilestone
from streams.kernel.vocabulary import Correction, ExceptionType, Milestone, Reason
from tests.chaos.verdict import Verdict, compared, repeats
from tests.day.outcome import Outcome

PLAIN = Outcome({b"a": b"1", b"b": b"2"}, {}, frozenset({"u1", "u2"}), frozenset({"m1"}), frozenset({"e1", "e2"}), 3)


def verdict(mode: Processing = Processing.EXACTLY_ONCE, doubled: int = 0, **found: Any) -> Verdict:
    return compared("a fault", mode, PLAIN._replace(**found), PLAIN, doubled, 1.0)


def test_the_same_outcome_holds() -> None:
    assert verdict() == Verdict("a fault", Processing.EXACTLY_ONCE, 0, 0, 0, 1.0)
    assert verdict().holds


@pytest.mark.parametrize(
    "found",
    [
        {"events": frozenset({"e1"})}, {"updates": frozenset({"u1"})}, {"milestones": frozenset[str]()},
        {"refused": 2}, {"states": {b"a": b"1"}}, {"states": {b"a": b"1", b"b": b"3"}},
    ],
    ids=["an event", "an update", "a milestone", "a dead letter", "a record", "another record"],
)
def test_what_is_missing_or_differs_breaks_the_promise(found: dict[str, Any]) -> None:
    assert not verdict(**found).holds
    assert not verdict(Processing.AT_LEAST_ONCE, **found).holds


def test_only_at_least_once_may_repeat() -> None:
    assert verdict(Processing.AT_LEAST_ONCE, doubled=4).holds
    assert not verdict(doubled=1).holds


def test_a_fact_replaced_twice_in_other_words_is_told_once_each() -> None:
    new = DeliveryMilestone(
        "m1", "DN-1", "SO-1", "C-1", "river", "N1", Milestone.PICKED_UP, 1_700_000_000_000, ExceptionType.NONE,
        Reason.NORMAL, None, "e1",
    )
    second = structs.replace(new, event_id="e2", correction=Correction.REPLACES, corrects="e1", because_of="e2")
    third = structs.replace(second, event_id="e3", corrects="e2", because_of="e3")
    assert repeats([new, second, third]) == 0
    assert repeats([new, second, new, second]) == 2
