"""Caches keep short foreign texts and no long ones."""

from __future__ import annotations

from streams.kernel.memo import LONGEST_REMEMBERED, MOST_REMEMBERED, Memory, is_short, remembered

LONG = "x" * (LONGEST_REMEMBERED + 1)


def test_a_long_text_is_computed_anew_each_time() -> None:
    asked: list[str] = []

    @remembered(10)
    def upper(text: str) -> str:
        asked.append(text)
        return text.upper()

    for text in ("a", "a", LONG, LONG):
        assert upper(text) == text.upper()
    assert asked == ["a", LONG, LONG]


def test_a_memory_keeps_neither_a_long_text_nor_a_long_result() -> None:
    bare, repeated = Memory(str.strip), Memory(lambda text: text * len(LONG))
    assert bare[" a "] == "a"
    assert bare[" " * len(LONG)] == ""
    assert repeated["x"] == LONG
    assert (dict(bare), dict(repeated)) == ({" a ": "a"}, {})


def test_a_full_memory_is_emptied_except_for_what_it_always_has() -> None:
    known = Memory(str, {None: "none"})
    for number in range(MOST_REMEMBERED):
        assert known[number] == str(number)
    assert len(known) <= MOST_REMEMBERED
    assert known[None] == "none"


def test_texts_are_short_together() -> None:
    assert is_short("a", None, 10**300, b"b")
    assert not is_short("a" * LONGEST_REMEMBERED, "b")
