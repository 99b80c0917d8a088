"""From the parts of a sample to the text of a ``carrier.yaml``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.drafting.leaves import MESSAGE, Anatomy, Leaf
from connectors.drafting.words import ISO, date_way_of, is_clock, meaning_of, way_of
from connectors.mapping.values.places import is_country, may_be_country
from streams.kernel.vocabulary import Milestone

_PROMISED = {"estimated", "expected", "eta", "scheduled", "promised", "forecast", "predicted", "appointment", "due"}
_NUMBERS = ("tracking", "parcel", "barcode", "awb", "waybill", "pin", "consignment", "package", "shipment", "piece",
            "item", "number", "id", "reference", "no")
_PLACE = {
    "name": ("facility", "location", "site", "depot", "office", "place", "where"),
    "city": ("city", "town", "locality", "ort", "ville"),
    "region": ("state", "province", "region"), "postal_code": ("zip", "postal", "postcode", "plz"),
    "country": ("country", "land", "pays"),
}
LONGEST_NOTE = 90
_OTHERS_NUMBERS = {"reference", "references", "ref", "refs", "customer", "order", "orders", "invoice"}
_SAID = {"description", "text", "message", "remark", "remarks"}
_UTC = {"gmt", "utc"}
NO_NUMBER = f"{MESSAGE}.LOOK  # look: nothing in it reads like a tracking number"
NO_TIME = f"{{stamp: {MESSAGE}.LOOK}}  # look: no time was found in it"
_SIGNED = ("signed", "signature", "signatory", "signer", "receiver", "recipient", "received")


@dataclass(slots=True)
class Guess:
    """What the leaves of a sample are taken for; empty where nothing fits."""

    number: list[str]
    times: list[str]
    code: list[str]
    text: str
    place: dict[str, str]
    signed_by: str
    eta: list[str]
    references: list[str]


def guess(anatomy: Anatomy) -> Guess:
    """The fields most likely meant."""
    scan = [leaf for leaf in anatomy.leaves if leaf.path.startswith(f"{_innermost(anatomy)}.")]
    above = [leaf for leaf in anatomy.leaves if leaf not in scan]
    promised = [leaf for leaf in anatomy.leaves if _PROMISED & set(leaf.words)]
    happened = [leaf for leaf in scan if leaf not in promised]
    text, numbers = _text(happened), _numbers(anatomy.leaves)
    return Guess(
        number=numbers, times=_times(happened), code=_codes(happened, text),
        text=text.path if text else "", place=_place(scan), signed_by=_signed(scan) or _signed(above),
        eta=_times(promised), references=_references(anatomy.leaves, numbers),
    )


def _innermost(anatomy: Anatomy) -> str:
    return anatomy.levels[-1].name if anatomy.levels else MESSAGE


def _numbers(leaves: Sequence[Leaf]) -> list[str]:
    """Up to two, the best first: a name that says it, a value that holds enough digits; somebody else's only where
    there is no other."""
    def rank(leaf: Leaf) -> int:
        words = leaf.last
        named = [place for place, word in enumerate(_NUMBERS) if word in words]
        value = leaf.values[0].replace(" ", "").replace("-", "")
        digits = sum(map(str.isdigit, value))
        fits = value.isalnum() and digits >= 4 and not {"date", "time", *_PROMISED} & set(words)
        if not fits or way_of(value) is not None:
            return 99
        return min(named, default=50 if digits >= 8 else 99) + 20 * bool(_OTHERS_NUMBERS & set(leaf.words))

    ranked = sorted((leaf for leaf in leaves if rank(leaf) < 99), key=rank)
    own = [leaf for leaf in ranked if not _OTHERS_NUMBERS & set(leaf.words)]
    return [leaf.path for leaf in (own or ranked)[:2]]


def _references(leaves: Sequence[Leaf], numbers: Sequence[str]) -> list[str]:
    """Numbers that are somebody else's."""
    return [
        leaf.path for leaf in leaves
        if _OTHERS_NUMBERS & set(leaf.last) and leaf.path not in numbers
        and any(map(str.isdigit, leaf.values[0])) and way_of(leaf.values[0]) is None
        and date_way_of(leaf.values[0]) is None
    ]


def _times(leaves: Sequence[Leaf]) -> list[str]:
    """The ways of telling time, the most exact first, as flow mappings."""
    stamps = [(leaf, way) for leaf in leaves if (way := way_of(leaf.values[0])) is not None]
    stamps.sort(key=lambda one: ("created" in one[0].words or "updated" in one[0].words, one[0].path.count(".")))
    found = [_stamp(leaf, way) for leaf, way in stamps[:1]]
    if found:
        return found
    dates = [(leaf, way) for leaf in leaves if (way := date_way_of(leaf.values[0])) is not None]
    dates.sort(key=lambda one: bool(_UTC & set(one[0].last)))
    clocks = [leaf for leaf in leaves if is_clock(leaf.values[0], named="time" in leaf.last)]
    for leaf, way in dates[:1]:
        pattern = "" if way == ISO else f", pattern: {json.dumps(way)}"
        found.append(f"{{local: [{', '.join([leaf.path, *_beside(leaf, clocks)])}]{pattern}}}")
    return found


def _beside(date: Leaf, clocks: Sequence[Leaf]) -> list[str]:
    """The clock that goes with a date: in the same object, and named alike but for these two words."""
    def apart(clock: Leaf) -> int:
        return len((set(clock.last) ^ set(date.last)) - {"date", "time", "day", "at"})

    near = [clock for clock in clocks if clock.path.rpartition(".")[0] == date.path.rpartition(".")[0]]
    return [clock.path for clock in sorted(near, key=apart)[:1]]


def _stamp(leaf: Leaf, way: str) -> str:
    if way == "epoch":
        return f"{{epoch: {leaf.path}}}"
    return f"{{stamp: {leaf.path}}}" if way == ISO else f"{{stamp: {leaf.path}, pattern: {json.dumps(way)}}}"


def _text(leaves: Sequence[Leaf]) -> Leaf | None:
    """The leaf that reads most like a sentence."""
    def spoken(leaf: Leaf) -> tuple[bool, bool, float]:
        spaces = sum(value.count(" ") for value in leaf.values) / len(leaf.values)
        return bool(_SAID & set(leaf.last)), bool({"event", "status"} & set(leaf.words)), spaces

    texts = [
        leaf for leaf in leaves if not any(map(str.isdigit, leaf.values[0][:4])) and way_of(leaf.values[0]) is None
    ]
    best = max(texts, key=spoken, default=None)
    return best if best is not None and spoken(best) > (False, False, 1) else None


def _codes(leaves: Sequence[Leaf], text: Leaf | None) -> list[str]:
    def coded(leaf: Leaf) -> bool:
        value = leaf.values[0]
        return " " not in value and len(value) <= 30 and way_of(value) is None and not is_clock(value)

    for wanted in ({"code"}, {"status", "state", "tag"}, {"type", "kind"}, {"event"}):
        found = [leaf for leaf in leaves if wanted & set(leaf.last) and coded(leaf) and leaf is not text
                 and not {"country", "postal", "zip", "facility", "location"} & set(leaf.words)]
        if found:
            return [leaf.path for leaf in found[:2]]
    return []


def _place(leaves: Sequence[Leaf]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part, names in _PLACE.items():
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
    """Whether each is a city and a country: ``DE`` is Delaware too, but beside a ``SE`` it is Germany."""
    ends = [line.rpartition(",")[2].strip() for line in lines if line.count(",") == 1]
    return len(ends) == len(lines) and all(map(may_be_country, ends)) and any(map(is_country, ends))


def _signed(leaves: Iterable[Leaf]) -> str:
    for leaf in leaves:
        if set(_SIGNED) & set(leaf.words) and {"by", "name", "signatory", "signer"} & set(leaf.last):
            return leaf.path
    return ""


def table_of(anatomy: Anatomy, guessed: Guess) -> dict[str, tuple[Milestone | None, str, int]]:
    """Every code of the sample (its text where it has none) -> what its words most likely mean, those words, how
    often it stands there."""
    paths = guessed.code or ([guessed.text] if guessed.text else [])
    found: dict[str, tuple[Milestone | None, str, int]] = {}
    for scan in anatomy.scans:
        code = ":".join(scan[path] for path in paths if path in scan)
        if code:
            words = scan.get(guessed.text, "")
            times = found[code][2] if code in found else 0
            found[code] = (meaning_of(words) or meaning_of(code), words, times + 1)
    return found


def written(feed: str, name: str, formats: str, extra: str, anatomy: Anatomy, source: str) -> str:
    """The text of a ``carrier.yaml``; what a person must look at is marked ``look:``."""
    guessed = guess(anatomy)
    lines = [
        f"# {name}. Drafted from one sample: look at every line marked so, and try it with the samples you have.",
        f"feed: {feed}", f"name: {name}", f"carrier: {feed}", f"formats: [{formats}]{extra}",
        "channel: webhook  # look: webhook, poll, file or edi",
        "zone: UTC  # look: the zone of the carrier's clocks where a time tells none, such as Europe/Vienna",
        "cadence: {expect_every: 1h, stale_after: 6h}  # look: how often it should be heard of",
        f"source: {json.dumps(source, ensure_ascii=False)}  # look: the carrier's manual, with its version",
        "", "documents:", f"  - name: tracking of {name}", f"    when: {_when(anatomy, guessed)}",
    ]
    if anatomy.levels:
        each = ", ".join(f'{level.name}: "{level.path}{"[]" if level.is_list else ""}"' for level in anatomy.levels)
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
    return "\n".join([*lines, "", "statuses:", "  statuses:", source_of_codes, *_table(anatomy, guessed), ""])


def _table(anatomy: Anatomy, guessed: Guess) -> list[str]:
    table = table_of(anatomy, guessed)
    if not guessed.code:
        rows = [f"      - {{starts: {json.dumps(code.casefold(), ensure_ascii=False)}, milestone: {meaning.value}}}"
                for code, (meaning, _, _) in table.items() if meaning is not None]
        unknown = [f"    # look: {code}" for code, (meaning, _, _) in table.items() if meaning is None]
        return [*(["    texts:", *rows] if rows else []), *unknown]
    rows = []
    for code, (meaning, words, times) in table.items():
        entry = f"{json.dumps(code, ensure_ascii=False)}: {'' if meaning is None else meaning.value}"
        note = " ".join(words.split())[:LONGEST_NOTE] or f"{times} times"
        rows.append(f"      {entry}  # {note}" if meaning is not None else f"      # look: {entry}  # {note}")
    known = any(not row.lstrip().startswith("#") for row in rows)
    return [*(["    codes:"] if known else ["    # codes:"]), *rows]


def _when(anatomy: Anatomy, guessed: Guess) -> str:
    if anatomy.levels:
        return anatomy.levels[0].path
    known = (path for path in [*guessed.number, *guessed.code] if path.startswith(f"{MESSAGE}."))
    return next(known, f"{MESSAGE}.LOOK")


def _list(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"[{', '.join(paths)}]"


def _pairs(parts: dict[str, str]) -> str:
    return ", ".join(f"{part}: {path}" for part, path in parts.items())
