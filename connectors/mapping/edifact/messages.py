"""Maps EDIFACT IFTSTA (transport status), DESADV (despatch advice) and IFTMIN (transport instruction) to canonical
events, and CONTRL to acknowledgements, by one partner's tables (UN/EDIFACT D.95B to D.01B). Every interchange is
acknowledged with a CONTRL, unless ``acknowledge`` is false.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby

from msgspec import Struct

from connectors.formats.beginning import parts_at_beginning
from connectors.formats.edifact import Message, Segment, at, read
from connectors.formats.envelopes import unwrapped
from connectors.mapping.declared import yaml_text
from connectors.mapping.declared.refusals import merged_by_reason
from connectors.mapping.declared.schema import Cause, Edifact, Meaning, Statuses
from connectors.mapping.declared.status_meaning import StatusMeaning
from connectors.mapping.declared.status_tables import StatusTable, status_meaning
from connectors.mapping.declared.words_law import decided_by_remark, folded
from connectors.mapping.edifact.contrl import acknowledge_interchanges, received
from connectors.mapping.edifact.times import moment_of
from connectors.mapping.values.carrier_names import CarrierNames
from connectors.mapping.values.check_digits import Checks
from connectors.mapping.values.event_builder import EventBuilder, Scan, retraction
from connectors.mapping.values.event_times import end_of_day
from connectors.mapping.values.places import TABLES, place, zone_at
from connectors.mapping.values.repetition import Repetition, size_of
from connectors.mapping.values.times import Moment
from streams.contracts.ids import normalise_carrier, normalise_tracking_number
from streams.contracts.model import CarrierEvent, Location, ProofOfDelivery, Reference
from streams.intake.adapter import Parsed, RawContext
from streams.intake.control_numbers import Envelope, SetRead
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Classifier, Milestone, Reason, RejectReason

TYPES = ("IFTSTA", "DESADV", "IFTMIN", "CONTRL")
MESSAGE_NAMES = {
    "IFTMBF": "a firm booking", "IFTMBC": "a booking confirmation",
    "ORDERS": "a purchase order", "INVOIC": "an invoice", "APERAK": "an application error", "IFCSUM": "a consolidation",
    "COPRAR": "a container order", "CODECO": "a gate report", "COARRI": "a discharge report",
}
_NUMBER = "number"
_MESSAGE_DATE = "137"
_CANCELLATION = "1"
"""Data element 1225: the message cancels an earlier one."""
_REQUESTED, _PLANNED = Classifier.REQUESTED, Classifier.PLANNED
_MEANING_BY_DATE: dict[str, dict[str, StatusMeaning]] = {
    "DESADV": {"137": status_meaning(Milestone.PRE_ADVISED), "11": status_meaning(Milestone.DEPARTED_PICKUP)},
    "IFTMIN": {
        "137": status_meaning(Meaning(Milestone.BOOKING_CONFIRMED, classifier=_REQUESTED)),
        "200": status_meaning(Meaning(Milestone.PICKED_UP, classifier=_REQUESTED)),
        "10": status_meaning(Meaning(Milestone.DEPARTED_PICKUP, classifier=_REQUESTED)),
        "133": status_meaning(Meaning(Milestone.DEPARTED_PICKUP, classifier=_PLANNED)),
        "2": status_meaning(Meaning(Milestone.DELIVERED, classifier=_REQUESTED)),
        "69": status_meaning(Meaning(Milestone.DELIVERED, classifier=_PLANNED)),
    },
}
"""Data element 2005, what a date is of: the message (137), pick-up (200), shipment (10), despatch (11), departure
(133), delivery asked for (2) and promised (69)."""
_CANCELLED = {"137": status_meaning(Milestone.BOOKING_CANCELLED)}
_STATUS_PLACES = frozenset({"175", "14", "16", "16E", "1", "18", "35", "198"})
_DELIVERY_PLACE = "7"
_EMPTY = "4"
"""Data element 8169 of EQD: the container is empty."""
_ARRIVAL_EXPECTED = "132"


class Standard(Struct, frozen=True, forbid_unknown_fields=True):
    """``tables/edifact_iftsta.yaml``."""

    source: str
    statuses: dict[str, Milestone | Meaning]
    reasons: dict[str, Reason | Cause]
    references: dict[str, str]
    occurred: list[str]
    delivery_estimates: list[str]


@cache
def standard() -> Standard:
    """The tables, read once. Raises CarrierFileError."""
    return yaml_text.load(TABLES / "edifact_iftsta.yaml", Standard)[0]


@dataclass(slots=True)
class Status:
    """An STS and the data of the segments that belong to it. ``remarks``: the first text of each FTX; ``further``: all
    of them; ``stop``: the last LOC read; ``is_empty``: it is about an empty container, whose delivery is not that of
    the goods."""

    sts: Segment
    number: str
    references: list[Reference]
    place: Segment | None
    dates: list[Segment] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    further: list[str] = field(default_factory=list)
    proof: dict[str, str] = field(default_factory=dict)
    estimate: Segment | None = None
    estimate_place: Segment | None = None
    leg: str | None = None
    stop: Segment | None = None
    is_empty: bool = False


class EdifactAdapter:
    """Maps one partner's EDIFACT interchanges."""

    def __init__(
        self, feed: str, channel: str, zone: str, carrier: str, partner: Edifact, checks: Checks, names: CarrierNames
    ) -> None:
        self.feed = feed
        self._build = EventBuilder(channel, checks).build
        self._zone, self._carrier, self._partner = zone, normalise_carrier(carrier), partner
        tables = standard()
        meanings = {**tables.statuses, **partner.statuses}
        reasons = {**tables.reasons, **partner.reasons}
        self._table = StatusTable(Statuses(tables.source, meanings, partner.texts, reasons))
        self._types = {**tables.references, **partner.references}
        self._aliases = names.with_aliases({normalise_carrier(name): slug for name, slug in partner.carriers.items()})

    def parse(self, body: bytes, context: RawContext) -> Parsed:
        """Map every accepted message to events and reject the others. Raises Reject if the body is no interchange."""
        messages, rejects = read(unwrapped(body) or body)
        parsed = Parsed([], rejects)
        rejected: dict[int, tuple[Reject, bool]] = {}
        found: list[SetRead] = []
        repetition = Repetition(len(body))
        for index, one in enumerate(messages):
            try:
                own = self._read_message(one, context, len(parsed.events), repetition)
            except Reject as reject:
                own = Parsed([], [reject.as_value()])
            if own.rejects:
                rejected[index] = (own.rejects[0], not own.events)
            parsed.events += own.events
            parsed.rejects += own.rejects
            parsed.acknowledgements += own.acknowledgements
            found.append(SetRead(one.control, own.events))
        if self._partner.acknowledge:
            parsed.acknowledgements += acknowledge_interchanges(self.feed, messages, rejected, context)
        parsed.envelopes = [
            Envelope(at(interchange.unb, 2), at(interchange.unb, 5), "", [own for _, own in messages_read])
            for interchange, messages_read in groupby(
                zip(messages, found, strict=True), lambda each: each[0].interchange
            )
        ]
        parsed.rejects = merged_by_reason(parsed.rejects)
        return parsed

    def shape(self, body: bytes) -> set[str]:
        """Return the elements in use, such as ``IFTSTA STS2``. Raises Reject."""
        return {
            f"{one.kind} {segment[0][0]}{index}"
            for one in parts_at_beginning(unwrapped(body) or body, read) for segment in one.segments
            for index, element in enumerate(segment) if index and any(element)
        }

    def _read_message(self, one: Message, context: RawContext, first: int, repetition: Repetition) -> Parsed:
        """Map one message. ``first``: the index of its first event in the raw record. Raises Reject."""
        if one.kind in self._partner.messages:
            if one.kind == "IFTSTA":
                return self._statuses(one, context, first, repetition)
            if one.kind in _MEANING_BY_DATE:
                return self._document(one, context, first)
            return Parsed(acknowledgements=[received(self.feed, one, context)])
        name = MESSAGE_NAMES.get(one.kind)
        what = f"{name} ({one.kind})" if name else f"message {one.kind or '(none)'}"
        raise Reject(RejectReason.UNSUPPORTED_MESSAGE, f"{what} {one.control}", "UNH")

    def _statuses(self, one: Message, context: RawContext, first: int, repetition: Repetition) -> Parsed:
        statuses, carrier = self._gather(one, repetition)
        if not statuses:
            raise Reject(RejectReason.CONTRACT_BROKEN, f"IFTSTA {one.control} without an STS", "STS")
        cancelled = any(at(bgm, 3) == _CANCELLATION for bgm in _segments_of(one, "BGM"))
        sent = next((dtm for dtm in _segments_of(one, "DTM") if at(dtm, 1) == _MESSAGE_DATE), None)
        parsed = Parsed([], [])
        for status in statuses:
            try:
                event = self._event(status, carrier, one, sent, context, first + len(parsed.events))
            except Reject as reject:
                parsed.rejects.append(reject.as_value())
            else:
                parsed.events.append(retraction(event) if cancelled else event)
        return parsed

    def _gather(self, one: Message, repetition: Repetition) -> tuple[list[Status], str]:
        """Return the statuses, each with the data of its message and consignment, and the carrier's code."""
        carrier, consignment = "", ""
        heading: list[Reference] = []
        above: list[Reference] = []
        number, place = "", None
        leg: str | None = None
        statuses: list[Status] = []
        for segment in one.segments:
            tag = segment[0][0]
            if tag == "CNI":
                consignment, above, place = at(segment, 2), [], None
                number = number if not statuses else ""
            elif tag == "STS":
                found = normalise_tracking_number(number or consignment)
                repetition.take(size_of(heading) + size_of(above) + len(found))
                statuses.append(Status(segment, found, [*heading, *above], place, leg=leg))
            elif tag == "NAD" and at(segment, 1) in ("CA", "CPD") and not carrier:
                carrier = at(segment, 2)
            elif tag == "TDT":
                carrier = carrier or at(segment, 5)
                if statuses:
                    statuses[-1].leg = at(segment, 2) or None
                else:
                    leg = at(segment, 2) or None
            elif tag == "RFF":
                number = self._reference(segment, above if consignment else heading, number, statuses)
            elif tag == "LOC" and not statuses:
                place = place or segment
            elif statuses:
                _add_detail(tag, segment, statuses[-1])
        return statuses, carrier

    def _reference(
        self, rff: Segment, above: list[Reference], number: str, statuses: list[Status]
    ) -> str:
        qualifier, value = at(rff, 1), at(rff, 1, 1)
        part = self._partner.proof.get(qualifier)
        if part is not None and statuses:
            statuses[-1].proof[part] = value
            return number
        kind = self._types.get(qualifier)
        if kind == _NUMBER and not statuses:
            return value
        if kind is not None and kind != _NUMBER and value:
            (statuses[-1].references if statuses else above).append(Reference(kind, value))
        return number

    def _event(
        self, status: Status, carrier: str, one: Message, sent: Segment | None, context: RawContext, index: int
    ) -> CarrierEvent:
        """``sent``: the DTM of the message. Raises Reject."""
        code, text, reason = _code(status.sts), at(status.sts, 2, 3), at(status.sts, 3)
        if not code:
            raise Reject(RejectReason.CONTRACT_BROKEN, "STS without a status code", "STS-02")
        references = list(dict.fromkeys(status.references))
        if not status.number and not references:
            raise Reject(RejectReason.NO_REFERENCE, f"IFTSTA {one.control} names no shipment", "CNI-02")
        status_text = " ".join([text, *status.remarks]).strip()
        meaning = self._table.lookup(code, status_text, reason or None)
        meaning = decided_by_remark(meaning, folded(" ".join(status.further)))
        if status.is_empty and meaning.milestone is Milestone.DELIVERED:
            meaning = meaning._replace(milestone=Milestone.INFO)
        moment = self._occurred(status, sent)
        estimate = None
        if status.estimate is not None:
            estimate = end_of_day(moment_of(status.estimate, self._zone_at(status.estimate_place)))
        proof = None
        if meaning.milestone is Milestone.DELIVERED and status.proof:
            proof = ProofOfDelivery(status.proof.get("signed_by"), status.proof.get("left_at"))
        return self._build(context, index, Scan(
            self._slug(carrier), status.number, meaning, code, f"{code}:{reason}" if reason else code,
            status_text or meaning.name, moment, references, [*one.flags, *meaning.flags], _location(status.place),
            estimate, proof, leg=status.leg,
        ))

    def _occurred(self, status: Status, sent: Segment | None) -> Moment:
        """Returns when the status came about: by its own date, else by the message's."""
        wanted = standard().occurred
        own = sorted(
            status.dates, key=lambda dtm: wanted.index(at(dtm, 1)) if at(dtm, 1) in wanted else len(wanted)
        )
        dtm = own[0] if own else sent
        if dtm is not None:
            return moment_of(dtm, self._zone_at(status.place))
        raise Reject(RejectReason.CONTRACT_BROKEN, "a status without a date", "DTM")

    def _zone_at(self, loc: Segment | None) -> str:
        """Return the IANA zone of a LOC, else that of the partner."""
        return (None if loc is None else zone_at(_unlocode(loc), _country(loc))) or self._zone

    def _slug(self, carrier: str) -> str:
        short = normalise_carrier(carrier)
        return self._aliases.get(short) or (short if 2 <= len(short) <= 4 and short.isalpha() else "") or self._carrier

    def _document(self, one: Message, context: RawContext, first: int) -> Parsed:
        """Map a DESADV or IFTMIN: one event per date of the whole shipment; an unreadable date is rejected alone.

        Raises Reject ``no_reference`` if the message names no shipment.
        """
        kind = "despatch_advice" if one.kind == "DESADV" else "transport_instruction"
        references = [Reference(kind, at(bgm, 2)) for bgm in _segments_of(one, "BGM") if at(bgm, 2)]
        for segment in one.segments:
            reference = self._types.get(at(segment, 1)) if segment[0][0] == "RFF" else None
            if reference not in (None, _NUMBER) and at(segment, 1, 1):
                references.append(Reference(str(reference), at(segment, 1, 1)))
            elif segment[0][0] == "GIN" and at(segment, 1) == "BJ":
                references += [Reference("sscc", part) for element in segment[2:] for part in element if part]
        if not references:
            raise Reject(RejectReason.NO_REFERENCE, f"{one.kind} {one.control} names no shipment", "BGM-02")
        dates = {at(dtm, 1): dtm for dtm in reversed(_segments_of(one, "DTM"))}
        carrier = next((at(nad, 2) for nad in _segments_of(one, "NAD") if at(nad, 1) == "CA"), "")
        estimate = next((dates[code] for code in standard().delivery_estimates if code in dates), None)
        due = None if estimate is None or one.kind != "DESADV" else end_of_day(moment_of(estimate, self._zone))
        cancelled = any(at(bgm, 3) == _CANCELLATION for bgm in _segments_of(one, "BGM"))
        parsed = Parsed([], [])
        for qualifier, meaning in (_CANCELLED if cancelled else _MEANING_BY_DATE[one.kind]).items():
            if qualifier not in dates:
                continue
            try:
                moment = moment_of(dates[qualifier], self._zone)
            except Reject as reject:
                parsed.rejects.append(reject.as_value())
                continue
            code = f"{one.kind}:{qualifier}"
            parsed.events.append(self._build(context, first + len(parsed.events), Scan(
                self._slug(carrier), "", meaning, code, code, "", moment, references.copy(), list(one.flags),
                estimated_delivery_at=due,
            )))
        return parsed


def _add_detail(tag: str, segment: Segment, status: Status) -> None:
    if tag == "DTM":
        estimates = standard().delivery_estimates
        stop = "" if status.stop is None else at(status.stop, 1)
        if at(segment, 1) in estimates or (at(segment, 1) == _ARRIVAL_EXPECTED and stop == _DELIVERY_PLACE):
            status.estimate, status.estimate_place = segment, status.stop or status.place
        elif not status.dates or not stop or stop in _STATUS_PLACES:
            status.dates.append(segment)
    elif tag == "LOC":
        status.stop = segment
        if at(segment, 1) in _STATUS_PLACES or status.place is None:
            status.place = segment
    elif tag == "FTX":
        text = " ".join(part.strip() for part in segment[4] if part.strip()) if len(segment) > 4 else ""
        if text:
            status.remarks.append(at(segment, 4))
            status.further.append(text)
    elif tag == "EQD" and at(segment, 1) == "CN" and at(segment, 2):
        status.references.append(Reference("container", at(segment, 2)))
        status.is_empty = at(segment, 6) == _EMPTY
    elif tag == "GIN" and at(segment, 1) == "BJ":
        status.references += [Reference("sscc", part) for element in segment[2:] for part in element if part]


def _code(sts: Segment) -> str:
    """Return the status code: C555, else the components after the category (``1:D2:21``)."""
    plain = at(sts, 2)
    return plain or ":".join(part for part in (at(sts, 1, 1), at(sts, 1, 2)) if part)


def _segments_of(one: Message, tag: str) -> list[Segment]:
    return [segment for segment in one.segments if segment[0][0] == tag]


def _location(loc: Segment | None) -> Location | None:
    if loc is None:
        return None
    code, name = at(loc, 2), at(loc, 2, 3)
    unlocode = _unlocode(loc)
    return place((None if unlocode or name else code or None, name or None, None, None, _country(loc), unlocode))


def _unlocode(loc: Segment) -> str | None:
    code = at(loc, 2)
    return code if len(code) == 5 and code[:2].isalpha() else None


def _country(loc: Segment) -> str | None:
    return next(_nonempty(at(loc, 3), at(loc, 3, 3)), None)


def _nonempty(*texts: str) -> Iterator[str]:
    yield from filter(None, texts)
