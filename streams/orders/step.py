"""The orders step: an ERP order in, its claims on shipments out, keyed as the carrier's events are; what a newer word
of it no longer claims is withdrawn.

Reads ``erp.orders``; writes ``order.references``, ``reference.claims`` and, as its state, ``order.state``.

A line with the carrier's number claims that shipment, and says of its references that they are that shipment's. A line
without claims by its most specific reference.

What comes of it depends on the set of an order's versions, not on the order they came in: which claims stand, with
which time and terms, which were given up and when, and of which times a reference was said to mean a shipment. The
newest version by ``updated_at`` has its claims, of versions of the same time always the same one; of what only an older
one claimed it is told that it is given up, whenever that one comes. A claim has the time of the newest version that
makes it. How often it was given up and made again at that very time (``turn``) does depend on what came first, and
tells no more than which word is the newer.

A carrier goes by the name it has when a version is first taken in: a repeat of the newest says nothing. Where an older
one comes again after its carrier was renamed, it gives up under the new name what nobody claimed there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from msgspec import Struct, field, msgpack
from msgspec.structs import replace

from streams.contracts.ids import LONGEST_NUMBER, digest, normalise_carrier, normalise_tracking_number
from streams.contracts.model import Order, OrderClaim, OrderLine, OrderReference, OrderState, ReferenceClaim
from streams.contracts.references import Named, by_specificity, most_specific
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason, SaidBy

CANCELLED = frozenset({"cancelled", "canceled", "voided", "deleted"})
"""States of an order, in lower case, in which it expects no shipment any more."""
MOST_CLAIMS = 5_000
"""Claims of one order; its state has to fit into a record."""
MOST_CLAIM_BYTES = 1_000_000
"""What the claims of one order may take in its state, and with those it gave up half as much again."""
Claim = OrderReference | ReferenceClaim
SlugOf = Callable[[str], str]
_Identity = tuple[str, str, str, str, str]


class Rekeyed(NamedTuple):
    """An order's claims: on shipments, on references; and one reject per line that claims nothing."""

    references: list[OrderReference]
    claims: list[ReferenceClaim]
    rejects: list[Reject]


class Kept(Struct):
    """What one chunk brought about. ``refused``: place in the chunk and why; ``states``: changed ones only.

    ``counts``: every order that has a number is one of renewed and older (repeats among them).
    """

    references: list[OrderReference] = field(default_factory=list)
    claims: list[ReferenceClaim] = field(default_factory=list)
    states: dict[str, OrderState] = field(default_factory=dict)
    refused: list[tuple[int, Reject]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def keep(
    chunk: Sequence[Order], states: Mapping[str, OrderState | None], slug_of: SlugOf = normalise_carrier
) -> Kept:
    """Take a chunk in. ``states``: order id -> what is stored; left unchanged. ``slug_of``: a carrier's slug by any
    name it goes by.
    """
    out = Kept()
    for place, order in enumerate(chunk):
        rekeyed = references_of(order, slug_of)
        rejects = [*(rekeyed.rejects or _nameless(order)), *_too_many(order, rekeyed)]
        out.refused += [(place, reject) for reject in rejects]
        if _nameless(order) or _too_many(order, rekeyed):
            continue
        stored = out.states.get(order.order_id) or states.get(order.order_id)
        version = digest(msgpack.encode(order).hex())
        if stored is not None and _rank(order, version) <= _rank_of(stored):
            out.counts["older"] += 1
            if version != stored.version:
                _take_older([*rekeyed.references, *rekeyed.claims], order, stored, out)
            continue
        out.counts["renewed"] += 1
        told = _tell([*rekeyed.references, *rekeyed.claims], order, stored, out)
        out.states[order.order_id] = OrderState(
            order.order_id, order.customer_id, order.status, order.promised_delivery_at, order.updated_at, version,
            told, _worth(order), order.currency,
        )
    out.counts["order_references"] = len(out.references)
    out.counts["reference_claims"] = len(out.claims)
    return out


def references_of(order: Order, slug_of: SlugOf = normalise_carrier) -> Rekeyed:
    """One claim per distinct (shipment, delivery) of the order, in the order's own sequence, and those on references;
    of a cancelled order they are withdrawn."""
    references: dict[_Identity, OrderReference] = {}
    claims: dict[_Identity, ReferenceClaim] = {}
    rejects: list[Reject] = []
    for place, line in enumerate(order.shipments):
        carrier, number = slug_of(line.carrier), normalise_tracking_number(line.tracking_number)
        names = [*line.references, *order.references]
        by_reference = None if number else most_specific(names)
        reject = _reject(order, place, line, carrier, number, by_reference)
        if reject is not None:
            rejects.append(reject)
        elif by_reference is not None:
            claim = _on_reference(by_reference, order, line, carrier, "")
            claims[_identity(claim)] = claim
        else:
            reference = _on_shipment(order, line, carrier, number)
            references[_identity(reference)] = reference
            for one in by_specificity(names):
                if len(one.key) <= LONGEST_NUMBER:
                    claim = _on_reference(one, order, line, carrier, number)
                    claims[_identity(claim)] = claim
    return Rekeyed(list(references.values()), list(claims.values()), rejects)


def _on_shipment(order: Order, line: OrderLine, carrier: str, number: str) -> OrderReference:
    return OrderReference(
        carrier, number, order.order_id, line.delivery_id, order.customer_id, order.promised_delivery_at,
        order.updated_at, _is_cancelled(order.status), _worth(order), order.currency,
    )  # fmt: skip


def _on_reference(one: Named, order: Order, line: OrderLine, carrier: str, number: str) -> ReferenceClaim:
    return ReferenceClaim(
        one.type, one.value, carrier, number, SaidBy.ORDER, order.updated_at, order.updated_at,
        _is_cancelled(order.status), order.order_id, line.delivery_id, order.customer_id, order.promised_delivery_at,
        _worth(order), order.currency,
    )  # fmt: skip


def _worth(order: Order) -> float | None:
    """The order's value; None where it is told as no number."""
    return order.value if order.value is not None and isfinite(order.value) else None


def _tell(claims: Sequence[Claim], order: Order, stored: OrderState | None, out: Kept) -> list[OrderClaim]:
    """Put the claims of the newest word out, and withdraw what it claims no more; what is then told."""
    before = {} if stored is None else {_identity(one): one for one in stored.claims}
    told: list[OrderClaim] = []
    for claim in claims:
        turn = _turn_of(claim, order, before.pop(_identity(claim), None))
        _put(replace(claim, turn=turn) if turn else claim, out)
        told.append(_noted(claim, order, turn))
    given_up = []
    for one in before.values():
        if not one.withdrawn:
            _put(_withdrawal(one, order), out)
            out.counts["withdrawn"] += 1
        if one.told_at == order.updated_at:
            given_up.append(replace(one, withdrawn=True))
    return _with_given_up(told, given_up)


def _turn_of(claim: Claim, order: Order, last: OrderClaim | None) -> int:
    """The turn that makes the claim the newest word. Of the same time a later version has terms that go behind, so that
    it takes one only to make again what was given up at that time. ``last``: the word before."""
    if last is None or last.told_at < order.updated_at:
        return 0
    return last.turn + (last.withdrawn and not claim.withdrawn)


def _take_older(claims: Sequence[Claim], order: Order, stored: OrderState, out: Kept) -> None:
    """Tell what would have been told had this word come before the newest, as far as it matters now: what it alone
    claims is given up, and since then a number is the order's, and a reference means a shipment. What was given up at
    the newest's own time is kept with it, as that may be claimed again at that time."""
    known = {_identity(one) for one in stored.claims}
    given_up = []
    for claim in claims:
        if _identity(claim) not in known:
            given_up.append(replace(_noted(claim, order, 0), withdrawn=True))
        elif claim.tracking_number and order.updated_at < stored.updated_at:
            _put(claim, out)
    for one in given_up:
        _put(_withdrawal(one, order), out)
    if given_up and order.updated_at == stored.updated_at:
        out.states[order.order_id] = replace(stored, claims=_with_given_up(stored.claims, given_up))


def _with_given_up(told: list[OrderClaim], given_up: list[OrderClaim]) -> list[OrderClaim]:
    """Both, in a sequence that does not tell which was first given up; of these as many as there is room for, since an
    order may be saved any number of times without its time moving on."""
    if not given_up:
        return told
    room, kept = MOST_CLAIM_BYTES * 3 // 2 - sum(map(_size, told)), []
    for one in sorted(given_up, key=_identity):
        room -= _size(one)
        if room >= 0:
            kept.append(one)
    return sorted([*told, *kept], key=_identity)


def _put(claim: Claim, out: Kept) -> None:
    if isinstance(claim, OrderReference):
        out.references.append(claim)
    else:
        out.claims.append(claim)


def _noted(claim: Claim, order: Order, turn: int) -> OrderClaim:
    return OrderClaim(*_identity(claim), order.updated_at, claim.withdrawn, turn)


def _withdrawal(one: OrderClaim, order: Order) -> Claim:
    """Takes back what was told, with the time and in the turn it was told in: whatever was said later stands."""
    promised, at = order.promised_delivery_at, one.told_at
    if not one.type:
        return OrderReference(
            one.carrier, one.tracking_number, order.order_id, one.delivery_id, order.customer_id, promised, at, True,
            turn=one.turn,
        )
    return ReferenceClaim(
        one.type, one.value, one.carrier, one.tracking_number, SaidBy.ORDER, at, at, True, order.order_id,
        one.delivery_id, order.customer_id, promised, turn=one.turn,
    )  # fmt: skip


def _identity(claim: Claim | OrderClaim) -> _Identity:
    """What makes two claims of an order the same one."""
    if isinstance(claim, OrderReference):
        return "", "", claim.carrier, claim.tracking_number, claim.delivery_id
    return claim.type, claim.value, claim.carrier, claim.tracking_number, claim.delivery_id


Rank = tuple[int, bool, str, int, float, str, str]


def _rank(order: Order, version: str) -> Rank:
    """What makes one word of an order newer than another; of equal time always the same wins, in the sequence in which
    shipments take claims of equal time."""
    promised, worth = order.promised_delivery_at, _worth(order)
    return (
        order.updated_at, _is_cancelled(order.status), order.customer_id, -1 if promised is None else promised,
        -1.0 if worth is None else worth, order.currency or "", version,
    )


def _rank_of(stored: OrderState) -> Rank:
    promised, worth = stored.promised_delivery_at, stored.order_value
    return (
        stored.updated_at, _is_cancelled(stored.status), stored.customer_id, -1 if promised is None else promised,
        -1.0 if worth is None else worth, stored.currency or "", stored.version,
    )


def _is_cancelled(status: str) -> bool:
    return status.strip().lower() in CANCELLED


def _nameless(order: Order) -> list[Reject]:
    """Why no state can be kept under the order's number."""
    if not order.order_id.strip():
        return [Reject(RejectReason.CONTRACT_BROKEN, "an order without a number", "order_id")]
    if len(order.order_id) > LONGEST_NUMBER:
        detail = f"order_id has {len(order.order_id)} characters; {LONGEST_NUMBER} are taken"
        return [Reject(RejectReason.TOO_LARGE, detail, "order_id")]
    return []


def _too_many(order: Order, rekeyed: Rekeyed) -> list[Reject]:
    claims: list[Claim] = [*rekeyed.references, *rekeyed.claims]
    if len(claims) > MOST_CLAIMS:
        detail = f"order {order.order_id} makes {len(claims)} claims; {MOST_CLAIMS} are taken"
        return [Reject(RejectReason.TOO_LARGE, detail)]
    size = sum(map(_size, claims))
    if size <= MOST_CLAIM_BYTES:
        return []
    detail = f"the claims of order {order.order_id} take {size} bytes; {MOST_CLAIM_BYTES} are taken"
    return [Reject(RejectReason.TOO_LARGE, detail)]


def _size(claim: Claim | OrderClaim) -> int:
    """Bytes of a claim in the state, at most."""
    return 24 + sum(len(part.encode("utf-8", "surrogatepass")) for part in _identity(claim))


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
            detail = f"{subject}: {name} has {len(value)} characters; {LONGEST_NUMBER} are taken"
            return Reject(RejectReason.TOO_LARGE, detail, name)
    if not line.delivery_id.strip():
        return Reject(RejectReason.CONTRACT_BROKEN, f"{subject}: delivery_id is empty", f"{path}.delivery_id")
    return None
