"""A carrier's folder to a working adapter. Everything wrong in its file is said with file, line and field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

from connectors.mapping import yaml_text
from connectors.mapping.adapter import BY_LINE, READERS, WITH_ATTRIBUTES, MappedAdapter, RowsAdapter, rows_reader
from connectors.mapping.asking import Plan, plan_of
from connectors.mapping.check_digits import RULES, Checks, Scheme
from connectors.mapping.document import MESSAGE, Compiled
from connectors.mapping.edifact_status import TYPES, EdifactAdapter
from connectors.mapping.other_carriers import carrier_of
from connectors.mapping.paths import BadPath
from connectors.mapping.places import line_order
from connectors.mapping.refusals import Refusals, Test, test_of
from connectors.mapping.specification import CheckDigit, Document, Push, Specification
from connectors.mapping.statuses import StatusTable
from connectors.mapping.times import zone
from connectors.mapping.x12_status import SETS, X12Adapter
from connectors.mapping.yaml_text import Lines
from streams.identity import normalise_carrier
from streams.intake import Adapter

FILE = "carrier.yaml"
EDI = ("x12", "edifact")
FORMATS = (*READERS, *BY_LINE, *EDI)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SIGNABLE = ("body", "timestamp", "method", "path", "secret")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([1-9]\d*)([smhd])")


@dataclass(frozen=True, slots=True)
class Carrier:
    """One carrier as the rest of ShipSync knows it. ``slug`` is None for an aggregator; ``plan``: how it is asked;
    ``rows_have_header``: its tables begin with a row that names the columns; ``calendar``: the holidays it follows.
    """

    feed: str
    name: str
    slug: str | None
    channel: str
    formats: tuple[str, ...]
    source: str
    expect_every_s: int
    stale_after_s: int
    adapter: Adapter
    plan: Plan | None = None
    push: Push | None = None
    rows_have_header: bool = False
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A carrier's file, read and not yet compiled."""

    spec: Specification
    lines: Lines
    tables: Mapping[str, StatusTable]
    schemes: Sequence[Scheme]


def read(folder: Path) -> Read:
    """The folder's ``carrier.yaml``, checked as far as it goes by itself. Raises CarrierFileError."""
    spec, lines = yaml_text.load(folder / FILE, Specification)
    _check_zone(spec.zone, lines, ("zone",))
    for index, name in enumerate(spec.formats):
        if name not in FORMATS:
            raise lines.error(("formats", str(index)), f"there is {', '.join(FORMATS)}, no {name!r}")
    edi = [name for name in EDI if getattr(spec, name) is not None]
    if (spec.formats if set(spec.formats) & {*EDI} else []) != edi or bool(spec.documents) == bool(edi):
        raise lines.error(
            ("formats",), "give formats [x12] and x12:, formats [edifact] and edifact:, or other formats and documents:"
        )
    for index, code in enumerate(spec.x12.sets if spec.x12 else ()):
        if code not in SETS:
            raise lines.error(("x12", "sets", str(index)), f"there is {', '.join(SETS)}, no {code!r}")
    for index, code in enumerate(spec.edifact.messages if spec.edifact else ()):
        if code not in TYPES:
            raise lines.error(("edifact", "messages", str(index)), f"there is {', '.join(TYPES)}, no {code!r}")
    _check_rows(spec, lines)
    if spec.push is not None:
        _check_push(spec.push, lines)
    tables = {name: StatusTable(table) for name, table in spec.statuses.items()}
    return Read(spec, lines, tables, [_scheme(one, lines, index) for index, one in enumerate(spec.check_digits)])


def _scheme(one: CheckDigit, lines: Lines, index: int) -> Scheme:
    where = ("check_digits", str(index))
    if one.rule not in RULES:
        raise lines.error((*where, "rule"), f"there is {', '.join(RULES)}, no {one.rule!r}")
    try:
        shape = re.compile(one.shape)
    except re.error as error:
        raise lines.error((*where, "shape"), f"{one.shape!r} is no regular expression: {error}") from error
    if shape.groups != 2:
        raise lines.error((*where, "shape"), "has two groups: what the digit is made of, and the digit")
    return Scheme(shape, RULES[one.rule])


def _check_zone(name: str, lines: Lines, where: tuple[str, ...]) -> None:
    try:
        zone(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise lines.error(where, f"{name!r} is no IANA time zone, such as Europe/Berlin") from error


def _check_rows(spec: Specification, lines: Lines) -> None:
    by_line = [name for name in spec.formats if name in BY_LINE]
    if by_line and len(spec.formats) > 1:
        raise lines.error(("formats",), f"{by_line[0]} stands alone: give the other formats a feed of their own")
    if spec.csv is None:
        return
    if spec.formats != ["csv"]:
        raise lines.error(("csv",), "goes with formats [csv]")
    if spec.csv.widths and len(spec.csv.widths) != len(spec.csv.columns):
        raise lines.error(
            ("csv", "widths"), f"{len(spec.csv.widths)} widths for {len(spec.csv.columns)} columns; give one each"
        )
    try:
        "".encode(spec.csv.encoding)
    except LookupError as error:
        raise lines.error(("csv", "encoding"), f"Python knows no encoding {spec.csv.encoding!r}") from error


def _check_push(push: Push, lines: Lines) -> None:
    if push.scheme in ("hmac", "digest", "token", "mtls") and not push.header:
        raise lines.error(("push", "header"), f"scheme {push.scheme} needs the name of a header")
    unknown = [
        name for name in _PLACEHOLDER.findall(push.signed) if name not in _SIGNABLE and not name.startswith("header.")
    ]
    if unknown or "{body}" not in push.signed:
        raise lines.error(("push", "signed"), f"holds {{body}}, and of others {', '.join(_SIGNABLE)}, header.<name>")
    if ("{timestamp}" in push.signed) != (push.timestamp_header is not None):
        raise lines.error(
            ("push", "timestamp_header"), "goes with {timestamp} in signed: a time that is not signed proves nothing"
        )
    if (push.scheme == "digest") != ("{secret}" in push.signed):
        raise lines.error(("push", "signed"), "{secret} goes with scheme digest, and that with {secret}")
    if push.replay_seconds <= 0:
        raise lines.error(("push", "replay_seconds"), "is a number of seconds above 0")
    if push.answer not in (200, 202):
        raise lines.error(("push", "answer"), f"is 200 or 202, not {push.answer}")


def compile_carrier(one: Read, others: Mapping[str, Read]) -> Carrier:
    """The working carrier. ``others``: all carriers read, by slug. Raises CarrierFileError."""
    spec, lines = one.spec, one.lines
    return Carrier(
        spec.feed, spec.name, spec.carrier if isinstance(spec.carrier, str) else None, spec.channel,
        tuple(spec.formats), spec.source,
        _seconds(spec.cadence.expect_every, lines, "expect_every"),
        _seconds(spec.cadence.stale_after, lines, "stale_after"),
        _adapter(one, others),
        None if spec.poll is None else plan_of(spec.poll, spec.carrier, lines),
        spec.push,
        spec.formats == ["csv"] and not (spec.csv is not None and spec.csv.columns),
        spec.calendar,
    )


def _adapter(one: Read, others: Mapping[str, Read]) -> Adapter:
    spec = one.spec
    checks = _checks(others)
    if spec.x12 is not None:
        return X12Adapter(spec.feed, spec.channel, spec.zone, spec.x12, checks)
    if spec.edifact is not None:
        slug = spec.carrier if isinstance(spec.carrier, str) else spec.carrier.otherwise
        return EdifactAdapter(spec.feed, spec.channel, spec.zone, slug, spec.edifact, checks)
    return _mapped(one, others, checks)


def _checks(carriers: Mapping[str, Read]) -> Checks:
    """The schemes of every carrier that is one and no aggregator."""
    schemes: dict[str, list[Scheme]] = {}
    for one in carriers.values():
        if isinstance(one.spec.carrier, str):
            slug = normalise_carrier(one.spec.carrier)
            schemes[slug] = [*schemes.get(slug, []), *one.schemes]
    return Checks(schemes)


def _seconds(text: str, lines: Lines, field: str) -> int:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise lines.error(("cadence", field), f"{text!r} is no duration; write 90s, 15m, 2h or 1d")
    return int(found[1]) * _SECONDS[found[2]]


def _mapped(one: Read, others: Mapping[str, Read], checks: Checks) -> MappedAdapter | RowsAdapter:
    spec = one.spec
    levels = {MESSAGE, *(level for document in spec.documents for level in document.each)}
    for index, refusal in enumerate(spec.refusals):
        if _starts(refusal.when) not in levels:
            raise one.lines.error(
                ("refusals", str(index), "when"), f"starts with none of the levels {', '.join(sorted(levels))}"
            )
    try:
        whole = Refusals([r for r in spec.refusals if _starts(r.when) == MESSAGE], [MESSAGE])
    except BadPath as error:
        raise one.lines.error(("refusals",), str(error)) from error
    documents = [_document(one, index, document, others, checks) for index, document in enumerate(spec.documents)]
    readers = WITH_ATTRIBUTES if spec.xml_attributes else READERS
    mapped = MappedAdapter(
        spec.feed, {name: readers[name] for name in spec.formats if name in readers}, whole, documents
    )
    kind = spec.formats[0]
    return RowsAdapter(mapped, rows_reader(kind, spec.csv)) if kind in BY_LINE else mapped


def _document(
    one: Read, index: int, document: Document, others: Mapping[str, Read], checks: Checks
) -> tuple[Test, Compiled]:
    where = ("documents", str(index))
    tables = dict(one.tables)
    owner, _, table = document.statuses.partition("/")
    if table and owner in others and table in others[owner].tables:
        tables[document.statuses] = others[owner].tables[table]
    if document.always is None and document.statuses not in tables:
        raise one.lines.error(
            (*where, "statuses"), f"no table {document.statuses!r}; there is {', '.join(one.tables) or 'none'}"
        )
    for number, time in enumerate([*document.time, *document.eta]):
        if sum(way is not None for way in (time.stamp, time.epoch, time.utc, time.local, time.received)) - (
            time.utc is not None and time.local is not None
        ) != 1:
            raise one.lines.error((*where, "time", str(number)), "give exactly one of stamp, epoch, utc and local")
        if time.zone is not None:
            _check_zone(time.zone, one.lines, (*where, "time", str(number), "zone"))
    if document.place is not None:
        try:
            line_order(document.place.parts)
        except ValueError as error:
            raise one.lines.error((*where, "place", "parts"), "name parts of a place, such as city, region") from error

    def table_of(slug: str, name: str) -> StatusTable | None:
        other = others.get(slug)
        return None if other is None else other.tables.get(name)

    try:
        return test_of(document.when, [MESSAGE]), Compiled(
            document, one.spec, carrier_of(one.spec.carrier), tables, table_of, checks
        )
    except BadPath as error:
        raise one.lines.error(_place_of(one.lines, where, str(error)), str(error)) from error


def _place_of(lines: Lines, where: tuple[str, ...], problem: str) -> tuple[str, ...]:
    """The field whose path is wrong: the first below ``where`` standing on a line that holds it."""
    path = problem.split("'")[1] if "'" in problem else ""
    texts = lines.path.read_text("utf-8").splitlines()
    for field, line in lines.below(where):
        if path and path in texts[line - 1]:
            return field
    return where


def _starts(when: object) -> str:
    path = when if isinstance(when, str) else getattr(when, "path", "")
    return path.partition(".")[0]
