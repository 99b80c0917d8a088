"""``shipsync topics``, and the page made of it."""

from __future__ import annotations

from pathlib import Path

from config import topics
from topologies.cli.topics import as_markdown, row

PAGE = Path(__file__).resolve().parents[3] / "docs" / "topics.md"


def test_the_page_of_topics_is_as_they_are_declared() -> None:
    table = as_markdown(topics.catalogue(["any", "other"]))
    assert table in PAGE.read_text("utf-8"), "write it anew: shipsync topics --markdown"


def test_the_raw_topics_of_all_feeds_are_one_row() -> None:
    table = as_markdown(topics.catalogue(["any", "other"])).splitlines()
    assert len(table) == 2 + 1 + len(topics.STATIC)
    assert table[2].startswith("| `raw.<feed>.v1` | What a feed sent, as received |")


def test_a_topic_is_told_as_plain_data() -> None:
    told = row(topics.FEED_STATE)
    assert (told["partitions"], told["cleanup"], told["schema"]) == (1, "compact", "feed_state")
