"""Guesses what the codes of samples mean, by the words beside them; a delivery by a word is drafted as doubtful."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from connectors.drafting.fields import FieldGuess
from connectors.drafting.leaves import SampleStructure
from connectors.drafting.marks import MARK, note
from connectors.drafting.words import meaning_of, trouble_in
from connectors.mapping.declared.words_law import folded
from streams.kernel.vocabulary import ExceptionType, Milestone

_FINAL = (Milestone.DELIVERED, Milestone.RETURNED)
MOST_WORDS = 3


@dataclass(slots=True)
class DraftedCode:
    """A code of the samples, or without one its words. ``times``: how many scans have it."""

    code: str
    words: list[str] = field(default_factory=list)
    times: int = 0
    milestone: Milestone | None = None
    why: str = ""
    trouble: ExceptionType = ExceptionType.NONE

    @property
    def is_doubtful(self) -> bool:
        """Whether it is drafted as a delivery that the code alone does not prove."""
        return self.milestone is Milestone.DELIVERED


def drafted_codes(structures: Sequence[SampleStructure], guesses: Sequence[FieldGuess]) -> list[DraftedCode]:
    """Return every code of the samples, in order, with the meaning its words give."""
    found: dict[str, DraftedCode] = {}
    said: dict[str, dict[str, None]] = {}
    for structure, guessed in zip(structures, guesses, strict=True):
        text = guessed.text.says[0] if guessed.text.says else ""
        path = guessed.code.says[0] if guessed.code.says else ""
        for scan in structure.scans:
            code, words = scan.get(path, ""), scan.get(text, "")
            key = code if path else words
            if not key:
                continue
            one = found.setdefault(key, DraftedCode(code if path else ""))
            one.times += 1
            if words:
                said.setdefault(key, {})[words] = None
    for key, one in found.items():
        one.words = [*said.get(key, ())]
        one.milestone, one.why = _meaning(one)
        troubles = (trouble_in(words) for words in one.words)
        one.trouble = next((trouble for trouble in troubles if trouble is not ExceptionType.NONE), one.trouble)
    return list(found.values())


def _meaning(one: DraftedCode) -> tuple[Milestone | None, str]:
    """Return the guess and its reason: none where words differ from each other in a way that counts."""
    by_words = {words: meaning_of(words) for words in one.words}
    by_code = meaning_of(one.code) if one.code else None
    meanings = {meaning for meaning in by_words.values() if meaning is not None}
    shown = " / ".join(note(words, 60) for words in one.words[:MOST_WORDS])
    if not meanings:
        if one.words and by_code in _FINAL:
            return None, f"the code says {by_code.value}, its words say nothing of it: {shown}"
        if not one.code:
            return None, f"what does it say? {shown}"
        return by_code, f"{'the code alone says so' if by_code else 'what does it say?'} {shown}".strip()
    if len(meanings) > 1 or (by_code is not None and by_code not in meanings):
        all_said = sorted({*meanings, *([by_code] if by_code else [])}, key=lambda meaning: meaning.value)
        return None, f"it says {' and '.join(meaning.value for meaning in all_said)}: {shown}"
    if len(by_words) > 1 and None in by_words.values():
        return (None if meanings & {*_FINAL} else meanings.pop()), f"not all its words say so: {shown}"
    return meanings.pop(), shown


def code_lines(codes: Sequence[DraftedCode]) -> list[str]:
    """Return the lines of the status table, each with its mark; what says nothing stands there as a comment.

    Longer texts go first, as ``starts`` of a shorter one would fit them too.
    """
    coded = [one for one in codes if one.code]
    worded = sorted((one for one in codes if not one.code), key=lambda one: -len(one.words[0]))
    return [*_table("codes", coded, _code_line), *_table("texts", worded, _text_line)]


def _table(name: str, codes: Sequence[DraftedCode], line_of: Callable[[DraftedCode], str]) -> list[str]:
    if not codes:
        return []
    head = f"    {name}:" if any(one.milestone is not None for one in codes) else f"    # {name}:"
    return [head, *(f"{line_of(one)}  {MARK} {_reason(one)}" for one in codes)]


def _reason(one: DraftedCode) -> str:
    times = f"{one.times} time{'s' if one.times > 1 else ''}"
    proof = "; take doubtful out once the carrier's list says so" if one.is_doubtful else ""
    return f"{one.why} ({times}){proof}" if one.why else f"{times}{proof}"


def _code_line(one: DraftedCode) -> str:
    code = _text(one.code)
    if one.milestone is None:
        return f"      # {code}: unknown"
    more = _more(one)
    says = f"{{milestone: {one.milestone.value}{more}}}" if more else one.milestone.value
    return f"      {code}: {says}"


def _text_line(one: DraftedCode) -> str:
    starts = _text(folded(one.words[0]))
    if one.milestone is None:
        return f"      # - {{starts: {starts}, milestone: unknown}}"
    return f"      - {{starts: {starts}, milestone: {one.milestone.value}{_more(one)}}}"


def _more(one: DraftedCode) -> str:
    """Writes the rest of a code's line behind the milestone: an exception its words tell of, and the doubt about a
    delivery."""
    trouble = "" if one.trouble is ExceptionType.NONE else f", exception: {one.trouble.value}"
    return f"{trouble}{', doubtful: true' if one.is_doubtful else ''}"


def _text(text: str) -> str:
    return json.dumps("".join(one if one.isprintable() else " " for one in text), ensure_ascii=False)
