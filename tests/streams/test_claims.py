"""Of several words of one claim the newest holds."""

from hypothesis import given
from hypothesis import strategies as st

from streams.claims import age_of, age_of_claim, link_of, set_claim
from streams.model import OrderReference
from streams.shipment import Shipment
from tests.streams.strategies import reference, references

CLAIM = ("O-1", "D-1")


def test_a_claim_is_known_by_its_newest_word() -> None:
    shipment = Shipment("north", "N100")
    assert age_of_claim(CLAIM, shipment) is None
    word = reference(updated_at=7)
    set_claim(shipment, word)
    assert age_of_claim(CLAIM, shipment) == age_of(word)
    assert shipment.orders == [link_of(word)]


def test_a_withdrawal_ends_a_claim_and_is_remembered() -> None:
    shipment = Shipment("north", "N100")
    set_claim(shipment, reference(updated_at=7))
    gone = reference(updated_at=9, withdrawn=True)
    set_claim(shipment, gone)
    assert (shipment.orders, shipment.link_times) == ([], [])
    assert age_of_claim(CLAIM, shipment) == age_of(gone)
    assert shipment.updated_at == 9


@given(st.lists(references() | references(withdrawn=True), max_size=8))
def test_claims_lie_in_the_order_of_order_and_delivery(said: list[OrderReference]) -> None:
    shipment = Shipment("north", "N100")
    for one in said:
        set_claim(shipment, one)
    claims = [(one.order_id, one.delivery_id) for one in shipment.orders]
    assert claims == sorted(set(claims))
    assert len(shipment.link_times) == len(claims)
    assert not set(claims) & {(one.order_id, one.delivery_id) for one in shipment.withdrawn}
