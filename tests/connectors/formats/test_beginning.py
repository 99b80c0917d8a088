"""The shape of a large EDI body is told from its beginning."""

from __future__ import annotations

import pytest

from benchmarks.hostile import HONEST
from connectors.carriers import discover
from connectors.formats import edifact, x12
from connectors.formats.beginning import MOST_BYTES, parts_at_beginning


@pytest.mark.parametrize("name", ["X12 214", "IFTSTA"])
def test_it_is_that_of_the_whole(name: str) -> None:
    feed, make = next((feed, make) for kind, feed, make in HONEST if kind == name)
    adapter = next(one.adapter for one in discover() if one.feed == feed)
    small = adapter.shape(make(MOST_BYTES // 8))
    assert len(small) > 5
    for size in range(2 * MOST_BYTES, 2 * MOST_BYTES + 60, 7):
        assert adapter.shape(make(size)) == small


@pytest.mark.parametrize("lead", range(6))
def test_it_ends_before_a_segment_or_a_character_that_is_cut(lead: int) -> None:
    isa = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260914*1015*U*00401*000000001*0*P*>"
    x12_body = f"{isa}\u00a4ST*214*1\u00a4K1*{'A' * lead}\u00a4" + "K1*A\u00a4" * 20_000
    (one,) = parts_at_beginning(x12_body.encode(), x12.read)
    assert {segment[0] for segment in one.segments} == {"K1"}
    edifact_body = f"UNB+UNOW:4+S+R'UNH+1+IFTSTA'FTX+{'A' * lead}" + "\u00a4" * 60_000
    (message,) = parts_at_beginning(edifact_body.encode(), edifact.read)
    assert message.segments == []
