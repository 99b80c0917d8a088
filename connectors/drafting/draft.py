"""Writes the text of a ``carrier.yaml`` from the structure of a sample."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.drafting.leaves import MESSAGE, Leaf, SampleStructure
from connectors.drafting.words import ISO, date_format_of, is_clock, meaning_of, time_format_of
from connectors.mapping.values.places import is_country, may_be_country
from streams.kernel.vocabulary import Milestone

_ESTIMATE_WORDS = {
    "estimated", "expected", "eta", "scheduled", "promised", "forecast", "predicted", "appointment", "due",
}
_NUMBER_WORDS = (
    "tracking", "parcel", "barcode", "awb", "waybill", "pin", "consignment", "package", "shipment", "piece", "item",
    "number", "id", "reference", "no",
)
_PLACE_WORDS = {
    "name": ("facility", "location", "site", "depot", "office", "place", "where"),
    "city": ("city", "town", "locality", "ort", "ville"),
    "region": ("state", "province", "region"), "postal_code": ("zip", "postal", "postcode", "plz"),
    "country": ("country", "land", "pays"),
}
MAX_NOTE = 90
_REFERENCE_WORDS = {"reference", "references", "ref", "refs", "customer", "order", "orders", "invoice"}
_TEXT_WORDS = {"description", "text", "message", "remark", "remarks"}
_UTC_WORDS = {"gmt", "utc"}
NO_NUMBER = f"{MESSAGE}.LOOK  # look: nothing in it reads like a tracking number"
NO_TIME = f"{{stamp: {MESSAGE}.LOOK}}  # look: no time was found in it"
_SIGNATURE_WORDS = ("signed", "signature", "signatory", "signer", "receiver", "recipient", "received")


@dataclass(slots=True)
class FieldGuess:
    """The paths guessed for each field of a ``carrier.yaml``; empty without a candidate."""

    number: list[str]
    times: list[str]
    code: list[str]
    text: str
    place: dict[str, str]
    signed_by: str
    eta: list[str]
    references: list[str]


def guess(structure: SampleStructure) -> FieldGuess:
    """Guess the path of each field from the names and values of the leaves."""
    scan = [leaf for leaf in structure.leaves if leaf.path.startswith(f"{_innermost(structure)}.")]
    above = [leaf for leaf in structure.leaves if leaf not in scan]
    estimates = [leaf for leaf in structure.leaves if _ESTIMATE_WORDS & set(leaf.words)]
    actuals = [leaf for leaf in scan if leaf not in estimates]
    text, numbers = _text(actuals), _numbers(structure.leaves)
    return FieldGuess(
        number=numbers, times=_times(actuals), code=_codes(actuals, text),
        text=text.path if text else "", place=_place(scan), signed_by=_signed(scan) or _signed(above),
        eta=_times(estimates), references=_references(structure.leaves, numbers),
    )


def _innermost(structure: SampleStructure) -> str:
    return structure.levels[-1].name if structure.levels else MESSAGE


def _numbers(leaves: Sequence[Leaf]) -> list[str]:
    """Return up to two paths of tracking numbers, the best first, ranked by name and digits.

    Names of other references (order, invoice) are used only without another candidate.
    """
    def rank(leaf: Leaf) -> int:
        words = leaf.last
        named = [place for place, word in enumerate(_NUMBER_WORDS) if word in words]
        value = leaf.values[0].replace(" ", "").replace("-", "")
        digits = sum(map(str.isdigit, value))
        fits = value.isalnum() and digits >= 4 and not {"date", "time", *_ESTIMATE_WORDS} & set(words)
        if not fits or time_format_of(value) is not None:
            return 99
        return min(named, default=50 if digits >= 8 else 99) + 20 * bool(_REFERENCE_WORDS & set(leaf.words))

    ranked = sorted((leaf for leaf in leaves if rank(leaf) < 99), key=rank)
    own = [leaf for leaf in ranked if not _REFERENCE_WORDS & set(leaf.words)]
    return [leaf.path for leaf in (own or ranked)[:2]]


def _references(leaves: Sequence[Leaf], numbers: Sequence[str]) -> list[str]:
    """Return the paths of other references, such as order and invoice numbers."""
    return [
        leaf.path for leaf in leaves
        if _REFERENCE_WORDS & set(leaf.last) and leaf.path not in numbers
        and any(map(str.isdigit, leaf.values[0])) and time_format_of(leaf.values[0]) is None
        and date_format_of(leaf.values[0]) is None
    ]


def _times(leaves: Sequence[Leaf]) -> list[str]:
    """Return entries of ``time`` as YAML flow mappings: one stamp, else a date with its time of day."""
    stamps = [(leaf, time_format) for leaf in leaves if (time_format := time_format_of(leaf.values[0])) is not None]
    stamps.sort(key=lambda one: ("created" in one[0].words or "updated" in one[0].words, one[0].path.count(".")))
    found = [_stamp(leaf, time_format) for leaf, time_format in stamps[:1]]
    if found:
        return found
    dates = [(leaf, time_format) for leaf in leaves if (time_format := date_format_of(leaf.values[0])) is not None]
    dates.sort(key=lambda one: bool(_UTC_WORDS & set(one[0].last)))
    clocks = [leaf for leaf in leaves if is_clock(leaf.values[0], named="time" in leaf.last)]
    for leaf, time_format in dates[:1]:
        pattern = "" if time_format == ISO else f", pattern: {json.dumps(time_format)}"
        found.append(f"{{local: [{', '.join([leaf.path, *_clock_of(leaf, clocks)])}]{pattern}}}")
    return found


def _clock_of(date: Leaf, clocks: Sequence[Leaf]) -> list[str]:
    """Return the path of the time of day in the object of the date whose name is most similar; empty without one."""
    def distance(clock: Leaf) -> int:
        return len((set(clock.last) ^ set(date.last)) - {"date", "time", "day", "at"})

    near = [clock for clock in clocks if clock.path.rpartition(".")[0] == date.path.rpartition(".")[0]]
    return [clock.path for clock in sorted(near, key=distance)[:1]]


def _stamp(leaf: Leaf, time_format: str) -> str:
    if time_format == "epoch":
        return f"{{epoch: {leaf.path}}}"
    pattern = "" if time_format == ISO else f", pattern: {json.dumps(time_format)}"
    return f"{{stamp: {leaf.path}{pattern}}}"


def _text(leaves: Sequence[Leaf]) -> Leaf | None:
    """Return the leaf with the status text: the best by name and number of blanks."""
    def text_rank(leaf: Leaf) -> tuple[bool, bool, float]:
        spaces = sum(value.count(" ") for value in leaf.values) / len(leaf.values)
        return bool(_TEXT_WORDS & set(leaf.last)), bool({"event", "status"} & set(leaf.words)), spaces

    texts = [
        leaf for leaf in leaves
        if not any(map(str.isdigit, leaf.values[0][:4])) and time_format_of(leaf.values[0]) is None
    ]
    best = max(texts, key=text_rank, default=None)
    return best if best is not None and text_rank(best) > (False, False, 1) else None


def _codes(leaves: Sequence[Leaf], text: Leaf | None) -> list[str]:
    def coded(leaf: Leaf) -> bool:
        value = leaf.values[0]
        return " " not in value and len(value) <= 30 and time_format_of(value) is None and not is_clock(value)

    for wanted in ({"code"}, {"status", "state", "tag"}, {"type", "kind"}, {"event"}):
        found = [leaf for leaf in leaves if wanted & set(leaf.last) and coded(leaf) and leaf is not text
                 and not {"country", "postal", "zip", "facility", "location"} & set(leaf.words)]
        if found:
            return [leaf.path for leaf in found[:2]]
    return []


def _place(leaves: Sequence[Leaf]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part, names in _PLACE_WORDS.items():
        for leaf in leaves:
            if set(names) & set(leaf.last) and leaf.path not in found.values() and "status" not in leaf.last:
                found[part] = leaf.path
                break
    line = found.get("name")
    values = [value for leaf in leaves if leaf.path == line for value in leaf.values if "," in value]
    if line is None or len(found) > 1 or not values:
        return found
    return {"line": line, "parts": '"city, country"'} if _end_in_countries(values) else {"line": line}


def _end_in_countries(lines: Sequence[str]) -> bool:
    """Return True if each line is a city and a country. ``DE`` may be Delaware, but next to ``SE`` it is Germany."""
    ends = [line.rpartition(",")[2].strip() for line in lines if line.count(",") == 1]
    return len(ends) == len(lines) and all(map(may_be_country, ends)) and any(map(is_country, ends))


def _signed(leaves: Iterable[Leaf]) -> str:
    for leaf in leaves:
        if set(_SIGNATURE_WORDS) & set(leaf.words) and {"by", "name", "signatory", "signer"} & set(leaf.last):
            return leaf.path
    return ""


def table_of(structure: SampleStructure, guessed: FieldGuess) -> dict[str, tuple[Milestone | None, str, int]]:
    """Map every code of the sample (its text without one) to (guessed milestone, text, number of occurrences)."""
    paths = guessed.code or ([guessed.text] if guessed.text else [])
    found: dict[str, tuple[Milestone | None, str, int]] = {}
    for scan in structure.scans:
        code = ":".join(scan[path] for path in paths if path in scan)
        if code:
            words = scan.get(guessed.text, "")
            times = found[code][2] if code in found else 0
            found[code] = (meaning_of(words) or meaning_of(code), words, times + 1)
    return found


def carrier_yaml(feed: str, name: str, formats: str, extra: str, structure: SampleStructure, source: str) -> str:
    """Return the text of a ``carrier.yaml``; lines that a person must check are marked ``look:``."""
    guessed = guess(structure)
    lines = [
        f"# {name}. Drafted from one sample: look at every line marked so, and try it with the samples you have.",
        f"feed: {feed}", f"name: {name}", f"carrier: {feed}", f"formats: [{formats}]{extra}",
        "channel: webhook  # look: webhook, poll, file or edi",
        "zone: UTC  # look: the zone of the carrier's clocks where a time tells none, such as Europe/Vienna",
        "cadence: {expect_every: 1h, stale_after: 6h}  # look: how often it should be heard of",
        f"source: {json.dumps(source, ensure_ascii=False)}  # look: the carrier's manual, with its version",
        "", "documents:", f"  - name: tracking of {name}", f"    when: {_when(structure, guessed)}",
    ]
    if structure.levels:
        each = ", ".join(f'{level.name}: "{level.path}{"[]" if level.is_list else ""}"' for level in structure.levels)
        lines.append(f"    each: {{{each}}}")
    lines += [
        f"    tracking_number: {_list(guessed.number or [NO_NUMBER])}",
        "    time:", *[f"      - {time}" for time in guessed.times or [NO_TIME]],
        "    statuses: statuses",
    ]
    lines += [f"    code: {_list(guessed.code)}"] if guessed.code else []
    lines += [f"    text: {guessed.text}"] if guessed.text else []
    lines += [f"    place: {{{_pairs(guessed.place)}}}"] if guessed.place else []
    lines += ["    zone_by: [{table: place}]"] if {"line", "region", "country"} & set(guessed.place) else []
    lines += ["    eta:", *[f"      - {time}" for time in guessed.eta]] if guessed.eta else []
    lines += [f"    delivery: {{signed_by: {guessed.signed_by}}}"] if guessed.signed_by else []
    lines += ["    references:  # look: whose numbers they are", *[
        f"      - {{each: {path}, type: customer}}" for path in guessed.references
    ]] if guessed.references else []
    source_of_codes = "    source: the codes of one sample  # look: the carrier's list of codes"
    return "\n".join([*lines, "", "statuses:", "  statuses:", source_of_codes, *_table(structure, guessed), ""])


def _table(structure: SampleStructure, guessed: FieldGuess) -> list[str]:
    table = table_of(structure, guessed)
    if not guessed.code:
        rows = [f"      - {{starts: {json.dumps(code.casefold(), ensure_ascii=False)}, milestone: {meaning.value}}}"
                for code, (meaning, _, _) in table.items() if meaning is not None]
        unknown = [f"    # look: {code}" for code, (meaning, _, _) in table.items() if meaning is None]
        return [*(["    texts:", *rows] if rows else []), *unknown]
    rows = []
    for code, (meaning, words, times) in table.items():
        entry = f"{json.dumps(code, ensure_ascii=False)}: {'' if meaning is None else meaning.value}"
        note = " ".join(words.split())[:MAX_NOTE] or f"{times} times"
        rows.append(f"      {entry}  # {note}" if meaning is not None else f"      # look: {entry}  # {note}")
    known = any(not row.lstrip().startswith("#") for row in rows)
    return [*(["    codes:"] if known else ["    # codes:"]), *rows]


def _when(structure: SampleStructure, guessed: FieldGuess) -> str:
    if structure.levels:
        return structure.levels[0].path
    known = (path for path in [*guessed.number, *guessed.code] if path.startswith(f"{MESSAGE}."))
    return next(known, f"{MESSAGE}.LOOK")


def _list(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"[{', '.join(paths)}]"


def _pairs(parts: dict[str, str]) -> str:
    return ", ".join(f"{part}: {path}" for part, path in parts.items())
