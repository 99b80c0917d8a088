"""What a carrier's words say of a delivery: to the sender, to a locker, to a neighbour, or none at all.

``delivered`` is the costliest word there is: it is posted to the ERP. So where a code says it, the words beside it may
say that it is something else (``tables/delivery_words.yaml``).
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from connectors.mapping.declared import yaml_text

_FILE = Path(__file__).parent / "tables" / "delivery_words.yaml"


class Words(StrEnum):
    """What words say, in the order in which they are looked for."""

    BACK = "back"
    ATTEMPTED = "attempted"
    WAITING = "waiting"
    COLLECTED = "collected"
    PICK_UP_PLACE = "pick_up_place"
    HANDED_OVER = "handed_over"
    PARTIAL = "partial"
    TO_COME = "to_come"
    NEIGHBOUR = "neighbour"


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    back: list[str]
    attempted: list[str]
    waiting: list[str]
    collected: list[str]
    pick_up_place: list[str]
    handed_over: list[str]
    partial: list[str]
    to_come: list[str]
    neighbour: list[str]


@cache
def _patterns() -> tuple[tuple[Words, re.Pattern[str]], ...]:
    table = asdict(yaml_text.load(_FILE, _Table)[0])
    return tuple((words, re.compile("|".join(f"(?:{one})" for one in table[words]))) for words in Words)


@lru_cache(maxsize=20_000)
def words_in(text: str) -> Words | None:
    """Return what a text says of a delivery; None if it says nothing of it. ``text``: in lower case, single blanks."""
    return next((words for words, pattern in _patterns() if pattern.search(text)), None)
