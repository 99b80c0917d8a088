"""The audit: silent on a faultless account, and names every single thing that is wrong."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from streams.kernel.vocabulary import Correction, Milestone, PostingKind, Status
from tests.topologies.demo import accounts
from topologies.demo.planned import Staged
from topologies.demo.reconcile import differences, may_be_put_right, totals, without_repeats


def test_a_faultless_account_is_explained() -> None:
    result = totals(accounts.clean())
    assert result.differences == []
    assert result.explained
    assert result.raw_records == 4
    assert result.raw_with_events + result.raw_refused + result.raw_carrier_errors == result.raw_records
    assert (result.canonical_events, result.distinct_events, result.duplicates) == (3, 2, 1)
    assert result.dead_letters == {"empty": 1}
    assert (result.matched, result.unmatched) == (1, 0)
    assert (result.customer_updates, result.erp_postings) == (1, 2)
    assert (result.latency_p50_ms, result.latency_p99_ms) == (40, 40)
    assert result.statuses == {"delivered": 1}


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("picked up", "1 raw records led to nothing; for example picked up (raw.ups.v1/0@1"),
        ("delivered fanned out", "but not on shipment.events; for example delivered of ups:"),
        ("card", "raw records led to nothing; for example an empty body"),
        ("whole", "without their whole record"),
        ("reference", "order lines never came to order.references; for example SO-1 for ups:"),
        ("state", "should have ended delivered and did not"),
        ("update", "customer was not told; for example"),
        ("confirmation", "have no ERP posting; for example delivery_confirmation for DLV-1-1 (ups:"),
        ("milestones", "ERP postings have no delivery milestone"),
    ],
)
def test_a_missing_output_is_named(missing: str, told: str) -> None:
    found = differences(accounts.clean(without=frozenset({missing})))
    assert any(told in difference for difference in found), found


def test_a_second_copy_on_the_fan_out_is_named() -> None:
    ledger = accounts.clean()
    again = accounts.fanned(accounts.event(2, Milestone.DELIVERED))
    ledger.shipment_event(again, accounts.NOW_MS)
    assert any("shipment.events more than once" in difference for difference in differences(ledger))


def test_a_double_posting_is_named_whether_by_one_id_or_two() -> None:
    same, other = accounts.clean(), accounts.clean()
    same.posting(accounts.posting(Milestone.DELIVERED, PostingKind.DELIVERY_CONFIRMATION))
    other.posting(accounts.posting(Milestone.DELIVERED, PostingKind.DELIVERY_CONFIRMATION, "another id"))
    assert any("sent more than once; for example delivery_conf" in told for told in differences(same))
    assert not without_repeats(totals(same)).differences
    assert any("posted more than once; for example delivery_conf" in told for told in differences(other))
    assert without_repeats(totals(other)).differences
    assert (may_be_put_right(differences(same)), may_be_put_right(differences(other))) == ([], differences(other))


def test_a_repeated_customer_update_is_named_and_is_no_news() -> None:
    ledger = accounts.clean()
    assert not ledger.customer_update(accounts.update())
    assert any("customer updates were sent more than once" in found for found in differences(ledger))
    assert not may_be_put_right(differences(ledger))


def test_retracted_updates_and_reversed_postings_do_not_count() -> None:
    ledger = accounts.clean()
    posting = accounts.posting(Milestone.DELIVERED, PostingKind.DELIVERY_CONFIRMATION)
    assert not ledger.customer_update(replace(accounts.update(), correction=Correction.RETRACTS))
    ledger.posting(replace(posting, posting_id="reversal", reverses=posting.posting_id))
    found = differences(ledger)
    assert any("whose customer was not told" in difference for difference in found)
    assert any("have no ERP posting" in difference for difference in found)
    assert ledger.customer_update(accounts.update())
    assert not ledger.customer_update(replace(accounts.update(), correction=Correction.REPLACES))
    ledger.posting(replace(posting, posting_id="anew"))
    assert differences(ledger) == []


def test_another_outcome_than_planned_is_named_with_both() -> None:
    ledger = accounts.clean()
    ledger.dead_letter(accounts.card(2, "malformed"))
    ledger.whole_dead_letter(accounts.origin(2), "malformed")
    assert any("expected 1 events, got 1 events and dead letter malformed" in f for f in differences(ledger))


def test_a_shipment_that_ends_elsewhere_is_named() -> None:
    ledger = accounts.clean()
    ledger.shipment_state(accounts.state(Status.IN_TRANSIT))
    assert any("which is in_transit" in found for found in differences(ledger))


def test_a_message_the_broker_did_not_take_is_named() -> None:
    ledger = accounts.clean()
    del ledger.sent[accounts.origin(3)]
    assert "1 of 4 raw records were not acknowledged by the broker" in differences(ledger)


def test_other_senders_traffic_is_not_in_the_account() -> None:
    ledger = accounts.clean()
    foreign = accounts.event(9, Milestone.OUT_FOR_DELIVERY)
    foreign.source = type(foreign.source)("ups", "webhook", "raw.ups.v1", 0, 9, 0, "somebody-else")
    ledger.carrier_event(foreign)
    ledger.shipment_event(accounts.fanned(foreign), accounts.NOW_MS)
    ledger.dead_letter(accounts.card(99))
    ledger.whole_dead_letter(accounts.origin(99), "empty")
    assert totals(ledger) == totals(accounts.clean())


def test_a_shipment_whose_order_a_booking_names_is_to_find_it() -> None:
    ledger = accounts.clean()
    state = next(iter(ledger.states.values()))
    key, staged = "meridian:ME1", Staged("meridian:ME1", is_booked=True)
    ledger.states[key] = replace(state, carrier="meridian", tracking_number="ME1", status=Status.IN_TRANSIT)
    assert any("found an order nobody sent" in told for told in differences(ledger))
    ledger.plan = dataclasses.replace(ledger.plan, staged=(staged,))
    assert differences(ledger) == []
    ledger.states[key] = replace(ledger.states[key], orders=[])
    assert any("did not find their order; for example meridian:ME1" in told for told in differences(ledger))
