"""The story after the play: chapter by chapter, each accounted for."""

from __future__ import annotations

from dataclasses import replace

from tests.topologies.demo import accounts
from topologies.demo.going_on import Told, sentence
from topologies.demo.reconcile import TWICE_IN_HISTORY, totals

ONE = totals(accounts.clean())
TWICE = f"2 {TWICE_IN_HISTORY}; for example delivered of ups:1Z"
LOST = "1 raw records led to nothing; for example a scan"


def test_chapters_add_up_and_are_explained() -> None:
    told = Told().and_then(ONE, after_a_restart=False).and_then(ONE, after_a_restart=True)
    assert (told.chapters, told.raw_records, told.shipments, told.differences) == (2, 8, 2, ())
    words = sentence(ONE, told)
    assert "12 raw records of 3 shipments = 9 read into events + 3 dead letters" in words
    assert words.endswith("Every message is explained.")


def test_repeats_are_excused_by_a_restart_alone() -> None:
    found = replace(ONE, differences=[TWICE])
    after = Told().and_then(found, after_a_restart=True)
    assert (after.repeated, after.differences) == (1, ())
    assert "sent again under the id they had" in sentence(ONE, after)
    assert Told().and_then(found, after_a_restart=False).differences == (TWICE,)


def test_a_loss_is_excused_by_nothing() -> None:
    told = Told().and_then(replace(ONE, differences=[LOST, TWICE]), after_a_restart=True)
    assert told.differences == (LOST,)
    words = sentence(ONE, told)
    assert LOST in words
    assert "explained" not in words


def test_a_story_that_stopped_says_why() -> None:
    assert "The story stopped: the broker is gone." in sentence(ONE, replace(Told(), stopped="the broker is gone"))
