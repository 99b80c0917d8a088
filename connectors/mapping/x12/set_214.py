"""Maps X12 214 (transportation carrier shipment status) to canonical events by one partner's tables.

``other_sets.py`` maps the other transaction sets; a set that the partner's ``sets`` does not list is rejected alone.
Every functional group is acknowledged with a 997, unless ``acknowledge`` is false.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

from connectors.formats.beginning import parts_at_beginning
from connectors.formats.envelopes import unwrapped
from connectors.formats.x12 import Segment, TransactionSet, read
from connectors.mapping.declared.refusals import merged_by_reason
from connectors.mapping.declared.schema import X12
from connectors.mapping.declared.status_meaning import StatusMeaning, is_final
from connectors.mapping.declared.words_law import decided_by_remark, folded
from connectors.mapping.values.carrier_names import CarrierNames
from connectors.mapping.values.check_digits import Checks
from connectors.mapping.values.event_builder import EventBuilder, Scan
from connectors.mapping.values.event_times import end_of_day, unreadable
from connectors.mapping.values.places import country_code, zones
from connectors.mapping.values.repetition import Repetition, size_of
from connectors.mapping.values.times import (
    DATE_ONLY,
    INSTANT,
    LOCAL_NO_ZONE,
    MINUTE_MS,
    UNREADABLE_TIME,
    Moment,
    Unreadable,
    clock_ms,
    day_ms,
    is_digits,
    local_moment,
    offset_in,
)
from connectors.mapping.x12.acknowledgement_997 import acknowledge_groups
from connectors.mapping.x12.other_sets import SET_MAPPERS, unsupported
from connectors.mapping.x12.shared import PartnerProfile, SetMapper, moment_at, zone_of
from connectors.mapping.x12.tables import Codes, codes_of, standard
from streams.contracts.ids import normalise_carrier, normalise_tracking_number
from streams.contracts.model import CarrierEvent, Location, Reference
from streams.intake.adapter import Parsed, RawContext
from streams.intake.control_numbers import Envelope, SetRead
from streams.kernel.errors import Reject
from streams.kernel.memo import is_short
from streams.kernel.vocabulary import ExceptionType, Flag, Milestone, RejectReason

_BY_LADING_CODE = {"D": ExceptionType.DAMAGE, "S": ExceptionType.SHORTAGE, "M": ExceptionType.SHORTAGE}
_PRO, _SHIPMENT, _EQUIPMENT = "pro", "shipment", "equipment"
_MAX_CACHED_PLACES = 20_000


@dataclass(slots=True)
class Status:
    """An AT7 and the data of the segments that belong to it."""

    at7: Segment
    ms1: Segment | None = None
    exception: ExceptionType | None = None
    references: list[Reference] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Heading:
    """The data that all statuses of one 214 share. ``stop``: the last N4; ``estimate``: of delivery, ms UTC."""

    carrier: str
    number: str
    references: list[Reference]
    flags: list[str]
    stop: Segment = field(default_factory=list)
    estimate: int | None = None


class X12Adapter:
    """Maps one partner's X12 interchanges."""

    def __init__(
        self, feed: str, channel: str, zone: str, partner: X12, checks: Checks, names: CarrierNames
    ) -> None:
        self.feed = feed
        self._zone = zone
        self._partner = partner
        self._codes: Codes = codes_of(partner)
        self._aliases = names.with_aliases({normalise_carrier(scac): slug for scac, slug in partner.carriers.items()})
        self._profile = PartnerProfile(
            feed, zone, self._aliases, self._codes.reference_types, EventBuilder(channel, checks), partner.warehouse,
            partner.bookings,
        )
        self._accepted_sets = frozenset(partner.sets)
        self._acknowledges = partner.acknowledge
        self._places: dict[tuple[str, ...], Location] = {}

    def parse(self, body: bytes, context: RawContext) -> Parsed:
        """Map every accepted set to events and reject the others. Raises Reject if the body is no interchange."""
        sets, rejects = read(unwrapped(body) or body)
        parsed = Parsed([], rejects)
        rejected: dict[int, tuple[Reject, bool]] = {}
        found: list[SetRead] = []
        repetition = Repetition(len(body))
        for index, one in enumerate(sets):
            own = self._read_set(one, context, len(parsed.events), repetition)
            if own.rejects:
                rejected[index] = (own.rejects[0], not own.events)
            parsed.events += own.events
            parsed.rejects += own.rejects
            parsed.acknowledgements += own.acknowledgements
            parsed.answers += own.answers
            parsed.confirmations += own.confirmations
            parsed.invoices += own.invoices
            found.append(SetRead(one.control, own.events))
        if self._acknowledges:
            parsed.acknowledgements += acknowledge_groups(self.feed, sets, rejected, context)
        parsed.envelopes = [
            Envelope(_at(group.isa, 6), _at(group.isa, 13), _at(group.gs, 6), [own for _, own in sets_read])
            for group, sets_read in groupby(zip(sets, found, strict=True), lambda each: each[0].group)
        ]
        parsed.rejects = merged_by_reason(parsed.rejects)
        return parsed

    def _read_set(self, one: TransactionSet, context: RawContext, first: int, repetition: Repetition) -> Parsed:
        """Map one set. ``first``: the index of its first event in the raw record."""
        mapper = SetMapper(self._profile, one, context, first, repetition)
        try:
            if one.code == "214" and one.code in self._accepted_sets:
                return self._status_message(one, context, first, repetition)
            map_set = SET_MAPPERS.get(one.code) if one.code in self._accepted_sets else None
            if map_set is None:
                raise unsupported(one)
            map_set(mapper)
        except Reject as reject:
            mapper.parsed.rejects.append(reject.as_value())
        return mapper.parsed

    def shape(self, body: bytes) -> set[str]:
        """Return the elements in use, such as ``214 AT702``. Raises Reject."""
        return {
            f"{one.code} {segment[0]}{index:02}"
            for one in parts_at_beginning(unwrapped(body) or body, read) for segment in one.segments
            for index, element in enumerate(segment) if index and element
        }

    def _status_message(
        self, one: TransactionSet, context: RawContext, first: int, repetition: Repetition
    ) -> Parsed:
        """Map a 214 to events and rejects. Raises Reject ``contract_broken`` without a B10 or an AT7."""
        heading, statuses = self._read(one)
        if not statuses:
            raise Reject(RejectReason.CONTRACT_BROKEN, f"214 {one.control} without an AT7", "AT7")
        repetition.take(size_of(heading.references), len(statuses))
        parsed = Parsed([], [])
        for status in statuses:
            try:
                parsed.events.append(self._event(heading, status, context, first + len(parsed.events)))
            except Reject as reject:
                parsed.rejects.append(reject.as_value())
        _doubt_what_is_partial(parsed.events)
        if heading.estimate is not None:
            _set_estimate(parsed.events, heading.estimate)
        return parsed

    def _read(self, one: TransactionSet) -> tuple[Heading, list[Status]]:
        heading: Heading | None = None
        statuses: list[Status] = []
        for segment in one.segments:
            name = segment[0]
            if name == "AT7":
                statuses.append(Status(segment))
            elif name == "B10":
                heading = self._heading(segment, one)
            elif name == "MS1":
                if statuses:
                    statuses[-1].ms1 = segment
            elif name in _DETAILS and heading is not None:
                self._detail(name, segment, heading, statuses[-1] if statuses else None)
        if heading is None:
            raise Reject(RejectReason.CONTRACT_BROKEN, f"214 {one.control} without a B10", "B10")
        return heading, statuses

    def _heading(self, b10: Segment, one: TransactionSet) -> Heading:
        scac = normalise_carrier(_at(b10, 3) or one.sender)
        number = normalise_tracking_number(_at(b10, 1))
        references = [Reference(_SHIPMENT, shipment)] if (shipment := _at(b10, 2)) else []
        return Heading(self._aliases.get(scac, scac) or "unknown", number, references, one.flags)

    def _detail(self, name: str, segment: Segment, heading: Heading, status: Status | None) -> None:
        if name == "L11":
            value, qualifier = _at(segment, 1), _at(segment, 2)
            kind = self._codes.reference_types.get(qualifier, qualifier.lower() or None)
            if kind == _PRO:
                heading.number = heading.number or normalise_tracking_number(value)
            elif kind is not None and value:
                (heading if status is None else status).references.append(Reference(kind, value))
        elif name == "N4":
            heading.stop = segment
        elif name == "G62" and _at(segment, 1) == _ESTIMATED:
            heading.estimate = self._estimate(segment, heading.stop)
        elif status is not None and name == "MS2" and _at(segment, 2):
            status.references.append(Reference(_EQUIPMENT, _at(segment, 2)))
        elif status is not None and name == "K1":
            status.remarks += [text for text in segment[1:3] if text]
        elif status is not None and name == "Q7":
            status.exception = _BY_LADING_CODE.get(_at(segment, 1), status.exception)

    def _event(self, heading: Heading, status: Status, context: RawContext, index: int) -> CarrierEvent:
        at7 = status.at7
        code, reason, appointment = _at(at7, 1), _at(at7, 2), _at(at7, 3)
        if not code and not appointment:
            raise Reject(RejectReason.CONTRACT_BROKEN, "AT7 without a status and an appointment code", "AT7-01")
        if not code:
            reason = _at(at7, 4) or reason
        references = heading.references + status.references
        if not heading.number and not references:
            raise Reject(RejectReason.NO_REFERENCE, "214 without a PRO number, a shipment id and an L11", "B10-01")
        remarks = " ".join(status.remarks)
        meaning = decided_by_remark(self._codes.lookup(code, appointment, reason), folded(remarks))
        if status.exception is not None:
            meaning = meaning._replace(exception=status.exception)
        moment = self._moment_or_receipt(at7, status.ms1, meaning)
        promised = end_of_day(moment) if (code or appointment) in self._codes.delivery_estimates else None
        event_code = code or appointment
        return self._profile.builder.build(context, index, Scan(
            heading.carrier, heading.number, meaning, event_code, f"{event_code}:{reason}" if reason else event_code,
            remarks or meaning.name, moment, references, [*heading.flags, *meaning.flags],
            self._location(status.ms1), promised,
        ))

    def _moment_or_receipt(self, at7: Segment, ms1: Segment | None, meaning: StatusMeaning) -> Moment:
        """Return the time of a status; of a delivery or return whose time is unreadable, that of receipt."""
        try:
            return self._moment(at7, ms1)
        except Reject as reject:
            if reject.reason is RejectReason.INVALID_TIME and is_final(meaning):
                return UNREADABLE_TIME
            raise

    def _moment(self, at7: Segment, ms1: Segment | None) -> Moment:
        date, clock, code = _at(at7, 5), _at(at7, 6), _at(at7, 7)
        if not date:
            raise Reject(RejectReason.CONTRACT_BROKEN, "AT7 without a date", "AT7-05")
        try:
            local = day_ms(date)
        except Unreadable as error:
            raise unreadable("AT7-05", date) from error
        if not clock:
            return local_moment(local, self._zone_at(ms1), DATE_ONLY)
        try:
            local += clock_ms(clock)
        except Unreadable as error:
            raise unreadable("AT7-06", clock) from error
        tables = standard()
        offset = tables.fixed_offsets.get(code)
        if offset is None and (zone := tables.zones.get(code)) is not None:
            offset = offset_in(zone, local)
        if offset is None:
            return local_moment(local, self._zone_at(ms1), LOCAL_NO_ZONE)
        return Moment(local - offset * MINUTE_MS, offset, False, INSTANT)

    def _estimate(self, g62: Segment, stop: Segment) -> int | None:
        """Return the estimated delivery (ms UTC) in the zone of the stop; None if it is unreadable."""
        zone = zone_of(_at(stop, 2), _at(stop, 4)) or self._zone
        try:
            moment = moment_at(_at(g62, 2), _at(g62, 4), "G62-02", _at(g62, 5), zone)
        except Reject:
            return None
        return None if moment is None else end_of_day(moment)

    def _zone_at(self, ms1: Segment | None) -> str:
        if ms1 is None:
            return self._zone
        table = zones()
        region, country = _at(ms1, 2), country_code(_at(ms1, 3) or "US")
        if country in ("US", "CA"):
            return table.regions.get(region, self._zone)
        return table.countries.get(country, self._zone)

    def _location(self, ms1: Segment | None) -> Location | None:
        if ms1 is None:
            return None
        key = tuple(ms1[1:])
        known = self._places.get(key)
        if known is not None:
            return known
        city, region, country = _at(ms1, 1) or None, _at(ms1, 2) or None, _at(ms1, 3)
        longitude = _degrees(_at(ms1, 4), _at(ms1, 6) == "W")
        latitude = _degrees(_at(ms1, 5), _at(ms1, 7) == "S")
        if not any((city, region, country)) and longitude is None and latitude is None:
            return None
        if len(self._places) >= _MAX_CACHED_PLACES:
            self._places.clear()
        made = Location(
            None, city, region, None, country_code(country) if country else None, None, latitude, longitude
        )
        if is_short(*key):
            self._places[key] = made
        return made


SETS = ("214", *SET_MAPPERS)
"""The transaction sets that ``x12: sets`` of a ``carrier.yaml`` may list."""
_DETAILS = frozenset({"L11", "MS2", "K1", "Q7", "N4", "G62"})
_ESTIMATED = "17"
"""Data element 432: estimated delivery."""
_PARTIAL = frozenset({"PA", "CB"})
"""Data element 1650: a part is delivered, the balance is to follow."""


def _at(segment: Segment, index: int) -> str:
    return segment[index] if index < len(segment) else ""


def _doubt_what_is_partial(events: list[CarrierEvent]) -> None:
    """Flag the deliveries of one set as doubtful that are no later than a status that says that a part is missing."""
    said = [event.occurred_at for event in events if (event.carrier_code or "").partition(":")[0] in _PARTIAL]
    for event in events:
        if said and event.milestone is Milestone.DELIVERED and event.occurred_at <= max(said):
            event.flags.append(Flag.DELIVERY_DOUBTFUL.value)


def _set_estimate(events: list[CarrierEvent], estimate: int) -> None:
    """Set the estimate (ms UTC) on the newest event, unless it has its own."""
    newest = max(events, key=lambda event: event.occurred_at, default=None)
    if newest is not None and newest.estimated_delivery_at is None:
        newest.estimated_delivery_at = estimate


def _degrees(text: str, negative: bool) -> float | None:
    """Return the degrees of DDDMMSS (data elements 1654, 1655); None for another form."""
    if len(text) != 7 or not is_digits(text):
        return None
    degrees = round(int(text[:3]) + int(text[3:5]) / 60 + int(text[5:]) / 3600, 5)
    return -degrees if negative else degrees
