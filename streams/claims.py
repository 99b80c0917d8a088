"""Orders' claims on a shipment: of several words of one claim the newest holds, whatever came first."""

from __future__ import annotations

from streams.model import OrderLink, OrderReference
from streams.shipment import Shipment, Withdrawal


def link_of(reference: OrderReference) -> OrderLink:
    """The claim as a shipment's record has it."""
    return OrderLink(
        reference.order_id, reference.delivery_id, reference.customer_id, reference.promised_delivery_at
    )


Age = tuple[int, bool, str, int]


def age_of(reference: OrderReference) -> Age:
    """What makes one word of a claim newer than another; of equal time, always the same wins."""
    if reference.withdrawn:
        return reference.updated_at, True, "", -1
    return reference.updated_at, False, *_terms(link_of(reference))


def _terms(link: OrderLink) -> tuple[str, int]:
    return link.customer_id, -1 if link.promised_delivery_at is None else link.promised_delivery_at


def age_of_claim(claim: tuple[str, str], stored: Shipment) -> Age | None:
    """The newest word of the claim there is; None for a new one."""
    for known, time in zip(stored.orders, stored.link_times, strict=True):
        if (known.order_id, known.delivery_id) == claim:
            return time, False, *_terms(known)
    for one in stored.withdrawn:
        if (one.order_id, one.delivery_id) == claim:
            return one.at, True, "", -1
    return None


def set_claim(shipment: Shipment, reference: OrderReference) -> None:
    """Let the word stand for its claim: the order claims the shipment or, withdrawn, does no more. Changes the
    shipment, by assignment."""
    claim = (reference.order_id, reference.delivery_id)
    if not (shipment.orders or shipment.withdrawn or reference.withdrawn):
        shipment.orders, shipment.link_times = [link_of(reference)], [reference.updated_at]
        shipment.updated_at = max(shipment.updated_at, reference.updated_at)
        return
    links = {
        (order.order_id, order.delivery_id): (order, time)
        for order, time in zip(shipment.orders, shipment.link_times, strict=True)
    }
    given_up = {(one.order_id, one.delivery_id): one for one in shipment.withdrawn}
    links.pop(claim, None)
    given_up.pop(claim, None)
    if reference.withdrawn:
        given_up[claim] = Withdrawal(*claim, reference.updated_at)
    else:
        links[claim] = link_of(reference), reference.updated_at
    shipment.orders = [links[one][0] for one in sorted(links)]
    shipment.link_times = [links[one][1] for one in sorted(links)]
    shipment.withdrawn = tuple(given_up[one] for one in sorted(given_up))
    shipment.updated_at = max(shipment.updated_at, reference.updated_at)
