"""Finds what a carrier's words say of a delivery: to the sender, to a locker, to a neighbour, or none at all.

``delivered`` is the costliest word there is: it is posted to the ERP. So where a code says it, the words beside it may
say that it is something else (``tables/delivery_words.yaml``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from connectors.mapping.declared import yaml_text

LOOKED_AT = 250
"""Characters: what a carrier says of a scan is far shorter."""
_AT_WORD = r"\b"
_PARTS = re.compile(r"\\.|\[[^\]]*\]|.")
"""An escaped character, a set of characters, or a character of an expression."""
_FILE = Path(__file__).parent / "tables" / "delivery_words.yaml"


class Words(StrEnum):
    """Names the things words can say of a delivery, in the order in which they are looked for."""

    BACK = "back"
    ATTEMPTED = "attempted"
    REFUSED = "refused"
    WAITING = "waiting"
    COLLECTED = "collected"
    PICK_UP_PLACE = "pick_up_place"
    HANDED_OVER = "handed_over"
    PARTIAL = "partial"
    TO_COME = "to_come"
    IN_DOUBT = "in_doubt"
    NEIGHBOUR = "neighbour"


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    back: list[str]
    attempted: list[str]
    refused: list[str]
    waiting: list[str]
    collected: list[str]
    pick_up_place: list[str]
    handed_over: list[str]
    partial: list[str]
    to_come: list[str]
    in_doubt: list[str]
    neighbour: list[str]
    going_back: list[str]
    not_yet_going_back: list[str]


@cache
def _table() -> _Table:
    return yaml_text.load(_FILE, _Table)[0]


@cache
def _patterns() -> tuple[tuple[Words, re.Pattern[str]], ...]:
    table = asdict(_table())
    return tuple((words, re.compile(_any_of(table[words]))) for words in Words)


@cache
def _going_back() -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(_any_of(_table().going_back)), re.compile(_any_of(_table().not_yet_going_back))


def _any_of(expressions: Iterable[str]) -> str:
    """One expression that is found where any of these is; those that begin with a word are tried at words alone, which
    takes half the time."""
    found = [one for expression in expressions for one in alternatives(expression)]
    at_words = "|".join(one.removeprefix(_AT_WORD) for one in found if one.startswith(_AT_WORD))
    others = [one for one in found if not one.startswith(_AT_WORD)]
    return "|".join([f"{_AT_WORD}(?:{at_words})", *others] if at_words else others)


def alternatives(expression: str) -> list[str]:
    """Split a regular expression at each ``|`` that stands in no group."""
    found, depth = [""], 0
    for part in _PARTS.findall(expression):
        depth += (part == "(") - (part == ")")
        if part == "|" and not depth:
            found.append("")
        else:
            found[-1] += part
    return found


def words_in(text: str) -> Words | None:
    """Return what a text says of a delivery; None if it says nothing of it. ``text``: in lower case, single blanks.

    Of a long text the first and the last ``LOOKED_AT`` characters count.
    """
    return _words_in(_both_ends(text))


def goes_back(text: str) -> bool:
    """Return True if a text says that the goods are on their way back to whoever sent them, and no more than that they
    may be. ``text``: as of ``words_in``."""
    said = _both_ends(text)
    found, only_if = _going_back()
    return found.search(said) is not None and only_if.search(said) is None


def _both_ends(text: str) -> str:
    return text if len(text) <= 2 * LOOKED_AT else f"{text[:LOOKED_AT]}\n{text[-LOOKED_AT:]}"


@lru_cache(maxsize=20_000)
def _words_in(text: str) -> Words | None:
    return next((words for words, pattern in _patterns() if pattern.search(text)), None)
