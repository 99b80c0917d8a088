"""Shared by the mappers of all X12 sets but 214: elements, times, references, and the building of events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.formats.x12 import Segment, TransactionSet
from connectors.mapping.declared.status_tables import status_meaning
from connectors.mapping.values.carrier_names import Aliases
from connectors.mapping.values.event_builder import EventBuilder, Scan
from connectors.mapping.values.event_times import end_of_day, unreadable
from connectors.mapping.values.places import country_code, zone_at, zones
from connectors.mapping.values.repetition import Repetition, size_of
from connectors.mapping.values.times import (
    DATE_ONLY,
    INSTANT,
    LOCAL_NO_ZONE,
    MINUTE_MS,
    Moment,
    Unreadable,
    clock_ms,
    day_ms,
    local_moment,
    offset_in,
)
from connectors.mapping.x12.tables import standard
from streams.contracts.ids import normalise_carrier
from streams.contracts.model import Location, Reference
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Classifier, Milestone, RejectReason

_NO_SCAC = frozenset({"NA", "N/A", "NONE", "UNKN", "ZZZZ"})
PRO = "pro"


@dataclass(frozen=True, slots=True)
class PartnerProfile:
    """One partner's settings: ``zone`` of times without a time code, ``aliases`` (SCAC -> slug), ``reference_types`` by
    qualifier (None: no reference), and the builder of its events. ``warehouse``: the ERP's code of the warehouse that
    it is, None: it is none; ``bookings``: it is asked for bookings."""

    feed: str
    zone: str
    aliases: Aliases
    reference_types: Mapping[str, str | None]
    builder: EventBuilder
    warehouse: str | None = None
    bookings: bool = False


@dataclass(slots=True)
class SetMapper:
    """Maps one transaction set and collects its events and rejects in ``parsed``.

    ``first``: the index of its first event in the raw record; ``repetition``: the bound of that record. ``scac``,
    ``number`` and ``references`` are copied into each event.
    """

    profile: PartnerProfile
    set: TransactionSet
    context: RawContext
    first: int
    repetition: Repetition
    parsed: Parsed = field(default_factory=Parsed)
    scac: str = ""
    number: str = ""
    references: Sequence[Reference] = ()

    def required(self, name: str) -> Segment:
        """Return the first segment of this name. Raises Reject ``contract_broken`` if there is none."""
        for segment in self.set.segments:
            if segment[0] == name:
                return segment
        raise Reject(RejectReason.CONTRACT_BROKEN, f"{self.set.code} {self.set.control} without a {name}", name)

    def references_in(self, *names: str) -> Iterator[Reference]:
        """Yield the references of all segments of these names, without PRO numbers."""
        for segment in self.set.segments:
            if segment[0] in names:
                kind, value = self.reference(segment)
                if kind is not None and kind != PRO and value:
                    yield Reference(kind, value)

    def reference(self, segment: Segment) -> tuple[str | None, str]:
        """Return type and number of an N9, REF or L11; the type is None for an unknown qualifier."""
        first, second = at(segment, 1), at(segment, 2)
        qualifier, value = (second, first) if segment[0] == "L11" else (first, second)
        return self.profile.reference_types.get(qualifier), value

    def moment(self, date: str, clock: str, path: str, code: str = "", zone: str = "") -> Moment | None:
        """Call :func:`moment_at` with the partner's zone if none is given. Raises Reject."""
        return moment_at(date, clock, path, code, zone or self.profile.zone)

    def estimate(self, date: str, clock: str, code: str) -> int | None:
        """Return an estimated delivery in ms UTC, a date as the end of its day; None if it is missing or unreadable."""
        try:
            moment = self.moment(date, clock, "G62-02", code)
        except Reject:
            return None
        return None if moment is None else end_of_day(moment)

    def date_of(self, *qualifiers: str) -> Moment | None:
        """Return the time of the first DTM with such a qualifier; an unreadable one adds a reject and is skipped."""
        for segment in self.set.segments:
            if segment[0] == "DTM" and at(segment, 1) in qualifiers:
                try:
                    return self.moment(at(segment, 2), at(segment, 3), "DTM-02")
                except Reject as reject:
                    self.parsed.rejects.append(reject.as_value())
        return None

    def sent_at(self) -> Moment:
        """Return the time of the group (GS), else of the interchange (ISA). Raises Reject if both lack a date."""
        gs, isa = self.set.group.gs, self.set.group.isa
        found = self.moment(at(gs, 4), at(gs, 5), "GS-04") or self.moment(at(isa, 9), at(isa, 10), "ISA-09")
        if found is None:
            raise Reject(
                RejectReason.CONTRACT_BROKEN, f"{self.set.code} {self.set.control} without any date", "GS-04"
            )
        return found

    def add_event(
        self, milestone: Milestone, code: str, moment: Moment, estimate: int | None = None,
        classifier: Classifier = Classifier.ACTUAL, location: Location | None = None,
    ) -> None:
        """Append an event with code ``<set>:<code>``; ``estimate`` is ms UTC.

        Raises Reject ``no_reference`` if the set names no shipment, ``too_large`` where its references are repeated
        beyond the bound.
        """
        one = self.set
        if not self.number and not self.references:
            raise Reject(RejectReason.NO_REFERENCE, f"{one.code} {one.control} names no shipment", "ST")
        self.repetition.take(size_of(self.references))
        slug = "" if self.scac.upper() in _NO_SCAC else normalise_carrier(self.scac)
        event_code = f"{one.code}:{code}" if code else one.code
        self.parsed.events.append(self.profile.builder.build(self.context, self.first + len(self.parsed.events), Scan(
            self.profile.aliases.get(slug, slug) or "unknown", self.number,
            status_meaning(milestone)._replace(classifier=classifier), event_code, event_code, "", moment,
            list(self.references), list(one.flags), location, estimate,
        )))


MapSet = Callable[[SetMapper], None]


def moment_at(date: str, clock: str, path: str, code: str, zone: str) -> Moment | None:
    """Return the Moment of a date and a time; None without a date. ``code``: time code (data element 623); without one
    the time is in ``zone``. Raises Reject ``invalid_time`` that names ``path``."""
    if not date:
        return None
    try:
        local = day_ms(date if len(date) != 6 else f"20{date}")
        if not clock:
            return local_moment(local, zone, DATE_ONLY)
        local += clock_ms(clock)
    except Unreadable as error:
        raise unreadable(path, f"{date} {clock}".strip()) from error
    tables = standard()
    offset = tables.fixed_offsets.get(code)
    if offset is None and (named := tables.zones.get(code)) is not None:
        offset = offset_in(named, local)
    if offset is None:
        return local_moment(local, zone, LOCAL_NO_ZONE)
    return Moment(local - offset * MINUTE_MS, offset, False, INSTANT)


def at(segment: Segment, index: int) -> str:
    """Return an element, stripped; empty if the segment is shorter."""
    return segment[index].strip() if index < len(segment) else ""


def zone_of(region: str, country: str) -> str:
    """Return the IANA zone of an N4's state or province and country; empty if unknown."""
    if not country or country_code(country) in ("US", "CA"):
        return zones().regions.get(region, "")
    return zone_at(None, country) or ""
