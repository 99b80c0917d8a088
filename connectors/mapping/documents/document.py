"""Maps a decoded message to canonical events by one entry of ``documents`` in a ``carrier.yaml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from connectors.mapping.declared.refusals import Refusals, test_of
from connectors.mapping.declared.schema import Document, OtherCarrier, Refusal, Specification
from connectors.mapping.declared.status_meaning import is_final
from connectors.mapping.declared.status_tables import StatusTable
from connectors.mapping.declared.words_law import on_the_way_back
from connectors.mapping.documents.estimates import Estimates
from connectors.mapping.documents.levels import elements_of
from connectors.mapping.documents.location import ZoneFinder, assumes_country, location_reader
from connectors.mapping.documents.meaning import ScanStatusReader, Table
from connectors.mapping.documents.paths import Levels, Row, Texts, split
from connectors.mapping.documents.proof import proof_reader
from connectors.mapping.documents.references import ReadReferences, reference_reader, without_lead
from connectors.mapping.documents.side_by_side import LIST, points
from connectors.mapping.values.carrier_names import CarrierNames
from connectors.mapping.values.check_digits import Checks
from connectors.mapping.values.event_builder import EventBuilder, Scan, retraction
from connectors.mapping.values.event_times import time_reader
from connectors.mapping.values.other_carriers import carrier_of
from connectors.mapping.values.repetition import Repetition, size_of
from connectors.mapping.values.times import UNREADABLE_TIME, Moment
from streams.contracts.ids import normalise_tracking_number
from streams.contracts.link_paths import LEAD
from streams.contracts.model import CarrierEvent, Reference
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.carrier_errors import CarrierError
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Flag, Milestone, Precision, RejectReason

MESSAGE = "message"
ASKED = "asked"
_MAY_SAY_MUCH = 4_096
"""Bytes from which on a record may hold much text above its scans."""
_PROVEN = frozenset({Milestone.DELIVERED, Milestone.POD_RECEIVED})


class DocumentReader:
    """One compiled document. ``table_of`` finds a status table by carrier slug and table name (for aggregators)."""

    def __init__(
        self, spec: Document, carrier: Specification, names: CarrierNames,
        statuses: Mapping[str, StatusTable], table_of: Table, checks: Checks,
    ) -> None:
        self.name = spec.name
        self.levels = levels = [MESSAGE, *spec.each]
        self._build = EventBuilder(carrier.channel, checks).build
        self._compile_levels(spec, carrier.refusals)
        texts = Texts(levels)
        self._location = location_reader(spec.place, texts)
        self._zones = ZoneFinder(spec.zone_by, carrier.zone, texts, spec.place, self._location)
        zone_of = self._zones.zone_of
        self._assumes_country = assumes_country(spec.place, texts)
        carrier_slot = texts.first(carrier.carrier.path if isinstance(carrier.carrier, OtherCarrier) else None)
        self._number = texts.slots([path for path in _listed(spec.tracking_number) if path != ASKED])
        self._moment = time_reader(spec.time, texts, zone_of)
        self._read_status = ScanStatusReader(
            spec, carrier_of(carrier.carrier, names), carrier_slot, statuses, table_of, texts
        ).read
        eta_zone_of = zone_of if not spec.eta_zone_by else ZoneFinder(
            [*spec.eta_zone_by, *spec.zone_by], carrier.zone, texts, spec.place, self._location
        ).zone_of
        self._set_window = Estimates(spec.eta, texts, eta_zone_of).set_on
        self._piece_count = texts.first(spec.piece_count)
        self._shipment_id = texts.first(spec.carrier_shipment_id)
        self._proof = proof_reader(spec.delivery, texts)
        self._piece = texts.first(spec.piece)
        self._leg = texts.first(spec.leg)
        self._event_id = texts.first(spec.event_id)
        self._read_references = reference_reader(spec.references, levels, names)
        self._references_per_scan = any(split(one.each, levels)[0] == len(levels) - 1 > 0 for one in spec.references)
        self._retracted = test_of(spec.retracted, levels) if spec.retracted is not None else None
        self._goes_back = test_of(spec.goes_back, levels) if spec.goes_back is not None else None
        self._left_out = [test_of(one, levels) for one in spec.leave_out]
        self._missing = (
            _first_path(spec.tracking_number),
            spec.time[0].stamp or _first_path(spec.time[0].utc or spec.time[0].local or []),
            _first_path(spec.code) or _first_path(spec.text),
        )
        self._row = texts.reader()
        files = frozenset(texts.slots(None if spec.delivery is None else spec.delivery.document))
        self._slots_above = _without(texts.slots_above(len(levels) - 1), files)
        self._slots = _without(texts.slots_above(len(levels)), files)

    def _compile_levels(self, spec: Document, refusals: Sequence[Refusal]) -> None:
        levels = self.levels
        self._points = bool(spec.each) and points(list(spec.each.values())[-1])
        self._paths = [_first_list(path).removesuffix(LIST) for path in spec.each.values()]
        self._lists = [elements_of(path, levels[: index + 1]) for index, path in enumerate(spec.each.values())]
        self._refusals = [
            Refusals([one for one in refusals if _level_of(one) == level], levels[: index + 1])
            for index, level in enumerate(levels)
        ]

    def parse(
        self, at: Levels, context: RawContext, parsed: Parsed, single_as_object: bool, repetition: Repetition
    ) -> None:
        """Append the events, rejects and errors of a message to ``parsed``.

        ``at`` holds the message alone. ``single_as_object``: the format shows a list of one element as an object.
        Raises Reject ``too_large`` where the scans repeat what the message says above them beyond ``repetition``.
        """
        references = self._read_references()
        if self._lists:
            self._walk(at, 0, single_as_object, references, context, parsed, repetition)
        else:
            self._parse_scans([at], references, context, parsed, repetition)

    def _walk(
        self, at: Levels, depth: int, single_as_object: bool, references: ReadReferences, context: RawContext,
        parsed: Parsed, repetition: Repetition,
    ) -> None:
        try:
            elements = self._lists[depth](at, single_as_object)
        except Reject as reject:
            parsed.rejects.append(reject.as_value())
            return
        if not elements:
            self._empty_level(at, depth, parsed)
            return
        below = [(*at, element) for element in elements]
        if depth + 1 == len(self._lists):
            self._parse_scans(below, references, context, parsed, repetition)
            return
        for inner in below:
            self._walk(inner, depth + 1, single_as_object, references, context, parsed, repetition)

    def _empty_level(self, at: Levels, depth: int, parsed: Parsed) -> None:
        """Append the declared refusal that matches an empty level, else a reject."""
        known = self._refusals[depth].outcome_for(at)
        if isinstance(known, CarrierError):
            parsed.errors.append(known)
            return
        parsed.rejects.append(known or Reject(
            RejectReason.UNSUPPORTED_MESSAGE, f"{self.name} without any {self.levels[depth + 1]}",
            self._paths[depth],
        ))

    def _parse_scans(
        self, scans: list[Levels], references_of: ReadReferences, context: RawContext, parsed: Parsed,
        repetition: Repetition,
    ) -> None:
        """Append one event per scan of a shipment or package; only the newest carries the carrier's estimate."""
        newest: CarrierEvent | None = None
        newest_row: Row = ()
        references = references_of(scans[0])
        may_say_much = repetition.body_bytes > _MAY_SAY_MUCH
        if may_say_much:
            self._count(scans, self._slots_above, repetition)
        if references and not self._references_per_scan:
            repetition.take(size_of(references), len(scans))
        for at in self._kept(scans, parsed):
            if self._references_per_scan:
                references = references_of(at)
                if may_say_much:
                    repetition.take(size_of(references))
            if self._points and may_say_much:
                self._count([at], self._slots, repetition)
            try:
                row = self._row(at)
                event = self._event(row, references, context, len(parsed.events), at)
            except Reject as reject:
                parsed.rejects.append(reject.as_value())
                continue
            if self._retracted is not None and self._retracted(at):
                event = retraction(event)
            parsed.events.append(event)
            if newest is None or event.occurred_at > newest.occurred_at:
                newest, newest_row = event, row
        if newest is not None:
            self._set_window(newest, newest_row)

    def _count(self, scans: list[Levels], slots: Sequence[int], repetition: Repetition) -> None:
        """Count the texts in these slots, which stand above these scans and are read for each of them."""
        try:
            row = self._row(scans[0])
        except Reject:
            return
        repetition.take(sum(len(row[slot] or "") for slot in slots), len(scans))

    def _kept(self, scans: list[Levels], parsed: Parsed) -> list[Levels]:
        """Return the scans that are no steps to leave out; a reject if that leaves none."""
        if not self._left_out:
            return scans
        kept = [at for at in scans if not any(matches(at) for matches in self._left_out)]
        if not kept:
            parsed.rejects.append(Reject(
                RejectReason.UNSUPPORTED_MESSAGE, f"{self.name}: leave_out leaves none of {len(scans)} scans",
                self._paths[-1] if self._paths else MESSAGE,
            ))
        return kept

    def _event(
        self, row: Row, references: list[Reference], context: RawContext, index: int, at: Levels
    ) -> CarrierEvent:
        number = _number(row, self._number) or normalise_tracking_number(context.asked_number)
        moment, unreadable = self._time_of(row)
        if not number and not references:
            if moment is None and unreadable is None:
                raise Reject(RejectReason.CONTRACT_BROKEN, "a scan without number and time", self._missing[0])
            raise Reject(RejectReason.NO_REFERENCE, "it names no shipment", self._missing[0])
        if moment is None and unreadable is None:
            raise Reject(RejectReason.CONTRACT_BROKEN, "a scan without a time", self._missing[1])
        status = self._read_status(row)
        if status is None:
            raise unreadable or Reject(RejectReason.CONTRACT_BROKEN, "a scan without code and text", self._missing[2])
        meaning = status.meaning
        if self._goes_back is not None and self._goes_back(at):
            meaning = on_the_way_back(meaning)
        flags = list(meaning.flags)
        if moment is None:
            if not is_final(meaning):
                raise unreadable or Reject(RejectReason.INVALID_TIME, "no time", self._missing[1])
            moment = UNREADABLE_TIME
        elif moment.assumed and self._zones.reads_names:
            moment = self._in_stated_zone(row, moment, flags)
        if self._assumes_country is not None and self._assumes_country(row):
            flags.append(Flag.PLACE_ASSUMED.value)
        count = _count(row[self._piece_count])
        own, is_lead = without_lead(references, number, count)
        return self._build(context, index, Scan(
            status.carrier, number, meaning, status.code, status.shown_code, status.text, moment,
            own, flags, self._location(row), None,
            self._proof(row, context) if meaning.milestone in _PROVEN else None,
            row[self._piece] or (number if is_lead else None), row[self._leg], row[self._event_id],
            count if is_lead or row[self._piece] or any(one.type == LEAD for one in own) else None,
            row[self._shipment_id],
        ))

    def _time_of(self, row: Row) -> tuple[Moment | None, Reject | None]:
        """Return the time of a scan, or why it cannot be read; neither if there is none."""
        try:
            return self._moment(row), None
        except Reject as reject:
            return None, reject

    def _in_stated_zone(self, row: Row, moment: Moment, flags: list[str]) -> Moment:
        """Return the time as not assumed where a field names its zone; flag a name that is no zone."""
        stated = self._zones.is_stated(row)
        if stated is None:
            return moment
        if not stated:
            flags.append(Flag.ZONE_UNKNOWN.value)
            return moment
        precision = Precision.INSTANT if moment.precision is Precision.LOCAL_NO_ZONE else moment.precision
        return replace(moment, assumed=False, precision=precision)


def _without(slots: Sequence[int], files: frozenset[int]) -> tuple[int, ...]:
    """The slots but for those of files, which no event repeats."""
    return tuple(slot for slot in slots if slot not in files)


def _first_list(path: str | dict[str, str]) -> str:
    return path if isinstance(path, str) else next(iter(path.values()), "")


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 6 else None


def _listed(paths: str | list[str]) -> list[str]:
    return [paths] if isinstance(paths, str) else paths


def _first_path(paths: str | list[str]) -> str:
    return paths if isinstance(paths, str) else "".join(paths[:1])


def _level_of(refusal: Refusal) -> str:
    return (refusal.when if isinstance(refusal.when, str) else refusal.when.path).partition(".")[0]


def _number(row: Row, slots: tuple[int, ...]) -> str:
    """Return the first text that holds a digit, normalised as a tracking number; empty if none does."""
    for slot in slots:
        text = row[slot]
        if text is not None:
            if text.isalnum() and not text.isalpha():
                return text.upper()
            if any(map(str.isdigit, text)):
                return normalise_tracking_number(text)
    return ""
