"""X12 transaction sets beside 214: what of a tender's answer (990), a ship notice (856) and a warehouse's shipping
advice (945) is a milestone, partners' acknowledgements (997, 999), and what the others are.

Segments and elements after ASC X12 004010 to 008010, transaction sets 856, 945, 990 and 997.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from connectors.formats.x12 import Segment, TransactionSet
from connectors.mapping.emission import Emitter
from connectors.mapping.moments import unreadable
from connectors.mapping.statuses import sense_of
from connectors.mapping.times import Moment, Unreadable, clock_ms, day_ms, local_moment
from streams.errors import Reject
from streams.identity import digest, normalise_carrier, normalise_tracking_number
from streams.intake import Parsed, RawContext
from streams.model import Acknowledgement, MessageVerdict, Reference
from streams.vocabulary import Direction, Milestone, Precision, RejectReason, Verdict

NAMES = {
    "204": "a motor carrier load tender", "210": "a freight invoice", "211": "a bill of lading",
    "212": "a delivery trailer manifest", "810": "an invoice", "820": "a payment order", "830": "a planning schedule",
    "846": "an inventory advice", "850": "a purchase order", "855": "an acknowledgement of a purchase order",
    "860": "a change of a purchase order", "861": "a receiving advice", "864": "a text message",
    "940": "a warehouse shipping order", "943": "a warehouse transfer advice", "944": "a warehouse receipt advice",
}
_ANSWERS = {"A": Milestone.BOOKING_CONFIRMED, "B": Milestone.BOOKING_CONFIRMED, "D": Milestone.BOOKING_REJECTED,
            "R": Milestone.BOOKING_REJECTED, "E": Milestone.BOOKING_REJECTED, "C": Milestone.BOOKING_CANCELLED}
_NO_SCAC = frozenset({"NA", "N/A", "NONE", "UNKN", "ZZZZ"})
_SHIPPED, _EXPECTED = "011", ("017", "002")
_SET_VERDICTS = {"A": Verdict.ACCEPTED, "E": Verdict.ACCEPTED_WITH_ERRORS, "M": Verdict.REJECTED,
                 "P": Verdict.PARTLY_ACCEPTED, "R": Verdict.REJECTED, "W": Verdict.REJECTED, "X": Verdict.REJECTED}


@dataclass(frozen=True, slots=True)
class House:
    """How a partner's sets are read: zone of clocks that tell none, slugs by SCAC, types of references, last step."""

    feed: str
    zone: str
    aliases: Mapping[str, str]
    reference_types: Mapping[str, str | None]
    emitter: Emitter


def tender_answer(house: House, one: TransactionSet, context: RawContext, parsed: Parsed) -> None:
    """A 990: the load is taken, declined or given back (B1-04, data element 558). Raises Reject."""
    b1 = _only(one, "B1")
    milestone = _ANSWERS.get(_at(b1, 4))
    if milestone is None:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"990 {one.control}: B1-04 is {_at(b1, 4)!r}, not A or D", "B1-04")
    references = [Reference("shipment", _at(b1, 2))] if _at(b1, 2) else []
    references += _references(house, one, ("N9", "L11"))
    moment = _moment(house, _at(b1, 3), "", "B1-03") or _sent(house, one)
    _emit(house, one, context, parsed, _at(b1, 1) or one.sender, "", milestone, f"990:{_at(b1, 4)}", moment, references)


def ship_notice(house: House, one: TransactionSet, context: RawContext, parsed: Parsed) -> None:
    """An 856: the shipper announces a shipment, and may say when it left (DTM 011). Raises Reject."""
    bsn = _only(one, "BSN")
    carrier, number, references = "", "", [Reference("shipment", _at(bsn, 2))] if _at(bsn, 2) else []
    for segment in one.segments:
        if segment[0] == "TD5" and _at(segment, 2) == "2" and not carrier:
            carrier = _at(segment, 3)
        elif segment[0] == "REF" and house.reference_types.get(_at(segment, 1)) == "pro":
            number = number or normalise_tracking_number(_at(segment, 2))
        elif segment[0] == "PRF" and _at(segment, 1):
            references.append(Reference("po", _at(segment, 1)))
        elif segment[0] == "MAN" and _at(segment, 1) in ("GM", "AA") and _at(segment, 2):
            references.append(Reference("sscc", _at(segment, 2)))
    references = list(dict.fromkeys([*references, *_references(house, one, ("REF",))]))
    estimate = _dated(house, one, _EXPECTED, parsed)
    announced = _moment(house, _at(bsn, 3), _at(bsn, 4), "BSN-03") or _sent(house, one)
    shipped = _dated(house, one, (_SHIPPED,), parsed)
    due = None if estimate is None else estimate.at_ms
    _emit(house, one, context, parsed, carrier, number, Milestone.PRE_ADVISED, "856", announced, references, due)
    if shipped is not None:
        left = Milestone.DEPARTED_PICKUP
        _emit(house, one, context, parsed, carrier, number, left, "856:011", shipped, references, due)


def shipping_advice(house: House, one: TransactionSet, context: RawContext, parsed: Parsed) -> None:
    """A 945: the warehouse has shipped (W06-03, or G62 qualifier 11). Raises Reject."""
    w06, carrier = _only(one, "W06"), ""
    shipped = None
    references = [Reference(kind, value) for kind, value in (
        ("shipment", _at(w06, 4)), ("order", _at(w06, 2)), ("po", _at(w06, 6)),
    ) if value]
    for segment in one.segments:
        if segment[0] == "W27":
            carrier = carrier or _at(segment, 2)
        elif segment[0] == "G62" and _at(segment, 1) in ("11", "86") and shipped is None:
            shipped = _moment(house, _at(segment, 2), _at(segment, 4), "G62-02")
        elif segment[0] == "N9" and _at(segment, 1) == "LV" and _at(segment, 2):
            references.append(Reference("sscc", _at(segment, 2)))
    references = list(dict.fromkeys([*references, *_references(house, one, ("N9",))]))
    shipped = shipped or _moment(house, _at(w06, 3), "", "W06-03") or _sent(house, one)
    _emit(house, one, context, parsed, carrier, "", Milestone.DEPARTED_PICKUP, "945", shipped, references)


def acknowledgement(house: House, one: TransactionSet, context: RawContext, parsed: Parsed) -> None:
    """A 997 or 999: what a partner says of a group of ours. Raises Reject where it says nothing."""
    ak1, messages = _only(one, "AK1"), []
    for segment in one.segments:
        if segment[0] == "AK2":
            messages.append(MessageVerdict(_at(segment, 1), _at(segment, 2), Verdict.ACCEPTED))
        elif segment[0] in ("AK3", "IK3") and messages:
            messages[-1].errors.append(f"{_at(segment, 4) or '?'}: segment {_at(segment, 1)} at {_at(segment, 2)}")
        elif segment[0] in ("AK4", "IK4") and messages:
            messages[-1].errors.append(f"{_at(segment, 3) or '?'}: element {_at(segment, 1)} {_at(segment, 4)}".strip())
        elif segment[0] in ("AK5", "IK5") and messages:
            errors = messages[-1].errors + [f"{code}: the set" for code in segment[2:] if code]
            verdict = _SET_VERDICTS.get(_at(segment, 1), Verdict.REJECTED)
            messages[-1] = MessageVerdict(messages[-1].kind, messages[-1].control, verdict, errors)
    ak9 = next((segment for segment in one.segments if segment[0] == "AK9"), [])
    isa = one.group.isa
    identity = digest("received", house.feed, _at(isa, 13), _at(one.group.gs, 6), one.control)
    parsed.acknowledgements.append(Acknowledgement(
        identity, house.feed, Direction.RECEIVED, "x12", _at(isa, 8), _at(isa, 6), "", _at(ak1, 2),
        _SET_VERDICTS.get(_at(ak9, 1), Verdict.REJECTED), messages, "", context.received_at, context.topic,
        context.partition, context.offset,
    ))


Reader = Callable[[House, TransactionSet, RawContext, Parsed], None]
OTHERS: dict[str, Reader] = {
    "990": tender_answer, "856": ship_notice, "945": shipping_advice, "997": acknowledgement, "999": acknowledgement,
}


def unsupported(one: TransactionSet) -> Reject:
    """What a set is that holds no milestone, or that this partner is not said to send."""
    name = NAMES.get(one.code)
    what = f"{name} ({one.code})" if name else f"transaction set {one.code or '(none)'}"
    return Reject(RejectReason.UNSUPPORTED_MESSAGE, f"{what} {one.control}".strip(), "ST")


def _only(one: TransactionSet, name: str) -> Segment:
    for segment in one.segments:
        if segment[0] == name:
            return segment
    raise Reject(RejectReason.CONTRACT_BROKEN, f"{one.code} {one.control} without a {name}", name)


def _at(segment: Segment, index: int) -> str:
    return segment[index].strip() if index < len(segment) else ""


def _references(house: House, one: TransactionSet, names: tuple[str, ...]) -> Iterator[Reference]:
    for segment in one.segments:
        if segment[0] in names:
            first, second = _at(segment, 1), _at(segment, 2)
            qualifier, value = (second, first) if segment[0] == "L11" else (first, second)
            kind = house.reference_types.get(qualifier)
            if kind is not None and kind != "pro" and value:
                yield Reference(kind, value)


def _dated(house: House, one: TransactionSet, qualifiers: tuple[str, ...], parsed: Parsed) -> Moment | None:
    """The time of the first DTM so qualified; one that cannot be read is refused alone."""
    for segment in one.segments:
        if segment[0] == "DTM" and _at(segment, 1) in qualifiers:
            try:
                return _moment(house, _at(segment, 2), _at(segment, 3), "DTM-02")
            except Reject as reject:
                parsed.rejects.append(reject)
    return None


def _moment(house: House, date: str, clock: str, path: str) -> Moment | None:
    if not date:
        return None
    try:
        local = day_ms(date if len(date) != 6 else f"20{date}")
        if not clock:
            return local_moment(local, house.zone, Precision.DATE_ONLY)
        return local_moment(local + clock_ms(clock), house.zone, Precision.LOCAL_NO_ZONE)
    except Unreadable as error:
        raise unreadable(path, f"{date} {clock}".strip()) from error


def _sent(house: House, one: TransactionSet) -> Moment:
    """When the group was made; the set tells no time of its own."""
    gs, isa = one.group.gs, one.group.isa
    moment = _moment(house, _at(gs, 4), _at(gs, 5), "GS-04") or _moment(house, _at(isa, 9), _at(isa, 10), "ISA-09")
    if moment is None:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"{one.code} {one.control} without any date", "GS-04")
    return moment


def _emit(
    house: House, one: TransactionSet, context: RawContext, parsed: Parsed, scac: str, number: str,
    milestone: Milestone, code: str, moment: Moment, references: list[Reference], estimate: int | None = None,
) -> None:
    if not number and not references:
        raise Reject(RejectReason.NO_REFERENCE, f"{one.code} {one.control} names no shipment", "ST")
    slug = "" if scac.upper() in _NO_SCAC else normalise_carrier(scac)
    parsed.events.append(house.emitter.emit(
        context, len(parsed.events), house.aliases.get(slug, slug) or "unknown", number,
        sense_of(milestone), code, code, "", moment, None, estimate, None, None, references.copy(), list(one.flags),
    ))
