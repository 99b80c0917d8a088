"""A freight invoice is compared with its booking: each difference is kept, told and named."""

from __future__ import annotations

import pytest

from streams.contracts.bookings import FreightCharge, FreightInvoice
from streams.kernel.booking_vocabulary import AnswerKind
from tests.support.booking_world import Desk, answered, invoiced, packed, released

BOOKED = (released(), packed(), answered(AnswerKind.BOOKED, tracking_number="NT1"))
SOUTH = (
    released(), packed(), answered(AnswerKind.DECLINED), answered(AnswerKind.BOOKED, 2, tracking_number="PRO1"),
)


def differences(desk: Desk) -> list[tuple[str, str, str]]:
    return [(one.field, one.expected, one.found) for match in desk.known.invoices for one in match.mismatches]


@pytest.mark.parametrize(("invoice", "expected"), [
    (invoiced(), []),
    (invoiced(10.9), []),
    (invoiced(8.0, weight_kg=13.0), []),
    (invoiced(booking_id="80001"), []),
    (invoiced(11.0), [("rate", "9.9", "11")]),
    (invoiced(carrier="sout"), [("carrier", "north", "sout")]),
    (invoiced(currency="USD"), [("currency", "EUR", "USD")]),
    (invoiced(weight_kg=14.0), [("weight", "12 kg", "14 kg")]),
    (invoiced(booking_id="80001-2"), [("booking", "a booking that was accepted", "80001-2")]),
    (invoiced(14.9, charges=[FreightCharge("", 9.9), FreightCharge("FUE", 5.0)]), [("accessorial", "no FUE", "FUE 5")]),
])
def test_an_invoice_is_compared(invoice: FreightInvoice, expected: list[tuple[str, str, str]]) -> None:
    desk = Desk().take(*BOOKED, invoice)
    assert differences(desk) == expected
    assert desk.counts["mismatched" if expected else "matched"] == 1
    assert desk.alerts() == (["freight_mismatch raised"] if expected else [])


def test_a_declared_accessorial_is_taken_up_to_its_price() -> None:
    def charged(fuel: float) -> FreightInvoice:
        return invoiced(
            80 + fuel, booking_id="80001-2", carrier="sout",
            charges=[FreightCharge("", 80.0), FreightCharge("405", fuel, "fuel")],
        )

    assert differences(Desk().take(*SOUTH, charged(12.5))) == []
    assert differences(Desk().take(*SOUTH, charged(20.0))) == [("accessorial", "405 12", "405 20")]


def test_a_second_invoice_for_one_booking_is_told_and_a_corrected_one_ends_the_alert() -> None:
    desk = Desk().take(*BOOKED, invoiced(), invoiced(invoice_id="F-2"))
    assert differences(desk) == [("invoice", "one invoice", "also F-1")]
    fixed = Desk().take(*BOOKED, invoiced(20.0), invoiced(9.9), invoiced(9.9))
    assert fixed.alerts() == ["freight_mismatch raised", "freight_mismatch resolved"]
    assert fixed.counts["duplicates"] == 1


def test_an_invoice_for_a_delivery_nobody_booked_is_kept() -> None:
    desk = Desk().take(invoiced())
    assert differences(desk) == [("booking", "a booking that was accepted", "80001-1")]
