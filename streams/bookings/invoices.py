"""Matches a freight invoice with the booking it is for: carrier, currency, rate, weight and accessorial charges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.bookings.readiness import parcels_of
from streams.bookings.rules import Rules, Service
from streams.contracts.bookings import Booking, BookingState, FreightInvoice, MatchedInvoice, Mismatch
from streams.kernel.booking_vocabulary import BookingStatus

_BILLABLE = frozenset({BookingStatus.ACCEPTED, BookingStatus.BOOKED})


def matched(invoice: FreightInvoice, state: BookingState, rules: Rules) -> MatchedInvoice:
    """The invoice with every difference. The rate is what is left of the total without accessorial charges (those with
    a code); without a declared price it cannot differ."""
    booking = _booking(invoice, state.bookings)
    if booking is None:
        named = invoice.booking_id or "none"
        return MatchedInvoice(invoice, [Mismatch("booking", "a booking that was accepted", named)])
    service = rules.service_of(booking.carrier, booking.service)
    found = [*_terms(invoice, booking, service, rules), *_weight(invoice, state, rules)]
    others = {
        one.invoice.invoice_id for one in state.invoices
        if one.invoice.invoice_id != invoice.invoice_id and one.invoice.booking_id == invoice.booking_id
    }
    if others:
        found.append(Mismatch("invoice", "one invoice", f"also {', '.join(sorted(others))}"))
    return MatchedInvoice(invoice, found)


def _booking(invoice: FreightInvoice, bookings: Sequence[Booking]) -> Booking | None:
    """The booking that it names; where it names the delivery alone, the one that was accepted."""
    own = [one for one in bookings if one.status in _BILLABLE]
    if not invoice.booking_id or invoice.booking_id == invoice.delivery_id:
        return own[-1] if own else None
    return next((one for one in own if one.booking_id == invoice.booking_id), None)


def _terms(
    invoice: FreightInvoice, booking: Booking, service: Service | None, rules: Rules
) -> Iterator[Mismatch]:
    if invoice.carrier != booking.carrier and (service is None or not service.is_called(invoice.carrier)):
        yield Mismatch("carrier", booking.carrier, invoice.carrier)
    if booking.currency and invoice.currency and invoice.currency != booking.currency:
        yield Mismatch("currency", booking.currency, invoice.currency)
        return
    extra = sum(one.amount for one in invoice.charges if one.code)
    rate = round(invoice.total - extra, 2)
    if booking.cost is not None and not rules.rate.allows(booking.cost, rate):
        yield Mismatch("rate", f"{booking.cost:g}", f"{rate:g}")
    allowed = {} if service is None else service.accessorials
    for one in invoice.charges:
        if one.code and not rules.rate.allows(allowed.get(one.code, 0.0), one.amount):
            expected = f"{one.code} {allowed[one.code]:g}" if one.code in allowed else f"no {one.code}"
            yield Mismatch("accessorial", expected, f"{one.code} {one.amount:g}")


def _weight(invoice: FreightInvoice, state: BookingState, rules: Rules) -> Iterator[Mismatch]:
    packed = round(sum(one.weight_kg for one in parcels_of(state)), 3)
    if invoice.weight_kg is not None and packed and not rules.weight.allows(packed, invoice.weight_kg):
        yield Mismatch("weight", f"{packed:g} kg", f"{invoice.weight_kg:g} kg")
