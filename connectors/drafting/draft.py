"""Writes the text of a ``carrier.yaml`` from the structure of samples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.drafting.codes import DraftedCode, code_lines, drafted_codes
from connectors.drafting.fields import FieldGuess, Guess, guess
from connectors.drafting.leaves import MESSAGE, Level, SampleStructure
from connectors.drafting.marks import MARK, guesses_in, marked, note, quoted
from connectors.drafting.words import words_of

NO_TIME = f"{{stamp: {MESSAGE}.LOOK}}"
LIST = "[]"
_FORMS = ("parts", "pattern")
"""How a place in one text is taken apart; no fields of their own."""
_ERROR_WORDS = {"error", "errors", "fault", "faults", "exception", "failure"}
HEAD = (
    "Lines marked `guess` are to be settled: mend the line or leave it, and delete its mark. `shipsync carrier check` "
    "counts those left."
)


@dataclass(slots=True)
class DraftedField:
    """A field of the draft: what it says, an example of it, and why; ``says`` is empty where nothing was found."""

    name: str
    says: str
    example: str
    why: str


@dataclass(slots=True)
class Draft:
    """A drafted ``carrier.yaml``. ``unread``: names of samples in which no scan was found."""

    text: str
    fields: list[DraftedField] = field(default_factory=list)
    codes: list[DraftedCode] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def guesses(self) -> int:
        """Returns how many marks a person has to settle."""
        return len(guesses_in(self.text))


def carrier_draft(
    feed: str, name: str, formats: str, extra: str, structures: Sequence[SampleStructure],
    messages: Sequence[dict[str, Any]], source: str,
) -> Draft:
    """Return the draft: a document for each shape with scans, and the refusal of messages that name an error."""
    timed = [one for one in structures if one.is_timed]
    documents = sorted(timed, key=_depth_of_when, reverse=True) or list(structures[:1])
    guesses = [guess(one) for one in documents]
    codes = drafted_codes(documents, guesses)
    lines = [*head(feed, name, formats, extra, source, guesses), *_refusals(structures, messages, timed), "documents:"]
    for number, (structure, guessed) in enumerate(zip(documents, guesses, strict=True), 1):
        title = f"tracking of {name}" + (f", shape {number}" if len(documents) > 1 else "")
        lines += _document(title, structure, guessed)
    lines += ["", "statuses:", "  statuses:", marked("    source: the codes of samples", "the carrier's list of codes")]
    fields = [one for guessed in guesses for one in _fields(guessed)]
    return Draft("\n".join([*lines, *code_lines(codes), ""]), fields, codes)


def _depth_of_when(structure: SampleStructure) -> int:
    """Returns how many keys the first list lies deep: the narrower document is tried first."""
    return structure.levels[0].path.count(".") if structure.levels else 0


def head(feed: str, name: str, formats: str, extra: str, source: str, guesses: Sequence[FieldGuess]) -> list[str]:
    """Return the first lines: what is the same of every format."""
    asked = any(one.number.says == ["asked"] for one in guesses)
    edi, by_line = formats in ("x12", "edifact"), formats in ("csv", "ndjson")
    channel = "edi" if edi else "file" if by_line else "poll" if asked else "webhook"
    zone = "zone: UTC"
    if not guesses or any(one.names_no_zone for one in guesses):
        zone = marked(zone, "the zone of the carrier's clocks where a time tells none, such as Europe/Vienna")
    return [
        f"# {note(name)}. {HEAD}",
        f"feed: {quoted(feed)}", f"name: {quoted(name)}", f"carrier: {quoted(feed)}", f"formats: [{formats}]{extra}",
        marked(f"channel: {channel}", "webhook, poll, file or edi?"), zone,
        marked("cadence: {expect_every: 1h, stale_after: 6h}", "how often does it deliver?"),
        marked(f"source: {_text(source)}", "the carrier's manual, with its version"), "",
    ]


def _refusals(
    structures: Sequence[SampleStructure], messages: Sequence[dict[str, Any]], timed: Sequence[SampleStructure]
) -> list[str]:
    """Return the refusals of messages without a scan that name an error at their top."""
    found: dict[str, list[str]] = {}
    for structure in structures:
        if structure in timed or not timed:
            continue
        for number in structure.messages:
            for key, value in messages[number].items():
                if _ERROR_WORDS & set(words_of(key)) and value:
                    details = [leaf.path for leaf in structure.leaves if _ERROR_WORDS & set(leaf.words)][:2]
                    found.setdefault(f"{MESSAGE}.{key}", details)
                    break
    if not found:
        return []
    return ["refusals:", *(
        marked(
            f"  - {{when: {quoted(path)}, reason: carrier_error, detail: [{', '.join(map(quoted, details))}]}}",
            "it names an error; add `kinds` for numbers the carrier does not know",
        ) for path, details in found.items()
    ), ""]


def _document(title: str, structure: SampleStructure, guessed: FieldGuess) -> list[str]:
    lines = [f"  - name: {_text(title)}", f"    when: {_when(structure, guessed)}"]
    if structure.levels:
        each = ", ".join(f"{level.name}: {_lists(level)}" for level in structure.levels)
        count = len(structure.scans)
        why = f"{count} scan{'' if count == 1 else 's'} in the samples"
        if structure.is_side_by_side:
            why += "; these lists are always of one length: does the first of one belong to the first of the other?"
        lines.append(marked(f"    each: {{{each}}}", why))
    lines.append(_line("    tracking_number", guessed.number))
    lines.append("    time:")
    if guessed.time.says:
        lines += [marked(f"      - {one}", guessed.time.why) for one in guessed.time.says]
    else:
        lines.append(marked(f"      - {NO_TIME}", "no time was found in it"))
    lines.append("    statuses: statuses")
    lines += [_line("    code", guessed.code)] if guessed.code.says else []
    lines += [_line("    text", guessed.text)] if guessed.text.says else []
    lines += [f"    {MARK} {note(one, 200)}" for one in guessed.remarks]
    lines += _place_lines(guessed.place)
    if guessed.zone_by.says:
        lines.append(marked(f"    zone_by: [{guessed.zone_by.says[0]}]", guessed.zone_by.why))
    if guessed.eta.says:
        lines += ["    eta:", *(marked(f"      - {one}", guessed.eta.why) for one in guessed.eta.says)]
    if guessed.leave_out.says:
        lines.append(marked(f"    leave_out: [{guessed.leave_out.says[0]}]", guessed.leave_out.why))
    if guessed.signed_by.says:
        lines.append(marked(f"    delivery: {{signed_by: {quoted(guessed.signed_by.says[0])}}}", guessed.signed_by.why))
    if guessed.references:
        lines += ["    references:", *(
            marked(f"      - {{each: {quoted(one.says[0])}, type: {one.says[1]}}}", one.why)
            for one in guessed.references
        )]
    return lines


def _lists(level: Level) -> str:
    if not level.lists:
        return _text(level.path + LIST * level.is_list)
    return f"{{{', '.join(f'{quoted(name)}: {_text(path + LIST)}' for name, path in level.lists.items())}}}"


def _line(name: str, guessed: Guess) -> str:
    return marked(f"{name}: {quoted(guessed.says[0])}", guessed.why)


def _place_lines(place: dict[str, Guess]) -> list[str]:
    if not place:
        return []
    return ["    place:", *(
        f"      {part}: {one.says[0]}" if part in _FORMS else marked(f"      {part}: {quoted(one.says[0])}", one.why)
        for part, one in place.items()
    )]


def _fields(guessed: FieldGuess) -> list[DraftedField]:
    found = {
        "tracking_number": guessed.number, "time": guessed.time, "code": guessed.code, "text": guessed.text,
        **{f"place.{part}": one for part, one in guessed.place.items() if part not in _FORMS},
        "zone_by": guessed.zone_by, "eta": guessed.eta, "signed_by": guessed.signed_by,
    }
    if guessed.leave_out.says:
        found["leave_out"] = guessed.leave_out
    if not guessed.place:
        found["place"] = Guess()
    fields = [DraftedField(name, ", ".join(one.says), one.example, one.why) for name, one in found.items()]
    return fields + [DraftedField("reference", one.says[0], one.example, one.why) for one in guessed.references]


def _when(structure: SampleStructure, guessed: FieldGuess) -> str:
    if structure.levels:
        return quoted(structure.levels[0].first_path)
    known = (path for path in [*guessed.number.says, *guessed.code.says] if path.startswith(f"{MESSAGE}."))
    return next((quoted(path) for path in known), marked(f"{MESSAGE}.LOOK", "what is in every tracking message?"))


def _text(text: str) -> str:
    return json.dumps("".join(one if one.isprintable() else " " for one in text), ensure_ascii=False)
