"""Maps X12 sets that order or bill transport: load tender (204) and warehouse shipping order (940) to requested and
planned milestones, freight invoice (210) to actual ones. Requested milestones change no status.

Segments and elements after ASC X12 004010 to 008010; G62-01 is data element 432, S5-02 data element 163, B3-10 data
element 374.
"""

from __future__ import annotations

from connectors.formats.x12 import Segment
from connectors.mapping.values.places import place
from connectors.mapping.x12.bookings import note_invoice
from connectors.mapping.x12.shared import PRO, SetMapper, at, zone_of
from streams.contracts.ids import normalise_tracking_number
from streams.contracts.model import Location, Reference
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Classifier, Milestone

_CANCELLED = {"204": "01", "940": "F"}
_LOADS = frozenset({"CL", "LD", "PL", "LE", "AL"})
_UNLOADS = frozenset({"CU", "UL", "PU", "DR", "DT"})
_PLANNED = {Milestone.PICKED_UP: ("69",), Milestone.DELIVERED: ("70",)}
_REQUESTED = {Milestone.PICKED_UP: ("10", "37", "38"), Milestone.DELIVERED: ("02", "68", "53", "54")}
_PICKED_UP, _DELIVERED = "86", "035"


def load_tender(mapper: SetMapper) -> None:
    """Map a 204: a booking, and the requested or planned time of each stop. Raises Reject."""
    b2 = mapper.required("B2")
    mapper.scac = at(b2, 2)
    shipment = [Reference("shipment", at(b2, 4))] if at(b2, 4) else []
    mapper.references = list(dict.fromkeys([*shipment, *mapper.references_in("L11")]))
    purpose = next((at(segment, 1) for segment in mapper.set.segments if segment[0] == "B2A"), "")
    _add_booking(mapper, purpose)
    if purpose != _CANCELLED["204"]:
        for number, stop in enumerate(_stops(mapper.set.segments), 1):
            _add_stop(mapper, stop, number)


def shipping_order(mapper: SetMapper) -> None:
    """Map a 940: a booking, and the requested or planned pick-up and delivery. Raises Reject."""
    w05 = mapper.required("W05")
    own = [Reference(kind, value) for kind, value in (("order", at(w05, 2)), ("po", at(w05, 3))) if value]
    mapper.references = list(dict.fromkeys([*own, *mapper.references_in("N9")]))
    mapper.scac = next((at(segment, 10) for segment in mapper.set.segments if segment[0] == "W66"), "")
    _add_booking(mapper, at(w05, 1))
    if at(w05, 1) != _CANCELLED["940"]:
        for milestone in (Milestone.PICKED_UP, Milestone.DELIVERED):
            _add_planned_or_requested(mapper, mapper.set.segments, milestone, "", None, "")


def freight_invoice(mapper: SetMapper) -> None:
    """Map a 210: pick-up (G62 86) and delivery (B3-09 with 035), else ``info`` at the date of the invoice.

    Raises Reject.
    """
    b3 = mapper.required("B3")
    mapper.scac = at(b3, 11) or mapper.set.sender
    own = [Reference(kind, value) for kind, value in (("shipment", at(b3, 3)), ("invoice", at(b3, 2))) if value]
    mapper.references = list(dict.fromkeys([*own, *mapper.references_in("N9", "L11")]))
    pro = (mapper.reference(segment) for segment in mapper.set.segments if segment[0] in ("N9", "L11"))
    mapper.number = normalise_tracking_number(next((value for kind, value in pro if kind == PRO), ""))
    for segment in mapper.set.segments:
        if segment[0] == "G62" and at(segment, 1) == _PICKED_UP:
            picked_up = mapper.moment(at(segment, 2), at(segment, 4), "G62-02", at(segment, 5))
            if picked_up is not None:
                mapper.add_event(Milestone.PICKED_UP, _PICKED_UP, picked_up)
    delivered = mapper.moment(at(b3, 9), "", "B3-09") if at(b3, 10) == _DELIVERED else None
    if delivered is not None:
        mapper.add_event(Milestone.DELIVERED, _DELIVERED, delivered)
    if not mapper.parsed.events:
        mapper.add_event(Milestone.INFO, "", mapper.moment(at(b3, 6), "", "B3-06") or mapper.sent_at())
    note_invoice(mapper)


def _add_booking(mapper: SetMapper, purpose: str) -> None:
    if purpose == _CANCELLED[mapper.set.code]:
        mapper.add_event(Milestone.BOOKING_CANCELLED, purpose, mapper.sent_at())
    else:
        mapper.add_event(Milestone.BOOKING_CONFIRMED, purpose, mapper.sent_at(), classifier=Classifier.REQUESTED)


def _stops(segments: list[Segment]) -> list[list[Segment]]:
    """Return the segments of each stop, starting with its S5."""
    stops: list[list[Segment]] = []
    for segment in segments:
        if segment[0] == "S5":
            stops.append([])
        if stops:
            stops[-1].append(segment)
    return stops


def _add_stop(mapper: SetMapper, stop: list[Segment], number: int) -> None:
    reason = at(stop[0], 2)
    milestone = Milestone.PICKED_UP if reason in _LOADS else Milestone.DELIVERED if reason in _UNLOADS else None
    if milestone is None:
        return
    name = next((at(segment, 2) for segment in stop if segment[0] == "N1"), "")
    n4 = next((segment for segment in stop if segment[0] == "N4"), [])
    where = place((name or None, at(n4, 1) or None, at(n4, 2) or None, at(n4, 3) or None, at(n4, 4) or None, None))
    code, zone = f"{at(stop[0], 1) or number}:{reason}", zone_of(at(n4, 2), at(n4, 4))
    _add_planned_or_requested(mapper, stop, milestone, code, where, zone)


def _add_planned_or_requested(
    mapper: SetMapper, segments: list[Segment], milestone: Milestone, code: str, where: Location | None, zone: str
) -> None:
    """Add the planned, else the requested time of a stop; an unreadable date adds a reject and is skipped."""
    dates = {at(segment, 1): segment for segment in reversed(segments) if segment[0] == "G62"}
    for classifier, qualifiers in ((Classifier.PLANNED, _PLANNED), (Classifier.REQUESTED, _REQUESTED)):
        for qualifier in qualifiers[milestone]:
            g62 = dates.get(qualifier, [])
            try:
                moment = mapper.moment(at(g62, 2), at(g62, 4), "G62-02", at(g62, 5), zone)
            except Reject as reject:
                mapper.parsed.rejects.append(reject.as_value())
                continue
            if moment is not None:
                event_code = ":".join(filter(None, (code, qualifier)))
                mapper.add_event(milestone, event_code, moment, classifier=classifier, location=where)
                return
