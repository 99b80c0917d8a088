"""Messages about a whole shipment: each date is an event of its own."""

from __future__ import annotations

from connectors.carriers import discover
from streams.intake.adapter import RawContext
from streams.kernel.vocabulary import Classifier, Milestone, RejectReason

CONTEXT = RawContext("edifact_partner", "", "raw.edifact_partner.v1", 0, 0, 1_790_000_000_000, "c")
ADAPTER = next(one.adapter for one in discover() if one.feed == "edifact_partner")


def test_a_date_that_cannot_be_read_costs_no_other_date() -> None:
    parsed = ADAPTER.parse((
        b"UNB+UNOC:3+A:14+B:14+260918:1030+9'UNH+1+IFTMIN:D:96A:UN'BGM+610+SHIPMENT-1+9'"
        b"DTM+137:202609181200:203'DTM+200:99999999:102'DTM+2:20260921:102'UNT+6+1'UNZ+1+9'"
    ), CONTEXT)
    assert [(one.milestone, one.classifier, one.source.index) for one in parsed.events] == [
        (Milestone.BOOKING_CONFIRMED, Classifier.REQUESTED, 0), (Milestone.DELIVERED, Classifier.REQUESTED, 1),
    ]
    assert [one.reason for one in parsed.rejects] == [RejectReason.INVALID_TIME]
