"""The orders step: versions of ERP orders in; their claims out, keyed as the carrier's events are; and withdrawals of
the claims a newer version no longer makes.

Reads ``erp.orders``; writes ``order.references``, ``reference.claims`` and, as its state, ``order.state``. Times are
UTC milliseconds.

The result depends on the set of an order's versions, not on the order in which they arrive: which claims stand, with
which time and terms, which were withdrawn and when, and at which times a reference meant a shipment. The claims of the
newest version by ``updated_at`` stand; between versions of the same time a fixed order decides. A claim that only an
older version makes is withdrawn, whenever that version arrives. A claim carries the time of the newest version that
makes it. Only ``turn``, how often a claim was withdrawn and made again at the very same time, depends on the order of
arrival; it says which message is the newer and nothing else.

A carrier keeps the name it has when a version first arrives: a repeat of the newest version changes nothing. When an
older version arrives again after its carrier was renamed, it withdraws claims under the new name that nobody made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field, msgpack
from msgspec.structs import replace

from streams.contracts.ids import digest, normalise_carrier
from streams.contracts.model import Order, OrderClaim, OrderReference, OrderState, ReferenceClaim
from streams.contracts.tracking_numbers import NumberOf, as_written
from streams.kernel.errors import Reject
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import SaidBy
from streams.orders.claims import (
    Claim,
    SlugOf,
    claims_of,
    identity,
    is_cancelled,
    order_rejects,
    value_of,
    with_withdrawn,
)


class OrdersOutputs(Struct):
    """``references``: claims on shipments; ``claims``: claims on references."""

    references: list[OrderReference] = field(default_factory=list)
    claims: list[ReferenceClaim] = field(default_factory=list)


def step(
    chunk: Sequence[Order], states: Mapping[str, OrderState | None], slug_of: SlugOf = normalise_carrier,
    number_of: NumberOf = as_written,
) -> StepResult[OrdersOutputs, OrderState]:
    """Take in a chunk of versions, in its order.

    ``states``: order id -> stored state; left unchanged. ``slug_of``: a carrier's slug by any of its names;
    ``number_of``: a carrier's number in a label's form of it.
    ``refused`` may name one order several times, once for each line. ``counts``: every order with a usable number is
    one of renewed and older (repeats included); withdrawn, order_references and reference_claims count messages.
    """
    changed: dict[str, OrderState] = {}
    sent: list[Claim] = []
    refused: list[tuple[int, Reject]] = []
    counts = Counter[str]()
    for place, order in enumerate(chunk):
        made = claims_of(order, slug_of, number_of)
        whole = order_rejects(order, made)
        is_nameless = any(reject.path == "order_id" for reject in whole)
        refused += [(place, reject) for reject in made.rejects + ([] if is_nameless and made.rejects else whole)]
        if whole:
            continue
        taken = _take(order, made.both, changed.get(order.order_id) or states.get(order.order_id))
        sent += taken.sent
        counts.update(taken.counts)
        if taken.state is not None:
            changed[order.order_id] = taken.state
    references = [one for one in sent if isinstance(one, OrderReference)]
    claims = [one for one in sent if isinstance(one, ReferenceClaim)]
    counts.update(order_references=len(references), reference_claims=len(claims))
    return StepResult(OrdersOutputs(references, claims), changed, refused, counts)


class _Taken(NamedTuple):
    """The effect of one version of an order: messages to send, the state if it changes, and counts."""

    sent: list[Claim]
    state: OrderState | None
    counts: dict[str, int]


def _take(order: Order, claims: Sequence[Claim], stored: OrderState | None) -> _Taken:
    version = digest(msgpack.encode(order).hex())
    if stored is None or _rank(order, version) > _rank_of(stored):
        return _take_newest(claims, order, stored, version)
    if version == stored.version:
        return _Taken([], None, {"older": 1})
    return _take_older(claims, order, stored)


def _take_newest(claims: Sequence[Claim], order: Order, stored: OrderState | None, version: str) -> _Taken:
    """Send the claims of the newest version, and withdraw those it no longer makes."""
    before = {} if stored is None else {identity(one): one for one in stored.claims}
    sent: list[Claim] = []
    made: list[OrderClaim] = []
    for claim in claims:
        turn = _turn_of(claim, order, before.pop(identity(claim), None))
        sent.append(replace(claim, turn=turn) if turn else claim)
        made.append(_as_stored(claim, order, turn))
    withdrawals = [_withdrawal(one, order) for one in before.values() if not one.withdrawn]
    withdrawn = [replace(one, withdrawn=True) for one in before.values() if one.told_at == order.updated_at]
    state = OrderState(
        order.order_id, order.customer_id, order.status, order.promised_delivery_at, order.updated_at, version,
        with_withdrawn(made, withdrawn), value_of(order), order.currency,
    )
    return _Taken(sent + withdrawals, state, {"renewed": 1, "withdrawn": len(withdrawals)})


def _turn_of(claim: Claim, order: Order, last: OrderClaim | None) -> int:
    """The turn that makes the claim newer than ``last``, its stored version. At the same time a later version ranks
    behind by its terms, so the turn grows only when a claim withdrawn at that time is made again."""
    if last is None or last.told_at < order.updated_at:
        return 0
    return last.turn + (last.withdrawn and not claim.withdrawn)


def _take_older(claims: Sequence[Claim], order: Order, stored: OrderState) -> _Taken:
    """Send what would have been sent had this version come before the newest, as far as it still matters.

    Claims that it alone makes are withdrawn; for the others, that a tracking number or reference belonged to the
    shipment since then. A claim withdrawn at the newest version's own time is stored, because it may be made again at
    that time.
    """
    known = {identity(one) for one in stored.claims}
    only_here = [claim for claim in claims if identity(claim) not in known]
    sent: list[Claim] = [
        claim for claim in claims
        if identity(claim) in known and claim.tracking_number and order.updated_at < stored.updated_at
    ]
    withdrawn = [replace(_as_stored(claim, order, 0), withdrawn=True) for claim in only_here]
    sent += [_withdrawal(one, order) for one in withdrawn]
    state = None
    if withdrawn and order.updated_at == stored.updated_at:
        state = replace(stored, claims=with_withdrawn(stored.claims, withdrawn))
    return _Taken(sent, state, {"older": 1})


def _as_stored(claim: Claim, order: Order, turn: int) -> OrderClaim:
    return OrderClaim(*identity(claim), order.updated_at, claim.withdrawn, turn)


def _withdrawal(one: OrderClaim, order: Order) -> Claim:
    """Withdraws a claim with the time and turn it was sent with: whatever was sent later stands."""
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


Rank = tuple[int, bool, str, int, float, str, str]
"""Orders the versions of an order by age. Versions of the same time have a fixed order: the one in which shipments take
claims of the same time (``contracts/claim_order.py``)."""


def _rank(order: Order, version: str) -> Rank:
    promised, value = order.promised_delivery_at, value_of(order)
    return (
        order.updated_at, is_cancelled(order.status), order.customer_id, -1 if promised is None else promised,
        -1.0 if value is None else value, order.currency or "", version,
    )


def _rank_of(stored: OrderState) -> Rank:
    promised, value = stored.promised_delivery_at, stored.order_value
    return (
        stored.updated_at, is_cancelled(stored.status), stored.customer_id, -1 if promised is None else promised,
        -1.0 if value is None else value, stored.currency or "", stored.version,
    )
