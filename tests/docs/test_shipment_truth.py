"""``docs/shipment-truth.md`` prints what the code does: its worked example is played through the real handlers.

After a wanted change, ``SHIPSYNC_GOLDEN=1 pytest tests/docs`` writes the example anew; read the difference.
"""

from __future__ import annotations

import os
import re
from random import Random

import pytest

from streams.kernel.vocabulary import Correction
from tests.docs.worked_example import Step, chapters, play, told
from tests.support.sources import ROOT

PAGE = ROOT / "docs" / "shipment-truth.md"
_EXAMPLE = re.compile(r"(?<=<!-- worked example -->\n```\n).*?(?=```\n)", re.DOTALL)


def test_the_page_prints_the_example_as_the_code_plays_it() -> None:
    page, expected = PAGE.read_text("utf-8"), told(play(chapters()))
    if os.environ.get("SHIPSYNC_GOLDEN"):
        page = _EXAMPLE.sub(lambda _: expected, page)
        PAGE.write_text(page, "utf-8")
    [printed] = _EXAMPLE.findall(page)
    assert printed == expected, "run with SHIPSYNC_GOLDEN=1 and read what it writes"


@pytest.mark.parametrize("seed", range(20))
def test_another_order_of_arrival_ends_in_the_same(seed: int) -> None:
    story = [("", [one]) for _, inputs in chapters() for one in inputs if one.item is not None]
    once = _end(play(story))
    Random(seed).shuffle(story)
    assert _end(play(story)) == once


def _end(steps: list[Step]) -> tuple[bytes, set[str], set[tuple[str, str]]]:
    """The record, the last word of each customer update that stands, and the postings that stand."""
    states = [step.state for step in steps if step.state is not None]
    updates = {one.update_id: one.correction for step in steps for one in step.updates}
    standing = {name for name, word in updates.items() if word is not Correction.RETRACTS}
    postings = [one for step in steps for one in step.postings]
    undone = {one.reverses for one in postings}
    posted = {(one.delivery_id, one.kind.value) for one in postings
              if one.reverses is None and one.posting_id not in undone}
    return states[-1].record, standing, posted
