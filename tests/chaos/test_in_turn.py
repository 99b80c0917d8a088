"""Faults played several at a time: their verdicts come in order, and an error ends them."""

from __future__ import annotations

import threading

import pytest

from config.settings import Processing
from tests.chaos.__main__ import Play, in_turn
from tests.chaos.faults import FAULTS
from tests.chaos.verdict import Verdict
from tests.support.waiting import PATIENCE

PLAYS = [
    Play(FAULTS[name], Processing.EXACTLY_ONCE, seed)
    for seed, name in enumerate(("kills", "freezes", "disk", "all"))
]


def verdict(one: Play) -> Verdict:
    return Verdict(one.fault.what, one.mode, 0, 0, 0, float(one.seed))


def test_as_many_run_at_a_time_as_asked_for_and_the_verdicts_come_in_order() -> None:
    together = threading.Barrier(2)

    def act(one: Play) -> Verdict:
        together.wait(PATIENCE)  # breaks where fewer than two run at a time
        return verdict(one)

    assert list(in_turn(PLAYS, 2, act)) == [verdict(one) for one in PLAYS]


def test_an_error_of_one_comes_out() -> None:
    def act(one: Play) -> Verdict:
        if one is PLAYS[1]:
            raise AssertionError("it never catches up")
        return verdict(one)

    found = in_turn(PLAYS, 2, act)
    assert next(found) == verdict(PLAYS[0])
    with pytest.raises(AssertionError, match="never catches up"):
        next(found)
