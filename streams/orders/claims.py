"""The claims one version of an order makes: on shipments by tracking number, and on references.

A line with the carrier's tracking number claims that shipment, and says that its references belong to that shipment. A
line without a tracking number claims by its most specific reference. Times are UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import NamedTuple

from streams.contracts.ids import LONGEST_NUMBER, normalise_carrier
from streams.contracts.model import Order, OrderClaim, OrderLine, OrderReference, ReferenceClaim
from streams.contracts.references import Named, by_specificity, most_specific
from streams.contracts.tracking_numbers import NumberOf, as_written, tracking_numbers
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason, SaidBy

CANCELLED = frozenset({"cancelled", "canceled", "voided", "deleted"})
"""Statuses of an order, in lower case, in which it expects no shipment any more. The ERP names them; they are no
standard list."""
MOST_CLAIMS = 5_000
"""Claims of one order; its state has to fit into one record."""
MOST_CLAIM_BYTES = 1_000_000
"""Bytes the claims of one order may take in its state; withdrawn ones may take half as much again."""
Claim = OrderReference | ReferenceClaim
SlugOf = Callable[[str], str]
ClaimIdentity = tuple[str, str, str, str, str]
"""Reference type and value (empty for a claim on a shipment), carrier, tracking number, delivery."""


class OrderClaims(NamedTuple):
    """The claims on shipments and on references, and one reject for each line that claims nothing."""

    references: list[OrderReference]
    claims: list[ReferenceClaim]
    rejects: list[Reject]

    @property
    def both(self) -> list[Claim]:
        """All claims, those on shipments first."""
        return [*self.references, *self.claims]


def claims_of(order: Order, slug_of: SlugOf = normalise_carrier, number_of: NumberOf = as_written) -> OrderClaims:
    """One claim for each distinct (shipment, delivery) of the order, in the order of its lines, and those on
    references; a cancelled order withdraws them. A line whose tracking number holds several claims each of them.
    ``slug_of``: a carrier's slug by any of its names; ``number_of``: the number in a label's form of it."""
    references: dict[ClaimIdentity, OrderReference] = {}
    claims: dict[ClaimIdentity, ReferenceClaim] = {}
    rejects: list[Reject] = []
    for place, line, carrier, number in _numbered(order, slug_of, number_of):
        names = [*line.references, *order.references]
        by_reference = None if number else most_specific(names)
        reject = _reject(order, place, line, carrier, number, by_reference)
        if reject is not None:
            rejects.append(reject)
        elif by_reference is not None:
            claim = _on_reference(by_reference, order, line, carrier, "")
            claims[identity(claim)] = claim
        else:
            reference = _on_shipment(order, line, carrier, number)
            references[identity(reference)] = reference
            for one in by_specificity(names):
                if len(one.key) <= LONGEST_NUMBER:
                    claim = _on_reference(one, order, line, carrier, number)
                    claims[identity(claim)] = claim
    return OrderClaims(list(references.values()), list(claims.values()), rejects)


def _numbered(order: Order, slug_of: SlugOf, number_of: NumberOf) -> Iterator[tuple[int, OrderLine, str, str]]:
    """Each line with its place, its carrier's slug and a tracking number of it, which is empty where it has none."""
    for place, line in enumerate(order.shipments):
        carrier = slug_of(line.carrier)
        for number in tracking_numbers(carrier, line.tracking_number, number_of):
            yield place, line, carrier, number


def order_rejects(order: Order, made: OrderClaims) -> list[Reject]:
    """Why no state can be kept of the order: its number is missing or too long, or it makes too many claims."""
    if not order.order_id.strip():
        return [Reject(RejectReason.CONTRACT_BROKEN, "order_id is empty; send the ERP's order number", "order_id")]
    if len(order.order_id) > LONGEST_NUMBER:
        detail = f"order_id has {len(order.order_id)} characters; at most {LONGEST_NUMBER} are accepted"
        return [Reject(RejectReason.TOO_LARGE, detail, "order_id")]
    claims = made.both
    if len(claims) > MOST_CLAIMS:
        detail = f"order {order.order_id} makes {len(claims)} claims; at most {MOST_CLAIMS} are accepted: split it"
        return [Reject(RejectReason.TOO_LARGE, detail, "shipments")]
    size = sum(map(size_of, claims))
    if size > MOST_CLAIM_BYTES:
        detail = f"the claims of order {order.order_id} take {size} bytes; at most {MOST_CLAIM_BYTES} are accepted"
        return [Reject(RejectReason.TOO_LARGE, f"{detail}: split it", "shipments")]
    return []


def identity(claim: Claim | OrderClaim) -> ClaimIdentity:
    """Two claims of one order with the same identity are versions of the same claim."""
    if isinstance(claim, OrderReference):
        return "", "", claim.carrier, claim.tracking_number, claim.delivery_id
    return claim.type, claim.value, claim.carrier, claim.tracking_number, claim.delivery_id


def size_of(claim: Claim | OrderClaim) -> int:
    """An upper bound of the bytes a claim takes in the order's state."""
    return 24 + sum(len(part.encode("utf-8", "surrogatepass")) for part in identity(claim))


def with_withdrawn(made: list[OrderClaim], withdrawn: list[OrderClaim]) -> list[OrderClaim]:
    """Both, sorted, so that the state does not depend on the order of withdrawals. Withdrawn claims are kept as far as
    there is room, since an order may be saved any number of times without its time moving on."""
    if not withdrawn:
        return made
    room, kept = MOST_CLAIM_BYTES * 3 // 2 - sum(map(size_of, made)), []
    for one in sorted(withdrawn, key=identity):
        room -= size_of(one)
        if room >= 0:
            kept.append(one)
    return sorted([*made, *kept], key=identity)


def value_of(order: Order) -> float | None:
    """The order's value; None where the ERP sends none, or one that is no finite number."""
    return order.value if order.value is not None and isfinite(order.value) else None


def is_cancelled(status: str) -> bool:
    """Whether an order of this status expects no shipment any more."""
    return status.strip().lower() in CANCELLED


def _on_shipment(order: Order, line: OrderLine, carrier: str, number: str) -> OrderReference:
    return OrderReference(
        carrier, number, order.order_id, line.delivery_id, order.customer_id, order.promised_delivery_at,
        order.updated_at, is_cancelled(order.status), value_of(order), order.currency,
    )  # fmt: skip


def _on_reference(one: Named, order: Order, line: OrderLine, carrier: str, number: str) -> ReferenceClaim:
    return ReferenceClaim(
        one.type, one.value, carrier, number, SaidBy.ORDER, order.updated_at, order.updated_at,
        is_cancelled(order.status), order.order_id, line.delivery_id, order.customer_id, order.promised_delivery_at,
        value_of(order), order.currency,
    )  # fmt: skip


def _reject(
    order: Order, place: int, line: OrderLine, carrier: str, number: str, by_reference: Named | None
) -> Reject | None:
    path = f"shipments[{place}]"
    subject = f"order {order.order_id or '(no number)'}, line {place}"
    if by_reference is None and (not carrier or not number):
        missing = "carrier" if not carrier else "tracking_number"
        detail = f"{subject}: {missing} is empty"
        return Reject(RejectReason.NO_REFERENCE, detail, f"{path}.{missing}")
    named = {"order_id": order.order_id, "customer_id": order.customer_id}
    for name, value in named.items():
        if not value.strip():
            return Reject(RejectReason.CONTRACT_BROKEN, f"{subject}: {name} is empty", name)
    named |= {f"{path}.delivery_id": line.delivery_id, f"{path}.tracking_number": number}
    if by_reference is not None:
        named[f"{path}.references"] = by_reference.key
    for name, value in named.items():
        if len(value) > LONGEST_NUMBER:
            detail = f"{subject}: {name} has {len(value)} characters; at most {LONGEST_NUMBER} are accepted"
            return Reject(RejectReason.TOO_LARGE, detail, name)
    if not line.delivery_id.strip():
        return Reject(RejectReason.CONTRACT_BROKEN, f"{subject}: delivery_id is empty", f"{path}.delivery_id")
    return None
