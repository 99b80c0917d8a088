"""What the readers of all X12 transaction sets but 214 share: elements, times, references, the last step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.formats.x12 import Segment, TransactionSet
from connectors.mapping.declared.status_tables import status_meaning
from connectors.mapping.values.carrier_names import Aliases
from connectors.mapping.values.event_builder import EventBuilder, Scan
from connectors.mapping.values.event_times import unreadable
from connectors.mapping.values.places import country_code, zone_at, zones
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
    """How a partner's sets are read: zone of clocks that tell none, slugs by SCAC, types of references, last step."""

    feed: str
    zone: str
    aliases: Aliases
    reference_types: Mapping[str, str | None]
    builder: EventBuilder


@dataclass(slots=True)
class SetMapper:
    """One transaction set while it is read, and what was read of it (``parsed``).

    ``first``: the index of its first event in the raw record. ``scac``, ``number`` and ``references`` go into its
    events.
    """

    profile: PartnerProfile
    set: TransactionSet
    context: RawContext
    first: int
    parsed: Parsed = field(default_factory=Parsed)
    scac: str = ""
    number: str = ""
    references: Sequence[Reference] = ()

    def required(self, name: str) -> Segment:
        """The first segment of this name. Raises Reject where there is none."""
        for segment in self.set.segments:
            if segment[0] == name:
                return segment
        raise Reject(RejectReason.CONTRACT_BROKEN, f"{self.set.code} {self.set.control} without a {name}", name)

    def references_in(self, *names: str) -> Iterator[Reference]:
        """The references of all segments so named; a PRO number is not among them."""
        for segment in self.set.segments:
            if segment[0] in names:
                kind, value = self.reference(segment)
                if kind is not None and kind != PRO and value:
                    yield Reference(kind, value)

    def reference(self, segment: Segment) -> tuple[str | None, str]:
        """Type and number of an N9, REF or L11."""
        first, second = at(segment, 1), at(segment, 2)
        qualifier, value = (second, first) if segment[0] == "L11" else (first, second)
        return self.profile.reference_types.get(qualifier), value

    def moment(self, date: str, clock: str, path: str, code: str = "", zone: str = "") -> Moment | None:
        """As :func:`moment_at`, in the partner's zone where none is given. Raises Reject."""
        return moment_at(date, clock, path, code, zone or self.profile.zone)

    def date_of(self, *qualifiers: str) -> Moment | None:
        """The time of the first DTM so qualified; one that cannot be read is refused alone."""
        for segment in self.set.segments:
            if segment[0] == "DTM" and at(segment, 1) in qualifiers:
                try:
                    return self.moment(at(segment, 2), at(segment, 3), "DTM-02")
                except Reject as reject:
                    self.parsed.rejects.append(reject)
        return None

    def sent_at(self) -> Moment:
        """When the group was made; the set tells no time of its own. Raises Reject where nobody does."""
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
        """Append an event; ``code`` stands behind the set's own. Raises Reject where the set names no shipment."""
        one = self.set
        if not self.number and not self.references:
            raise Reject(RejectReason.NO_REFERENCE, f"{one.code} {one.control} names no shipment", "ST")
        slug = "" if self.scac.upper() in _NO_SCAC else normalise_carrier(self.scac)
        event_code = f"{one.code}:{code}" if code else one.code
        self.parsed.events.append(self.profile.builder.build(self.context, self.first + len(self.parsed.events), Scan(
            self.profile.aliases.get(slug, slug) or "unknown", self.number,
            status_meaning(milestone)._replace(classifier=classifier), event_code, event_code, "", moment,
            list(self.references), list(one.flags), location, estimate,
        )))


MapSet = Callable[[SetMapper], None]


def moment_at(date: str, clock: str, path: str, code: str, zone: str) -> Moment | None:
    """A date and a clock as a moment; None without a date. ``code``: data element 623; without one the clock shows
    the time of ``zone``. Raises Reject."""
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
    """An element, trimmed; empty where the segment has none there."""
    return segment[index].strip() if index < len(segment) else ""


def zone_of(region: str, country: str) -> str:
    """The zone of an N4's state or province and country; empty where they do not tell."""
    if not country or country_code(country) in ("US", "CA"):
        return zones().regions.get(region, "")
    return zone_at(None, country) or ""
