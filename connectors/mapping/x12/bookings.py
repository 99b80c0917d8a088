"""Maps X12 sets about bookings to records beside their events: a response to a load tender (990) to a carrier's answer,
a warehouse shipping advice (945) to the warehouse's confirmation, a freight invoice (210) to an invoice to be matched.

Segments and elements after ASC X12 004010. B1-04 is data element 558 (A accepted, B conditionally, D and R declined, C
cancelled); amounts of B3-07 and L1-04 have two implied decimals (type N2); L3-12 and L0-11 are data element 188 (K
kilograms, L pounds); W12-03 is the quantity shipped.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.mapping.x12.shared import PRO, SetMapper, at
from streams.contracts.booking_ids import delivery_of
from streams.contracts.bookings import BookingAnswer, FreightCharge, FreightInvoice
from streams.contracts.ids import digest, normalise_carrier, normalise_tracking_number
from streams.contracts.warehouse import WmsConfirmation, WmsLine
from streams.kernel.booking_vocabulary import AnswerKind
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

_ANSWERS = {"A": AnswerKind.ACCEPTED, "B": AnswerKind.COUNTERED, "D": AnswerKind.DECLINED, "R": AnswerKind.DECLINED,
            "E": AnswerKind.DECLINED, "C": AnswerKind.DECLINED}
_POUND = 0.45359237
_DELIVERY, _LINE = "BM", "LI"
MOST_LINES = 10_000
LONGEST = 500


def note_answer(mapper: SetMapper) -> bool:
    """Add the answer of a 990 to a booking of ours; False for another shipment. Of a booking that is declined there
    never is a shipment, so an answer is no event."""
    b1 = mapper.required("B1")
    booking, kind = at(b1, 2), _ANSWERS.get(at(b1, 4))
    if not mapper.profile.bookings or kind is None or not delivery_of(booking):
        return False
    words = " ".join(at(segment, place) for segment in mapper.set.segments if segment[0] == "K1" for place in (1, 2))
    moment = mapper.sent_at()
    mapper.parsed.answers.append(BookingAnswer(
        booking, delivery_of(booking), kind, _carrier(mapper, at(b1, 1) or mapper.set.sender), moment.at_ms, 0,
        " ".join(words.split())[:LONGEST], _pro(mapper), source=_source(mapper),
    ))
    return True


def note_confirmation(mapper: SetMapper) -> None:
    """Add what a warehouse shipped of an ERP delivery, the depositor's order of the 945 (W06-02); nothing of a partner
    that is no warehouse of ours."""
    w06, warehouse = mapper.required("W06"), mapper.profile.warehouse
    delivery = at(w06, 2)
    if not warehouse or not delivery:
        return
    number, carrier = _pro(mapper), _carrier(mapper, mapper.scac)
    shipment = at(w06, 4) or digest(_source(mapper), mapper.set.control)[:16]
    mapper.parsed.confirmations.append(WmsConfirmation(
        f"945 {shipment}", delivery, None, warehouse, "shipped", mapper.parsed.events[-1].occurred_at,
        carrier if number else None, [number] if number else [], list(_lines(mapper))[:MOST_LINES],
    ))


def note_invoice(mapper: SetMapper) -> None:
    """Add the invoice of a 210 that names a booking of ours in B3-03, or the delivery by N9 or L11 BM; of another,
    nothing. Raises Reject for an amount that is none."""
    b3 = mapper.required("B3")
    booking = at(b3, 3)
    delivery = delivery_of(booking) or next((
        value for segment in mapper.set.segments for kind, value in [_qualified(segment)] if kind == _DELIVERY
    ), "")
    if not mapper.profile.bookings or not delivery or not at(b3, 2):
        return
    moment = mapper.moment(at(b3, 6), "", "B3-06") or mapper.sent_at()
    currency = next((at(segment, 1) for segment in mapper.set.segments if segment[0] == "C3"), "USD")
    mapper.parsed.invoices.append(FreightInvoice(
        at(b3, 2), delivery, booking if delivery_of(booking) else "",
        _carrier(mapper, at(b3, 11) or mapper.set.sender), moment.at_ms, currency, _amount(at(b3, 7), "B3-07"),
        _weight(mapper), list(_charges(mapper)), _source(mapper),
    ))


def _lines(mapper: SetMapper) -> Iterator[WmsLine]:
    """The lines that were shipped: by their own number (N9 LI), else by that of their LX."""
    number, found = "", list[list[str]]()
    for segment in [*mapper.set.segments, ["LX"]]:
        if segment[0] == "LX":
            for w12 in found:
                yield WmsLine(
                    number, at(w12, 8) or at(w12, 7), _quantity(at(w12, 2)), _quantity(at(w12, 3)) or 0.0,
                    at(w12, 5) or None, None,
                )
            number, found = at(segment, 1), []
        elif segment[0] == "W12":
            found.append(segment)
        elif segment[0] == "N9" and at(segment, 1) == _LINE and at(segment, 2):
            number = at(segment, 2)


def _charges(mapper: SetMapper) -> Iterator[FreightCharge]:
    for segment in mapper.set.segments:
        if segment[0] == "L1" and at(segment, 4):
            yield FreightCharge(at(segment, 8), _amount(at(segment, 4), "L1-04"), at(segment, 12)[:LONGEST])


def _weight(mapper: SetMapper) -> float | None:
    """Kilograms by the total (L3), else by the lines (L0); None where they say none."""
    for name, unit in (("L3", 12), ("L0", 11)):
        place = 1 if name == "L3" else 4
        found = [
            (_quantity(at(segment, place)), at(segment, unit)) for segment in mapper.set.segments if segment[0] == name
        ]
        weights = [weight * (1.0 if told == "K" else _POUND) for weight, told in found if weight is not None]
        if weights:
            return round(sum(weights), 3)
    return None


def _amount(text: str, path: str) -> float:
    """An amount of type N2: two decimals are implied; one that is written with a point has its own."""
    try:
        return float(text) if "." in text else int(text) / 100
    except ValueError:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"{path} is {text!r}, no amount", path) from None


def _quantity(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if 0 <= found < 1e12 else None


def _qualified(segment: list[str]) -> tuple[str, str]:
    """Qualifier and value of an N9 or L11."""
    if segment[0] == "L11":
        return at(segment, 2), at(segment, 1)
    return (at(segment, 1), at(segment, 2)) if segment[0] == "N9" else ("", "")


def _pro(mapper: SetMapper) -> str:
    found = (mapper.reference(segment) for segment in mapper.set.segments if segment[0] in ("N9", "L11"))
    return normalise_tracking_number(next((value for kind, value in found if kind == PRO), ""))


def _carrier(mapper: SetMapper, scac: str) -> str:
    slug = normalise_carrier(scac)
    return mapper.profile.aliases.get(slug, slug)


def _source(mapper: SetMapper) -> str:
    context = mapper.context
    return f"{context.topic}:{context.partition}:{context.offset}"
