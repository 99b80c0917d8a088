"""The mark of what a draft guesses: a comment ``# guess: …`` that stays until a person has settled it."""

from __future__ import annotations

import json
import re

from msgspec import Struct

MARK = "# guess:"
MAX_NOTE = 90
_MARKED = re.compile(r"#\s*guess:\s*(.*)")
_PLAIN = re.compile(r"[A-Za-z_@][\w.@-]*")
_NO_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
"""Lists plain words that YAML does not read as text."""
_BLANK = re.compile(r"\s+")


class GuessLeft(Struct, frozen=True):
    """A mark that still stands in a ``carrier.yaml``: the line's number, what is guessed on it, and why."""

    line: int
    text: str
    why: str


def marked(line: str, why: str) -> str:
    """Return a line with the mark and the reason of its guess."""
    return f"{line}  {MARK} {note(why, 2 * MAX_NOTE)}"


def guesses_in(text: str) -> list[GuessLeft]:
    """Return the guesses that nobody has settled in the text of a ``carrier.yaml``."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        mark = _MARKED.search(line)
        if mark is not None:
            found.append(GuessLeft(number, line[: mark.start()].strip(" #"), mark[1]))
    return found


def note(text: str, most: int = MAX_NOTE) -> str:
    """Return foreign text as a comment may hold it: in one line, printable, and not too long."""
    plain = _BLANK.sub(" ", "".join(one if one.isprintable() else " " for one in text)).strip()
    return plain if len(plain) <= most else f"{plain[:most]}…"


def quoted(text: str) -> str:
    """Return a text as a YAML scalar, in quotes where YAML needs them."""
    if _PLAIN.fullmatch(text) and not text.startswith("@") and text.casefold() not in _NO_TEXT and text.isascii():
        return text
    return json.dumps("".join(one if one.isprintable() else " " for one in text), ensure_ascii=False)
