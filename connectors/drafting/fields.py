"""Guesses which field of a sample holds what, by names and values, and says why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from connectors.drafting.leaves import MESSAGE, Leaf, SampleStructure
from connectors.drafting.marks import note, quoted
from connectors.drafting.times import MOST_VALUES, estimates_of, is_estimate, is_time_leaf, scan_times
from connectors.drafting.words import date_format_of, is_clock, meaning_of, time_format_of
from connectors.mapping.values.places import is_country, may_be_country, zone_name

_NUMBER_WORDS = (
    "tracking", "parcel", "barcode", "awb", "waybill", "pin", "consignment", "package", "pro", "shipment", "piece",
    "item", "number", "id", "no",
)
_REFERENCE_WORDS = {
    "reference", "references", "ref", "refs", "customer", "order", "orders", "invoice", "po", "purchase", "bol",
    "lading", "booking", "client",
}
_NO_NUMBER_WORDS = {
    "date", "time", "phone", "fax", "tel", "mobile", "zip", "postal", "postcode", "plz", "code", "weight", "amount",
    "house", "street", "latitude", "longitude", "lat", "lng", "lon", "url", "link", "version", "account", "address",
    "email", "height", "width", "length", "volume", "price", "timestamp", "on", "at",
}
_OTHERS_NUMBERS = {"shop", "shops", "depot", "hub", "office", "branch", "vehicle", "driver", "service", "route", "run"}
"""Whose numbers are not the shipment's."""
_PLACE_WORDS = {
    "name": ("facility", "location", "site", "depot", "office", "place", "where", "hub", "branch", "terminal"),
    "city": ("city", "town", "locality", "ort", "ville", "suburb"),
    "region": ("state", "province", "region"), "postal_code": ("zip", "postal", "postcode", "plz"),
    "country": ("country", "land", "pays"),
}
_TEXT_WORDS = {"description", "text", "message", "remark", "remarks", "desc", "dscr"}
_CODE_NAMES: tuple[set[str], ...] = (
    {"code"}, {"status", "state", "tag", "stage"}, {"type", "kind"}, {"event", "activity", "scan"},
)
_TYPE_WORDS = {"type", "kind", "group", "category", "class"}
_NO_CODE_WORDS = {
    "country", "postal", "zip", "facility", "location", "reason", "region", "province", "zone", "carrier", "service",
    "error", "depot", "classifier", "hub", "office", "site", "language", "currency",
}
_SIGNATURE_WORDS = {"signed", "signature", "signatory", "signer", "receiver", "recipient", "received"}
_REACHED_WORDS = {"reached", "happened", "completed", "done", "passed", "occurred"}
MOST_OF_A_CODE = 40
_CITY_AND_COUNTRY = re.compile(r".+ \([A-Z]{2}\)")
_OFFSET = re.compile(r"(?:GMT|UTC)?[+-]\d{1,2}(?::?\d{2})?")
_WORD = re.compile(r"[A-Z]?[a-z]{3,}")


@dataclass(slots=True)
class Guess:
    """Holds the draft of one field of the mapping. ``says``: YAML flow values; ``why``: the reason, for the mark;
    ``example``: a value of it in the samples."""

    says: list[str] = field(default_factory=list)
    why: str = ""
    example: str = ""


@dataclass(slots=True)
class FieldGuess:
    """The guess for each field of a document; ``says`` is empty without a candidate. ``code`` and ``text`` hold paths;
    ``remarks``: what a person should look for beside."""

    number: Guess
    time: Guess
    code: Guess
    text: Guess
    place: dict[str, Guess]
    zone_by: Guess
    eta: Guess
    signed_by: Guess
    references: list[Guess]
    leave_out: Guess
    remarks: list[str]
    names_no_zone: bool


def guess(structure: SampleStructure) -> FieldGuess:
    """Guess the fields from the names and values of the leaves."""
    level = structure.levels[-1].name if structure.levels else MESSAGE
    scan = [leaf for leaf in structure.leaves if leaf.path.startswith(f"{level}.")]
    above = [leaf for leaf in structure.leaves if leaf not in scan]
    actuals = [leaf for leaf in scan if not is_estimate(leaf) and not leaf.is_flag]
    text = _text(actuals)
    place = _place(scan)
    taken = {one for guessed in place.values() for one in guessed.says}
    numbers = _numbers(structure.leaves, has_levels=bool(structure.levels))
    zones = [leaf for leaf in scan if all(zone_name(value) for value in leaf.values) and "/" in leaf.values[0]]
    offsets = [leaf for leaf in scan if all(map(_OFFSET.fullmatch, leaf.values)) and leaf.share > 0.5]
    times = scan_times(actuals, offsets, zones)
    if structure.is_side_by_side and not times.says:
        times = scan_times([leaf for leaf in above if not is_estimate(leaf) and not leaf.is_flag], [], [])
    code, others, types = _code(actuals, text, taken)
    return FieldGuess(
        number=_number_guess(numbers), time=Guess(times.says, times.why, times.example),
        code=code, text=Guess([text.path], f"the words: {_shown(text)}", text.values[0]) if text else Guess(),
        place=place, zone_by=_zone_by(zones, place), eta=Guess(*estimates_of(structure.leaves)),
        signed_by=_signed(scan) if _signed(scan).says else _signed(above),
        references=_references(structure.leaves, [leaf.path for leaf in numbers[:1]]),
        leave_out=_leave_out(scan),
        remarks=[*_remarks(structure, scan, code, others, types)], names_no_zone=times.names_no_zone,
    )


def _shown(leaf: Leaf, most: int = 2) -> str:
    """Some of the values of a leaf, each once."""
    values = list(dict.fromkeys(leaf.values))
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return f"{', '.join(note(value, 40) for value in values[:most])}{more}"


def _numbers(leaves: Sequence[Leaf], has_levels: bool) -> list[Leaf]:
    """Return the leaves that may be the tracking number, the best first, ranked by name, digits and level.

    Names of other references (order, PO, invoice) are used only without another candidate.
    """
    def rank(leaf: Leaf) -> float:
        words = set(leaf.last)
        values = [value.replace(" ", "").replace("-", "") for value in leaf.values[:MOST_VALUES]]
        digits = [sum(map(str.isdigit, value)) for value in values if value.isalnum() and 4 <= len(value) <= 40]
        fits = 2 * sum(count >= 4 for count in digits) > len(values)
        if not fits or is_time_leaf(leaf) or leaf.is_flag or is_estimate(leaf):
            return 99
        if (_NO_NUMBER_WORDS - {"code", "address"}) & set(leaf.words) or "phone" in leaf.words:
            return 99 if not {"tracking", "parcel", "barcode", "consignment"} & words else 30
        named = [place for place, word in enumerate(_NUMBER_WORDS) if word in words]
        unnamed = 50 if min(digits) >= 8 or leaf.last[-1:] == ["no"] else 99
        in_scan = 15 * (has_levels and leaf.path.startswith("scan."))
        of_others = 20 * bool((_REFERENCE_WORDS | _OTHERS_NUMBERS) & set(leaf.words))
        less = 10 * (1 - leaf.share) + leaf.path.count(".") / 2
        return min(named, default=unnamed) + of_others + in_scan + less

    ranked = sorted((leaf for leaf in leaves if rank(leaf) < 90), key=rank)
    own = [leaf for leaf in ranked if not _REFERENCE_WORDS & set(leaf.words)]
    return own or ranked


def _number_guess(numbers: Sequence[Leaf]) -> Guess:
    if not numbers:
        return Guess(["asked"], "nothing reads like a tracking number, so that it is the one the poller asked for")
    best = numbers[0]
    referred = ", which reads like a reference, not a tracking number" if _REFERENCE_WORDS & set(best.words) else ""
    beside = f"; else {', '.join(leaf.path for leaf in numbers[1:4])}" if numbers[1:] else ""
    return Guess([best.path], f"{_shown(best)}{referred}{beside}", best.values[0])


def _references(leaves: Sequence[Leaf], numbers: Sequence[str]) -> list[Guess]:
    """Return the paths and types of other references, such as order and invoice numbers."""
    found = []
    for leaf in leaves:
        named = _REFERENCE_WORDS & set(leaf.last)
        if named and leaf.path not in numbers and any(map(str.isdigit, leaf.values[0])) and not is_time_leaf(leaf):
            kind = "po" if named & {"po", "purchase"} else "bol" if named & {"bol", "lading"} else "customer"
            found.append(Guess([leaf.path, kind], f"whose numbers are they? {_shown(leaf)}", leaf.values[0]))
    return found


def _text(leaves: Sequence[Leaf]) -> Leaf | None:
    """Return the leaf with the status text: the best by name, by whether the words mean a status, and by blanks."""
    def text_rank(leaf: Leaf) -> tuple[bool, bool, bool, float]:
        values = leaf.values[:MOST_VALUES]
        spaces = sum(value.count(" ") for value in values) / len(values)
        means = 2 * sum(meaning_of(value) is not None for value in values) >= len(values)
        of_status = bool({"event", "status"} & set(leaf.words))
        return bool(_TEXT_WORDS & set(leaf.last)), means and spaces > 0, of_status, spaces

    texts = [
        leaf for leaf in leaves
        if not any(map(str.isdigit, leaf.values[0][:4])) and not is_time_leaf(leaf) and not _is_json(leaf)
        and not any(set(names) & set(leaf.last) for names in _PLACE_WORDS.values() if names[0] != "state")
    ]
    best = max(texts, key=text_rank, default=None)
    return best if best is not None and text_rank(best) > (False, False, False, 1) else None


def _code(
    leaves: Sequence[Leaf], text: Leaf | None, taken: set[str]
) -> tuple[Guess, Sequence[Leaf], Sequence[Leaf]]:
    """Return the best field for the code, others of the same kind of name, and fields that may be its type."""
    def is_coded(leaf: Leaf) -> bool:
        named = leaf is not text and leaf.path not in taken and not _NO_CODE_WORDS & set(leaf.last)
        return named and _holds_codes(leaf) and not _says_one_thing_of_many(leaf, text)

    for names in _CODE_NAMES:
        found = [leaf for leaf in leaves if names & set(leaf.last) and is_coded(leaf)]
        found.sort(key=lambda leaf: (-round(leaf.share, 1), -len(set(leaf.values)), leaf.path.count(".")))
        if found:
            best = found[0]
            says = f"{len(set(best.values))} codes: {_shown(best, 3)}"
            if all(map(_WORD.match, best.values)):
                says = f"these read like words, not codes, and words change: {_shown(best, 3)}"
            if best.share < 1:
                says = f"only {len(best.values)} of {best.of} scans have it; {says}"
            types = [leaf for leaf in leaves if _TYPE_WORDS & set(leaf.last) and is_coded(leaf) and leaf not in found]
            return Guess([best.path], says, best.values[0]), found[1:], types
    return Guess(), [], []


def _holds_codes(leaf: Leaf) -> bool:
    """Return True if the values have the form of codes: short, without blanks, no times, not true and false."""
    return {value.casefold() for value in leaf.values} - {"true", "false"} != set() and all(
        " " not in value and len(value) <= MOST_OF_A_CODE and time_format_of(value) is None
        and not is_clock(value) and date_format_of(value) is None
        for value in leaf.values
    )


def _is_json(leaf: Leaf) -> bool:
    return leaf.values[0].startswith('{"')


def _says_one_thing_of_many(leaf: Leaf, text: Leaf | None) -> bool:
    """Return True if all scans have the same value, which means no status, and say different things: it is the kind of
    message, and no code."""
    one_thing = len(set(leaf.values)) == 1 < len(leaf.values) and meaning_of(leaf.values[0]) is None
    return one_thing and text is not None and len(set(text.values)) > 1


def _place(leaves: Sequence[Leaf]) -> dict[str, Guess]:
    found: dict[str, Guess] = {}
    taken: set[str] = set()
    by_name = sorted(leaves, key=lambda leaf: "code" in leaf.last)
    for part, names in _PLACE_WORDS.items():
        for leaf in by_name if part == "name" else leaves:
            named = set(names) & set(leaf.last) and leaf.path not in taken and not {"status", "time"} & set(leaf.last)
            if named and _may_be(part, leaf):
                found[part] = Guess([leaf.path], _shown(leaf), leaf.values[0])
                taken.add(leaf.path)
                break
    line = found.get("name")
    if line is None or len(found) > 1:
        return found
    values = [value for leaf in leaves if leaf.path == line.says[0] for value in leaf.values]
    if all(map(_CITY_AND_COUNTRY.fullmatch, values)):
        return {"line": line, "pattern": Guess([r"'(?P<city>.+) \((?P<country>[A-Z]{2})\)'"])}
    values = [value for value in values if "," in value]
    if not values:
        return found
    parts = {"parts": Guess(['"city, country"'])} if _end_in_countries(values) else {}
    return {"line": line, **parts}


def _may_be(part: str, leaf: Leaf) -> bool:
    """Return True if the values of a leaf can be that part of a place: a state may be a status as well."""
    if part == "region":
        return not any(map(meaning_of, leaf.values)) and all(not value.isdigit() for value in leaf.values)
    if part == "country":
        return sum(map(may_be_country, leaf.values)) * 2 > len(leaf.values)
    if part == "city":
        return not all(value.isdigit() for value in leaf.values)
    return not is_time_leaf(leaf) and not (part == "name" and all(len(value) > 80 for value in leaf.values))


def _end_in_countries(lines: Sequence[str]) -> bool:
    """Return True if each line is a city and a country. ``DE`` may be Delaware, but next to ``SE`` it is Germany."""
    ends = [line.rpartition(",")[2].strip() for line in lines if line.count(",") == 1]
    return len(ends) == len(lines) and all(map(may_be_country, ends)) and any(map(is_country, ends))


def _zone_by(zones: Sequence[Leaf], place: dict[str, Guess]) -> Guess:
    if zones:
        says = f"{{by: {quoted(zones[0].path)}, table: zones}}"
        return Guess([says], f"zones: {_shown(zones[0])}", zones[0].values[0])
    if {"line", "region", "country"} & set(place):
        return Guess(["{table: place}"], "clocks show the local time of the place")
    return Guess()


def _signed(leaves: Iterable[Leaf]) -> Guess:
    for leaf in leaves:
        names = {"by", "name", "signatory", "signer"} & set(leaf.last)
        if _SIGNATURE_WORDS & set(leaf.words) and names and not leaf.is_flag:
            return Guess([leaf.path], f"who signed: {_shown(leaf)}", leaf.values[0])
    return Guess()


def _leave_out(leaves: Sequence[Leaf]) -> Guess:
    """Guess a field that says whether a step has been reached; those that have not are still to come."""
    for leaf in leaves:
        if _REACHED_WORDS & set(leaf.last) and {value.casefold() for value in leaf.values} == {"true", "false"}:
            no = next(value for value in leaf.values if value.casefold() == "false")
            return Guess([f'{{path: {quoted(leaf.path)}, one_of: ["{no}"]}}'], "steps still to come are no events", no)
    return Guess()


def _remarks(
    structure: SampleStructure, scan: Sequence[Leaf], code: Guess, others: Sequence[Leaf], types: Sequence[Leaf]
) -> Iterator[str]:
    """Yield what the draft leaves out and a person should weigh."""
    if others:
        yield f"other fields that may be the code: {', '.join(leaf.path for leaf in others)}"
    if types:
        shown = ", ".join(f"{leaf.path} ({_shown(leaf)})" for leaf in types[:3])
        yield (
            f"does the code mean something else under another type, such as of a return? {shown}; "
            f"then `code: [{types[0].path}, {code.says[0]}]`"
        )
    for leaf in scan:
        if {"zone", "timezone", "tz"} & set(leaf.last) and not any(map(zone_name, leaf.values)) and not any(
            map(_OFFSET.fullmatch, leaf.values)
        ):
            yield (
                f"{leaf.path} holds {_shown(leaf)}, which are no IANA names: say "
                f"`zone_by: [{{by: {leaf.path}, zones: {{{note(leaf.values[0], 10)}: …}}}}]`"
            )
    for leaf in structure.leaves:
        if _is_json(leaf):
            yield f"{leaf.path} holds JSON in a text; as a level it is read: `each: {{…: \"{leaf.path}{{}}\"}}`"
    flags = [leaf.path for leaf in scan if leaf.is_flag]
    if flags:
        says = "" if code.says else "; without a code these may be the status"
        yield f"true or false, and not used: {', '.join(flags[:6])}{says}"
    for path in structure.beside[:4]:
        yield f"another list with times, not read: {path}; join it by ` + `, or give it a document of its own"
