"""Loads a carrier's folder and compiles its adapter. An error in its file names file, line, field and fix."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors.mapping.declared import yaml_text
from connectors.mapping.declared.check_digit import CheckDigit
from connectors.mapping.declared.document_call import CallPlan, call_plan_of
from connectors.mapping.declared.poll_plan import Plan, plan_of
from connectors.mapping.declared.published_codes import PublishedList, repeated, share_of
from connectors.mapping.declared.refusals import Refusals, Test, test_of
from connectors.mapping.declared.schema import Document, Push, Specification
from connectors.mapping.declared.schema_checks import (
    check_places,
    check_push,
    check_rows,
    check_texts,
    check_times,
    check_zone,
)
from connectors.mapping.declared.status_tables import StatusTable
from connectors.mapping.declared.yaml_text import Lines
from connectors.mapping.documents.adapter import (
    BY_LINE,
    DECODERS,
    DECODERS_WITH_ATTRIBUTES,
    MappedAdapter,
    RowsAdapter,
    rows_decoder,
)
from connectors.mapping.documents.document import MESSAGE, DocumentReader
from connectors.mapping.documents.paths import BadPath
from connectors.mapping.documents.picks import PicksAdapter
from connectors.mapping.edifact.messages import TYPES, EdifactAdapter
from connectors.mapping.values.carrier_names import CarrierNames
from connectors.mapping.values.check_digits import RULES, Checks, Scheme
from connectors.mapping.values.label_forms import LabelForm, LabelForms
from connectors.mapping.x12.set_214 import SETS, X12Adapter
from connectors.mapping.x12.tables import published_214
from streams.contracts.ids import normalise_carrier
from streams.intake.adapter import Adapter

FILE = "carrier.yaml"
EDI = ("x12", "edifact")
FORMATS = (*DECODERS, *BY_LINE, *EDI)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([1-9]\d*)([smhd])")


@dataclass(frozen=True, slots=True)
class Carrier:
    """One compiled carrier. ``slug`` is None for an aggregator; ``plan``: its polling; ``rows_have_header``: the first
    row of its tables names the columns; ``calendar``: its holidays; ``names``: the names of all carriers;
    ``published``: how much of its published code lists is mapped; ``zone``: of its clocks; ``file``: its own file;
    ``document_hosts``: that links to its documents may lead on to; ``document_call``: how its API is asked for them.
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
    names: CarrierNames = field(default_factory=CarrierNames)
    published: tuple[PublishedList, ...] = ()
    zone: str = "UTC"
    file: Path | None = None
    document_hosts: tuple[str, ...] = ()
    document_call: CallPlan | None = None


@dataclass(frozen=True, slots=True)
class CarrierFile:
    """A carrier's file, parsed and checked but not compiled. ``tables``: status tables by name."""

    spec: Specification
    lines: Lines
    tables: Mapping[str, StatusTable]
    schemes: Sequence[Scheme]
    label_forms: Sequence[LabelForm] = ()


def read_carrier_file(folder: Path, name: str = FILE) -> CarrierFile:
    """Parse the folder's ``carrier.yaml`` and check it without the other carriers. Raises CarrierFileError."""
    spec, lines = yaml_text.load(folder / name, Specification)
    check_zone(spec.zone, lines, ("zone",))
    for index, name in enumerate(spec.formats):
        if name not in FORMATS:
            raise lines.error(("formats", str(index)), f"{name!r} is unknown; use one of {', '.join(FORMATS)}")
    if spec.picks is not None and (spec.formats != ["csv"] or spec.documents):
        raise lines.error(("picks",), "goes with formats [csv], and with no documents")
    edi = [name for name in EDI if getattr(spec, name) is not None]
    if (spec.formats if set(spec.formats) & {*EDI} else []) != edi or (
        spec.picks is None and bool(spec.documents) == bool(edi)
    ):
        raise lines.error(
            ("formats",), "give formats [x12] and x12:, formats [edifact] and edifact:, or other formats and documents:"
        )
    for index, code in enumerate(spec.x12.sets if spec.x12 else ()):
        if code not in SETS:
            raise lines.error(("x12", "sets", str(index)), f"{code!r} is unknown; use one of {', '.join(SETS)}")
    for index, code in enumerate(spec.edifact.messages if spec.edifact else ()):
        if code not in TYPES:
            raise lines.error(
                ("edifact", "messages", str(index)), f"{code!r} is unknown; use one of {', '.join(TYPES)}"
            )
    check_rows(spec, lines)
    if spec.push is not None:
        check_push(spec.push, lines)
    for name, statuses in spec.statuses.items():
        check_texts(statuses, lines, ("statuses", name, "texts"))
        twice = repeated(statuses.groups)
        if twice is not None:
            raise lines.error(("statuses", name, "groups"), f"{twice!r} stands in them twice; keep one")
    tables = {name: StatusTable(table) for name, table in spec.statuses.items()}
    return CarrierFile(
        spec, lines, tables,
        [_scheme(one, lines, index) for index, one in enumerate(spec.check_digits)],
        [
            LabelForm(_pattern(one.shape, 1, "one group, the number", lines, ("label_forms", str(index))), one.before)
            for index, one in enumerate(spec.label_forms)
        ],
    )


def _scheme(one: CheckDigit, lines: Lines, index: int) -> Scheme:
    where = ("check_digits", str(index))
    if one.rule not in RULES:
        raise lines.error((*where, "rule"), f"{one.rule!r} is unknown; use one of {', '.join(RULES)}")
    return Scheme(_pattern(one.shape, 2, "two groups: the body and the check digit", lines, where), RULES[one.rule])


def _pattern(text: str, groups: int, what: str, lines: Lines, where: tuple[str, ...]) -> re.Pattern[str]:
    try:
        shape = re.compile(text)
    except re.error as error:
        raise lines.error((*where, "shape"), f"{text!r} is no regular expression: {error}") from error
    if shape.groups != groups:
        raise lines.error((*where, "shape"), f"must have {what}")
    return shape


def carrier_names_of(carriers: Mapping[str, CarrierFile]) -> CarrierNames:
    """Return the names of all carriers but aggregators, as their files give them."""
    named = CarrierNames()
    named.number_of = label_forms_of(carriers).number_of
    for one in carriers.values():
        spec = one.spec
        if isinstance(spec.carrier, str):
            named.add_packaged([(normalise_carrier(spec.carrier), [spec.name, *spec.also, *spec.scac])])
    return named


def compile_carrier(one: CarrierFile, others: Mapping[str, CarrierFile], names: CarrierNames) -> Carrier:
    """Compile one carrier. ``others``: all carrier files by folder name; ``names``: the names of all carriers.

    Raises CarrierFileError.
    """
    spec, lines = one.spec, one.lines
    return Carrier(
        spec.feed, spec.name, spec.carrier if isinstance(spec.carrier, str) else None, spec.channel,
        tuple(spec.formats), spec.source,
        _seconds(spec.cadence.expect_every, lines, "expect_every"),
        _seconds(spec.cadence.stale_after, lines, "stale_after"),
        _adapter(one, others, names),
        None if spec.poll is None else plan_of(spec.poll, spec.carrier, lines),
        spec.push,
        spec.formats == ["csv"] and not (spec.csv is not None and spec.csv.columns),
        spec.calendar,
        names,
        _published(one, others),
        spec.zone,
        lines.path,
        tuple(one.lower() for one in spec.document_hosts),
        None if spec.document_call is None else call_plan_of(spec.document_call, spec.carrier, lines),
    )


def _published(one: CarrierFile, others: Mapping[str, CarrierFile]) -> tuple[PublishedList, ...]:
    """Return the share of each published list of the carrier's tables, those it takes from others included."""
    if one.spec.x12 is not None:
        return (published_214(one.spec.x12),)
    tables = dict(one.tables)
    for name in (document.statuses for document in one.spec.documents):
        owner, _, table = name.partition("/")
        if table and owner in others and table in others[owner].tables:
            tables[name] = others[owner].tables[table]
    return tuple(
        share_of(name, table.source, table.published, table.mapped)
        for name, table in tables.items()
        if table.published
    )


def _adapter(one: CarrierFile, others: Mapping[str, CarrierFile], names: CarrierNames) -> Adapter:
    spec = one.spec
    checks = _checks(others)
    if spec.x12 is not None:
        return X12Adapter(spec.feed, spec.channel, spec.zone, spec.x12, checks, names)
    if spec.edifact is not None:
        slug = spec.carrier if isinstance(spec.carrier, str) else spec.carrier.otherwise
        return EdifactAdapter(spec.feed, spec.channel, spec.zone, slug, spec.edifact, checks, names)
    if spec.picks is not None:
        return PicksAdapter(spec.feed, spec.picks, rows_decoder("csv", spec.csv), spec.zone)
    return _document_adapter(one, others, checks, names)


def _checks(carriers: Mapping[str, CarrierFile]) -> Checks:
    """Return the check-digit schemes of all carriers but aggregators, by slug."""
    schemes: dict[str, list[Scheme]] = {}
    for one in carriers.values():
        if isinstance(one.spec.carrier, str):
            slug = normalise_carrier(one.spec.carrier)
            schemes[slug] = [*schemes.get(slug, []), *one.schemes]
    return Checks(schemes, label_forms_of(carriers))


def label_forms_of(carriers: Mapping[str, CarrierFile]) -> LabelForms:
    """Return the label forms of all carriers but aggregators."""
    forms: dict[str, list[LabelForm]] = {}
    for one in carriers.values():
        if isinstance(one.spec.carrier, str):
            slug = normalise_carrier(one.spec.carrier)
            forms[slug] = [*forms.get(slug, []), *one.label_forms]
    return LabelForms(forms)


def _seconds(text: str, lines: Lines, field: str) -> int:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise lines.error(("cadence", field), f"{text!r} is no duration; write 90s, 15m, 2h or 1d")
    return int(found[1]) * _SECONDS[found[2]]


def _document_adapter(
    one: CarrierFile, others: Mapping[str, CarrierFile], checks: Checks, names: CarrierNames
) -> MappedAdapter | RowsAdapter:
    spec = one.spec
    levels = {MESSAGE, *(level for document in spec.documents for level in document.each)}
    for index, refusal in enumerate(spec.refusals):
        if _level_of(refusal.when) not in levels:
            raise one.lines.error(
                ("refusals", str(index), "when"), f"must start with one of the levels {', '.join(sorted(levels))}"
            )
    try:
        message_refusals = Refusals([r for r in spec.refusals if _level_of(r.when) == MESSAGE], [MESSAGE])
    except BadPath as error:
        raise one.lines.error(("refusals",), str(error)) from error
    documents = [
        _document(one, index, document, others, checks, names) for index, document in enumerate(spec.documents)
    ]
    decoders = DECODERS_WITH_ATTRIBUTES if spec.xml_attributes else DECODERS
    mapped = MappedAdapter(
        spec.feed, {name: decoders[name] for name in spec.formats if name in decoders}, message_refusals, documents
    )
    kind = spec.formats[0]
    return RowsAdapter(mapped, rows_decoder(kind, spec.csv)) if kind in BY_LINE else mapped


def _document(
    one: CarrierFile, index: int, document: Document, others: Mapping[str, CarrierFile], checks: Checks,
    names: CarrierNames,
) -> tuple[Test, DocumentReader]:
    where = ("documents", str(index))
    tables = dict(one.tables)
    owner, _, table = document.statuses.partition("/")
    if table and owner in others and table in others[owner].tables:
        tables[document.statuses] = others[owner].tables[table]
    if document.always is None and document.statuses not in tables:
        raise one.lines.error(
            (*where, "statuses"),
            f"no table {document.statuses!r}; use one of {', '.join(one.tables) or '(none declared)'}",
        )
    for number, way in enumerate(document.else_codes):
        if way.statuses and way.statuses not in tables:
            raise one.lines.error(
                (*where, "else_codes", str(number), "statuses"),
                f"no table {way.statuses!r}; use one of {', '.join(one.tables)}",
            )
    check_times(document, one.lines, where)
    check_places(document, one.lines, where)

    def table_of(slug: str, name: str) -> StatusTable | None:
        other = others.get(slug)
        return None if other is None else other.tables.get(name)

    try:
        return test_of(document.when, [MESSAGE]), DocumentReader(
            document, one.spec, names, tables, table_of, checks
        )
    except BadPath as error:
        raise one.lines.error(_place_of(one.lines, where, str(error)), str(error)) from error


def _place_of(lines: Lines, where: tuple[str, ...], problem: str) -> tuple[str, ...]:
    """The field whose path is wrong: the first below ``where`` standing on a line that holds it."""
    path = problem.split("'")[1] if "'" in problem else ""
    texts = lines.path.read_text("utf-8").splitlines()
    for below, line in lines.below(where):
        if path and path in texts[line - 1]:
            return below
    return where


def _level_of(when: object) -> str:
    path = when if isinstance(when, str) else getattr(when, "path", "")
    return path.partition(".")[0]
