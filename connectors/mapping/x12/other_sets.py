"""Maps X12 sets other than 214: response to a load tender (990), ship notice (856), warehouse shipping advice (945),
and partners' acknowledgements (997, 999).

Segments and elements after ASC X12 004010 to 008010, transaction sets 856, 945, 990 and 997.
"""

from __future__ import annotations

from msgspec.structs import replace

from connectors.formats.x12 import TransactionSet
from connectors.mapping.values.event_times import end_of_day
from connectors.mapping.x12.acknowledgement_997 import content_of
from connectors.mapping.x12.bookings import note_answer, note_confirmation
from connectors.mapping.x12.orders import freight_invoice, load_tender, shipping_order
from connectors.mapping.x12.shared import PRO, MapSet, SetMapper, at
from streams.contracts.ids import digest, normalise_tracking_number
from streams.contracts.model import Acknowledgement, MessageVerdict, Reference
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Direction, Milestone, RejectReason, Verdict

SET_NAMES = {
    "204": "a motor carrier load tender", "210": "a freight invoice", "211": "a bill of lading",
    "212": "a delivery trailer manifest", "810": "an invoice", "820": "a payment order", "830": "a planning schedule",
    "846": "an inventory advice", "850": "a purchase order", "855": "an acknowledgement of a purchase order",
    "860": "a change of a purchase order", "861": "a receiving advice", "864": "a text message",
    "940": "a warehouse shipping order", "943": "a warehouse transfer advice", "944": "a warehouse receipt advice",
}
_ANSWERS = {"A": Milestone.BOOKING_CONFIRMED, "B": Milestone.BOOKING_CONFIRMED, "D": Milestone.BOOKING_REJECTED,
            "R": Milestone.BOOKING_REJECTED, "E": Milestone.BOOKING_REJECTED, "C": Milestone.BOOKING_CANCELLED}
_EXPECTED_G62 = ("17",)
"""Data element 432: estimated delivery."""
_SHIPPED, _EXPECTED = "011", ("017", "067", "002")
_SET_VERDICTS = {"A": Verdict.ACCEPTED, "E": Verdict.ACCEPTED_WITH_ERRORS, "M": Verdict.REJECTED,
                 "P": Verdict.PARTLY_ACCEPTED, "R": Verdict.REJECTED, "W": Verdict.REJECTED, "X": Verdict.REJECTED}


def tender_answer(mapper: SetMapper) -> None:
    """Map a 990: the load is accepted, declined or cancelled (B1-04, data element 558). Raises Reject."""
    b1 = mapper.required("B1")
    milestone = _ANSWERS.get(at(b1, 4))
    if milestone is None:
        raise Reject(
            RejectReason.CONTRACT_BROKEN, f"990 {mapper.set.control}: B1-04 is {at(b1, 4)!r}, not A or D", "B1-04"
        )
    shipment = [Reference("shipment", at(b1, 2))] if at(b1, 2) else []
    mapper.references = [*shipment, *mapper.references_in("N9", "L11")]
    mapper.scac = at(b1, 1) or mapper.set.sender
    if not note_answer(mapper):
        mapper.add_event(milestone, at(b1, 4), mapper.moment(at(b1, 3), "", "B1-03") or mapper.sent_at())


def ship_notice(mapper: SetMapper) -> None:
    """Map an 856: the pre-advice of a shipment, and its departure if given (DTM 011). Raises Reject."""
    bsn = mapper.required("BSN")
    references = [Reference("shipment", at(bsn, 2))] if at(bsn, 2) else []
    for segment in mapper.set.segments:
        if segment[0] == "TD5" and at(segment, 2) == "2" and not mapper.scac:
            mapper.scac = at(segment, 3)
        elif segment[0] == "REF" and mapper.reference(segment)[0] == PRO:
            mapper.number = mapper.number or normalise_tracking_number(at(segment, 2))
        elif segment[0] == "PRF" and at(segment, 1):
            references.append(Reference("po", at(segment, 1)))
        elif segment[0] == "MAN" and at(segment, 1) in ("GM", "AA") and at(segment, 2):
            references.append(Reference("sscc", at(segment, 2)))
    mapper.references = list(dict.fromkeys([*references, *mapper.references_in("REF")]))
    estimate = mapper.date_of(*_EXPECTED)
    announced = mapper.moment(at(bsn, 3), at(bsn, 4), "BSN-03") or mapper.sent_at()
    shipped = mapper.date_of(_SHIPPED)
    due = None if estimate is None else end_of_day(estimate)
    mapper.add_event(Milestone.PRE_ADVISED, "", announced, due)
    if shipped is not None:
        mapper.add_event(Milestone.DEPARTED_PICKUP, _SHIPPED, shipped, due)


def shipping_advice(mapper: SetMapper) -> None:
    """Map a 945: the departure from the warehouse (G62 qualifier 11 or 86, else W06-03) and the
    estimated delivery (17). Raises Reject."""
    w06 = mapper.required("W06")
    shipped, expected = None, None
    references = [Reference(kind, value) for kind, value in (
        ("shipment", at(w06, 4)), ("order", at(w06, 2)), ("po", at(w06, 6)),
    ) if value]
    for segment in mapper.set.segments:
        if segment[0] == "W27":
            mapper.scac = mapper.scac or at(segment, 2)
        elif segment[0] == "G62" and at(segment, 1) in ("11", "86") and shipped is None:
            shipped = mapper.moment(at(segment, 2), at(segment, 4), "G62-02", at(segment, 5))
        elif segment[0] == "G62" and at(segment, 1) in _EXPECTED_G62 and expected is None:
            expected = mapper.estimate(at(segment, 2), at(segment, 4), at(segment, 5))
        elif segment[0] == "N9" and at(segment, 1) == "LV" and at(segment, 2):
            references.append(Reference("sscc", at(segment, 2)))
    mapper.references = list(dict.fromkeys([*references, *mapper.references_in("N9")]))
    left = shipped or mapper.moment(at(w06, 3), "", "W06-03") or mapper.sent_at()
    mapper.add_event(Milestone.DEPARTED_PICKUP, "", left, expected)
    note_confirmation(mapper)


def acknowledgement(mapper: SetMapper) -> None:
    """Map a 997 or 999: a partner's acknowledgement of a group that we sent. Raises Reject without an AK1."""
    one, context = mapper.set, mapper.context
    ak1, messages = mapper.required("AK1"), []
    for segment in one.segments:
        if segment[0] == "AK2":
            messages.append(MessageVerdict(at(segment, 1), at(segment, 2), Verdict.ACCEPTED))
        elif segment[0] in ("AK3", "IK3") and messages:
            messages[-1].errors.append(f"{at(segment, 4) or '?'}: segment {at(segment, 1)} at {at(segment, 2)}")
        elif segment[0] in ("AK4", "IK4") and messages:
            messages[-1].errors.append(f"{at(segment, 3) or '?'}: element {at(segment, 1)} {at(segment, 4)}".strip())
        elif segment[0] in ("AK5", "IK5") and messages:
            messages[-1].errors.extend(f"{code}: the set" for code in segment[2:] if code)
            messages[-1] = replace(messages[-1], verdict=_SET_VERDICTS.get(at(segment, 1), Verdict.REJECTED))
    ak9 = next((segment for segment in one.segments if segment[0] == "AK9"), [])
    isa, feed = one.group.isa, mapper.profile.feed
    identity = digest("received", feed, *isa, *one.group.gs, *content_of(one))
    mapper.parsed.acknowledgements.append(Acknowledgement(
        identity, feed, Direction.RECEIVED, "x12", at(isa, 8), at(isa, 6), "", at(ak1, 2),
        _SET_VERDICTS.get(at(ak9, 1), Verdict.REJECTED), messages, "", context.received_at, context.topic,
        context.partition, context.offset,
    ))


SET_MAPPERS: dict[str, MapSet] = {
    "204": load_tender, "210": freight_invoice, "856": ship_notice, "940": shipping_order, "945": shipping_advice,
    "990": tender_answer, "997": acknowledgement, "999": acknowledgement,
}


def unsupported(one: TransactionSet) -> Reject:
    """Return a Reject ``unsupported_message`` that names the transaction set."""
    name = SET_NAMES.get(one.code)
    what = f"{name} ({one.code})" if name else f"transaction set {one.code or '(none)'}"
    return Reject(RejectReason.UNSUPPORTED_MESSAGE, f"{what} {one.control}".strip(), "ST")
