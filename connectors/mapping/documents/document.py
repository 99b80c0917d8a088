"""One shape of payload, compiled: from the decoded message to canonical events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connectors.mapping.declared.refusals import Refusals, test_of
from connectors.mapping.declared.schema import Delivery, Document, OtherCarrier, Refusal, Specification
from connectors.mapping.declared.status_tables import StatusTable
from connectors.mapping.documents.levels import LIST, elements_of
from connectors.mapping.documents.location import locator, zone_finder
from connectors.mapping.documents.meaning import Table, Words
from connectors.mapping.documents.paths import Levels, Row, Texts, split
from connectors.mapping.documents.references import reader
from connectors.mapping.values.carrier_names import CarrierNames
from connectors.mapping.values.check_digits import Checks
from connectors.mapping.values.event_builder import EventBuilder, Scan, retraction
from connectors.mapping.values.event_times import end_of_day, teller
from connectors.mapping.values.other_carriers import carrier_of
from streams.contracts.ids import normalise_tracking_number
from streams.contracts.model import CarrierEvent, ProofOfDelivery, Reference
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.carrier_errors import CarrierError
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Milestone, RejectReason

MESSAGE = "message"
_PROVEN = frozenset({Milestone.DELIVERED, Milestone.POD_RECEIVED})


class Compiled:
    """A document ready to read. ``table_of``: a carrier's table by slug and name, for aggregators."""

    def __init__(
        self, spec: Document, whole: Specification, names: CarrierNames,
        statuses: Mapping[str, StatusTable], table_of: Table, checks: Checks,
    ) -> None:
        self.name = spec.name
        self.levels = levels = [MESSAGE, *spec.each]
        self._build = EventBuilder(whole.channel, checks).build
        self._compile_levels(spec, whole.refusals)
        texts = Texts(levels)
        self._location = locator(spec.place, texts)
        zone_of = zone_finder(spec.zone_by, whole.zone, texts, spec.place, self._location)
        named = texts.first(whole.carrier.path if isinstance(whole.carrier, OtherCarrier) else None)
        self._number = texts.slots(spec.tracking_number)
        self._moment = teller(spec.time, texts, zone_of)
        self._said = Words(spec, carrier_of(whole.carrier, names), named, statuses, table_of, texts).said
        self._eta = teller(spec.eta, texts, zone_of) if spec.eta else None
        self._proof = _proof(spec.delivery, texts)
        self._piece = texts.first(spec.piece)
        self._leg = texts.first(spec.leg)
        self._event_id = texts.first(spec.event_id)
        self._references = reader(spec.references, levels, names)
        self._each_its_own = any(split(one.each, levels)[0] == len(levels) - 1 > 0 for one in spec.references)
        self._retracted = test_of(spec.retracted, levels) if spec.retracted is not None else None
        self._missing = (
            _first(spec.tracking_number), spec.time[0].stamp or _first(spec.time[0].utc or spec.time[0].local or []),
            _first(spec.code) or _first(spec.text),
        )
        self._row = texts.reader()

    def _compile_levels(self, spec: Document, refusals: Sequence[Refusal]) -> None:
        levels = self.levels
        self._paths = [path.removesuffix(LIST) for path in spec.each.values()]
        self._lists = [elements_of(path, levels[: index + 1]) for index, path in enumerate(spec.each.values())]
        self._refusals = [
            Refusals([one for one in refusals if _level_of(one) == level], levels[: index + 1])
            for index, level in enumerate(levels)
        ]

    def parse(self, at: Levels, context: RawContext, parsed: Parsed, one_is_a_list: bool) -> None:
        """Append what the message, the one level of ``at``, holds to ``parsed``. ``one_is_a_list``: the format shows
        no list of one."""
        if self._lists:
            self._walk(at, 0, one_is_a_list, context, parsed)
        else:
            self._unit([at], context, parsed)

    def _walk(
        self, at: Levels, depth: int, one_is_a_list: bool, context: RawContext, parsed: Parsed
    ) -> None:
        try:
            elements = self._lists[depth](at, one_is_a_list)
        except Reject as reject:
            parsed.rejects.append(reject)
            return
        if not elements:
            self._nothing(at, depth, parsed)
            return
        below = [(*at, element) for element in elements]
        if depth + 1 == len(self._lists):
            self._unit(below, context, parsed)
            return
        for inner in below:
            self._walk(inner, depth + 1, one_is_a_list, context, parsed)

    def _nothing(self, at: Levels, depth: int, parsed: Parsed) -> None:
        """A level without elements: what the carrier says instead, else a refusal."""
        known = self._refusals[depth].outcome_for(at)
        if isinstance(known, CarrierError):
            parsed.errors.append(known)
            return
        parsed.rejects.append(known or Reject(
            RejectReason.UNSUPPORTED_MESSAGE, f"{self.name} without any {self.levels[depth + 1]}",
            self._paths[depth],
        ))

    def _unit(self, scans: list[Levels], context: RawContext, parsed: Parsed) -> None:
        """The scans of one shipment or piece: the newest carries the carrier's current estimate."""
        newest: CarrierEvent | None = None
        newest_row: Row = ()
        references = self._references(scans[0])
        for at in scans:
            try:
                row = self._row(at)
                if self._each_its_own:
                    references = self._references(at)
                event = self._event(row, references, context, len(parsed.events))
            except Reject as reject:
                parsed.rejects.append(reject)
                continue
            if self._retracted is not None and self._retracted(at):
                event = retraction(event)
            parsed.events.append(event)
            if newest is None or event.occurred_at > newest.occurred_at:
                newest, newest_row = event, row
        if newest is not None and self._eta is not None:
            try:
                estimate = self._eta(newest_row)
            except Reject:
                # An unreadable estimate costs the estimate, not the scan that came with it.
                return
            if estimate is not None:
                newest.estimated_delivery_at = end_of_day(estimate)

    def _event(self, row: Row, references: list[Reference], context: RawContext, index: int) -> CarrierEvent:
        number = _number(row, self._number) or normalise_tracking_number(context.asked_number)
        moment = self._moment(row)
        if not number and not references:
            if moment is None:
                raise Reject(RejectReason.CONTRACT_BROKEN, "a scan without number and time", self._missing[0])
            raise Reject(RejectReason.NO_REFERENCE, "it names no shipment", self._missing[0])
        if moment is None:
            raise Reject(RejectReason.CONTRACT_BROKEN, "a scan without a time", self._missing[1])
        said = self._said(row)
        if said is None:
            raise Reject(RejectReason.CONTRACT_BROKEN, "a scan without code and text", self._missing[2])
        return self._build(context, index, Scan(
            said.carrier, number, said.sense, said.code, said.shown_code, said.text, moment, references.copy(),
            list(said.sense.flags), self._location(row), None,
            self._proof(row) if said.sense.milestone in _PROVEN else None, row[self._piece], row[self._leg],
            row[self._event_id],
        ))


def _first(paths: str | list[str]) -> str:
    return paths if isinstance(paths, str) else "".join(paths[:1])


def _level_of(refusal: Refusal) -> str:
    return (refusal.when if isinstance(refusal.when, str) else refusal.when.path).partition(".")[0]


def _number(row: Row, slots: tuple[int, ...]) -> str:
    """The first text that can be a number: every carrier's numbers hold a digit. Empty where none does."""
    for slot in slots:
        text = row[slot]
        if text is not None:
            if text.isalnum() and not text.isalpha():
                return text.upper()
            if any(map(str.isdigit, text)):
                return normalise_tracking_number(text)
    return ""


def _proof(spec: Delivery | None, texts: Texts) -> Callable[[Row], ProofOfDelivery | None]:
    if spec is None:
        return lambda _: None
    signed_by, left_at, document_url = map(texts.first, (spec.signed_by, spec.left_at, spec.document_url))
    unsigned = frozenset(spec.unsigned)

    def get(row: Row) -> ProofOfDelivery | None:
        signature = row[signed_by]
        if signature in unsigned:
            signature = None
        parts = (signature, row[left_at], row[document_url])
        return ProofOfDelivery(*parts) if any(parts) else None

    return get
