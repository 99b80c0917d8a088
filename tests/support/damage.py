"""Generated JSON values, and payloads damaged with them, cheap enough to try thousands.

Each is read off as many bytes as Hypothesis draws at once, so that an example costs it one choice instead of a hundred.
Zero bytes choose the plainest of everything: a failure shrinks to the least damage that still does it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
BYTES = 200
"""More than a value takes as a rule; what it takes beyond them is plain."""
DEPTH = 4
INTEGERS = (0, 1, -1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**30)
FLOATS = (
    0.0, -0.0, 0.5, -1.5, 1e308, 5e-324, -2.2250738585072014e-308, float("nan"), float("inf"), float("-inf"), 2.0**63,
)
CHARACTERS = (
    (0x30, 0x39), (0x41, 0x5A), (0x20, 0x7E), (0x20, 0x7E), (0x00, 0x1F), (0x7F, 0xFF), (0x100, 0x24FF),
    (0x2028, 0x2029), (0x0600, 0x06FF), (0x2500, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF),
)
"""First and last code point of each range, plainest first; no surrogates."""
WORDS = (
    "20260914", "142207", "2026-09-14T10:00:00Z", "1Z7A12340300456785", "D", "IT", "delivered", "transit", "null",
    "NaN", "-1", "1e400", "٣", "\u202e", "\x00", "\ud800", "9" * 40,
)


class Choices:
    """Choices read off bytes, one after another; each the first of its options once the bytes are used up."""

    def __init__(self, source: bytes) -> None:
        self._source = iter(source)

    def number(self, most: int) -> int:
        """A number from 0 to ``most``."""
        found, reach = next(self._source, 0), 0x100
        while reach <= most:
            found, reach = (found << 8) + next(self._source, 0), reach << 8
        return found % (most + 1)

    def one_of(self, options: Sequence[T]) -> T:
        """One of these."""
        return options[self.number(len(options) - 1)]

    def bytes(self, most: int) -> bytes:
        """At most so many bytes."""
        return bytes(islice(self._source, self.number(most)))

    def text(self, most: int) -> str:
        """A text of at most so many characters, of any script."""
        return "".join(chr(first + self.number(last - first)) for first, last in (
            self.one_of(CHARACTERS) for _ in range(self.number(most))
        ))


def leaf(choices: Choices) -> Any:
    """A JSON value that holds no other."""
    kinds: Sequence[Callable[[], Any]] = (
        lambda: None,
        lambda: choices.one_of((False, True)),
        lambda: choices.one_of(INTEGERS),
        lambda: int.from_bytes(choices.bytes(16), signed=True),
        lambda: choices.one_of(FLOATS),
        lambda: struct.unpack("<d", choices.bytes(8).ljust(8, b"\0"))[0],
        lambda: choices.text(12),
        lambda: choices.one_of(WORDS),
    )
    return choices.one_of(kinds)()


def value(choices: Choices, keys: Sequence[str], depth: int = DEPTH) -> Any:
    """Any JSON value: leaves, lists of up to three, objects of up to five, whose keys are ``keys`` or made up."""
    kind = choices.number(7) if depth else 0
    if kind == 0:
        return leaf(choices)
    if kind < 3:
        return [value(choices, keys, depth - 1) for _ in range(choices.number(3))]
    return {key(choices, keys): value(choices, keys, depth - 1) for _ in range(choices.number(5))}


def key(choices: Choices, keys: Sequence[str]) -> str:
    """One of these, or one made up."""
    return choices.text(8) if choices.number(2) == 2 else choices.one_of(keys)


def replaced(choices: Choices, here: Any, by: Any) -> Any:
    """A copy with ``by`` in the place of something anywhere in it."""
    if not isinstance(here, dict | list) or not here or choices.number(4) == 4:
        return by
    if isinstance(here, list):
        index = choices.number(len(here) - 1)
        return [*here[:index], replaced(choices, here[index], by), *here[index + 1:]]
    name = choices.one_of(sorted(here))
    return {**here, name: replaced(choices, here[name], by)}


def values(keys: Sequence[str]) -> st.SearchStrategy[Any]:
    """Generates any JSON value."""
    return _made(lambda choices: value(choices, keys))


def damaged(payloads: Sequence[Any], keys: Sequence[str]) -> st.SearchStrategy[Any]:
    """Generates one of the payloads with any JSON value in the place of something anywhere in it."""
    return _made(lambda choices: replaced(choices, choices.one_of(payloads), value(choices, keys)))


def bodies(most: int, most_bytes: int) -> st.SearchStrategy[list[bytes]]:
    """Generates up to ``most`` bodies of up to so many arbitrary bytes, most of them short."""
    sizes = (most_bytes // 60, most_bytes // 10, most_bytes)

    def cut(choices: Choices) -> list[bytes]:
        return [choices.bytes(choices.one_of(sizes)) for _ in range(choices.number(most))]

    return _made(cut, most_bytes)


def _made(make: Callable[[Choices], T], count: int = BYTES) -> st.SearchStrategy[T]:
    return st.binary(min_size=count, max_size=count).map(lambda source: make(Choices(source)))
