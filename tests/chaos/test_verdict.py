"""The verdict on a fault: what is missing, what came twice, what differs; and when that breaks a promise."""

from __future__ import annotations

from typing import Any

import pytest

from config.settings import Processing
from tests.chaos.verdict import Verdict, compared
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
