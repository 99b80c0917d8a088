"""Every service is a candidate: the reason why it is asked, or why not, is kept."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from streams.bookings.choice import Load, Wish, choose, next_of, price_of
from streams.bookings.rules import Rules, Tolerance
from tests.support.booking_world import CHEAP, FREIGHT, HAMBURG, LAST, RULES, VIENNA

LOAD = Load("C-1", HAMBURG, VIENNA, 12.0, 12.0, "", "2026-09-21")


def reasons(load: Load, wish: Wish | None = None, rules: Rules = RULES) -> list[tuple[str, bool, str]]:
    return [(one.carrier, one.fits, one.reason) for one in choose(load, rules, wish)]


def test_the_cheapest_that_fits_comes_first() -> None:
    assert reasons(LOAD) == [
        ("north", True, "9.90 EUR"), ("south", True, "80.00 EUR"), ("east", True, "120.00 EUR"),
    ]


@pytest.mark.parametrize(("load", "carrier", "why"), [
    (LOAD._replace(recipient=replace(VIENNA, postal_code="6020")), "north", "no lane from DE 20457 to AT 6020"),
    (LOAD._replace(weight_kg=40.0), "north", "40 kg is more than 31.5 kg"),
    (LOAD._replace(weight_kg=2.0), "south", "2 kg is less than 10 kg"),
    (LOAD._replace(day="2026-12-25"), "south", "it does not collect on 2026-12-25"),
    (LOAD._replace(service="pallet"), "north", "the delivery was sold with service pallet"),
    (LOAD._replace(shipper=None), "north", "no address is declared for the warehouse"),
])
def test_a_service_that_does_not_fit_says_why(load: Load, carrier: str, why: str) -> None:
    assert (carrier, False, why) in reasons(load)


def test_a_heavy_piece_and_a_price_that_is_missing_rule_a_service_out() -> None:
    light = replace(CHEAP, most_kg=None, most_piece_kg=10.0)
    cheap = replace(CHEAP, most_kg=None)
    assert reasons(LOAD, rules=Rules((light,))) == [("north", False, "a piece of 12 kg is more than 10 kg")]
    assert reasons(LOAD._replace(weight_kg=50.0), rules=Rules((cheap,))) == [
        ("north", False, "its cost table has no price for 50 kg")
    ]


def test_a_customers_own_service_goes_ahead_of_a_cheaper_one_and_is_for_nobody_else() -> None:
    own = replace(LAST, customers=frozenset({"C-1"}))
    rules = Rules((CHEAP, own))
    assert reasons(LOAD, rules=rules)[0] == ("east", True, "declared for the customer; 120.00 EUR")
    assert reasons(LOAD._replace(customer_id="C-2"), rules=rules)[1] == ("east", False, "it is for other customers")


def test_a_persons_wish_goes_ahead_of_all_where_it_fits() -> None:
    assert reasons(LOAD, Wish("east", "", "Olga"))[0] == ("east", True, "Olga wants it; 120.00 EUR")
    assert reasons(LOAD._replace(weight_kg=2.0), Wish("south", "", "Olga"))[-1][0] == "south"


def test_one_is_asked_after_the_other_and_each_once() -> None:
    found = choose(LOAD, RULES)
    first = next_of(found, [])
    assert first is not None
    assert first.carrier == "north"
    second = next_of(found, [("north", "parcel")])
    assert second is not None
    assert second.carrier == "south"
    assert next_of(found, [("north", "parcel"), ("south", "pallet"), ("east", "pallet")]) is None


def test_the_price_is_that_of_the_first_row_that_holds_the_weight() -> None:
    assert [price_of(CHEAP, kg) for kg in (5.0, 5.1, 31.5, 32.0)] == [4.9, 9.9, 9.9, None]
    assert price_of(FREIGHT, 9_999.0) == 80


def test_a_tolerance_is_the_larger_of_a_part_and_an_amount() -> None:
    assert [Tolerance(5, 1).allows(10, found) for found in (10.5, 11.0, 11.01, 2.0)] == [True, True, False, True]
    assert Tolerance(5, 1).allows(100, 105)
