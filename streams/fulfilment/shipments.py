"""The shipments of a delivery, each as the facts that stand tell of it. Times are UTC ms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import NamedTuple

from streams.contracts.documents import stored_id
from streams.contracts.ids import normalise_tracking_number
from streams.contracts.model import StandingFact
from streams.fulfilment.policy import ProofNeeded
from streams.kernel.vocabulary import ExceptionType, PostingKind

Number = tuple[str, str, int]
"""A carrier, its number, and which shipment under the number it is."""


class Whereabouts(Enum):
    """Where one shipment of a delivery is."""

    UNSEEN = auto()
    MOVING = auto()
    RETURNING = auto()
    LOST = auto()
    CANCELLED = auto()
    RETURNED = auto()
    DELIVERED = auto()


_ENDS: Mapping[PostingKind, Whereabouts] = {
    PostingKind.RETURN_STARTED: Whereabouts.RETURNING, PostingKind.LOSS: Whereabouts.LOST,
    PostingKind.CANCELLATION: Whereabouts.CANCELLED, PostingKind.RETURN_RECEIPT: Whereabouts.RETURNED,
    PostingKind.DELIVERY_CONFIRMATION: Whereabouts.DELIVERED,
}
_MOVES = frozenset({
    PostingKind.GOODS_ISSUE, PostingKind.DELIVERY_ATTEMPT, PostingKind.DELIVERY_CONFIRMATION,
})
_GOES_WRONG = frozenset({PostingKind.RETURN_STARTED, PostingKind.RETURN_RECEIPT, PostingKind.LOSS})
ENDED = frozenset({Whereabouts.DELIVERED, Whereabouts.RETURNED, Whereabouts.LOST})


class Shipment(NamedTuple):
    """One shipment of a delivery and the facts that stand of it; none where only the warehouse named it. ``short``: the
    reports of its carrier that pieces are short."""

    number: Number
    facts: Sequence[StandingFact]
    short: Sequence[StandingFact] = ()

    def of(self, kind: PostingKind) -> list[StandingFact]:
        """Its facts of a kind."""
        return [one for one in self.facts if one.kind is kind]

    def is_whole(self, kind: PostingKind) -> bool:
        """Whether the kind stands for all of it: said of the shipment, or of every piece that is known."""
        pieces = {one.piece for one in self.of(kind)}
        return None in pieces or (bool(pieces) and pieces >= {one.piece for one in self.facts if one.piece is not None})

    @property
    def whereabouts(self) -> Whereabouts:
        """Where it is: what happened last decides."""
        latest = max(
            ((one.occurred_at, _ENDS[one.kind].value) for one in self.facts if self._ends(one)), default=None
        )
        if latest is not None:
            return Whereabouts(latest[1])
        return Whereabouts.MOVING if any(one.kind in _MOVES for one in self.facts) else Whereabouts.UNSEEN

    @property
    def delivered_at(self) -> int | None:
        """When the last of it was delivered, as far as it was; None: nothing of it."""
        return max((one.occurred_at for one in self.of(PostingKind.DELIVERY_CONFIRMATION)), default=None)

    @property
    def short_at(self) -> int | None:
        """When its carrier first said that pieces are short; None: it did not."""
        told = [*self.short, *(one for one in self.facts if one.exception is ExceptionType.SHORTAGE)]
        return min((one.occurred_at for one in told), default=None)

    def is_proved(self, needed: ProofNeeded) -> bool:
        """Whether its proof is as good as needed. A link is no document before what it leads to is stored."""
        if needed is ProofNeeded.NONE:
            return True
        proofs = [one.proof_of_delivery for one in self.facts if one.proof_of_delivery is not None]
        if needed is ProofNeeded.DOCUMENT:
            return any(stored_id(one.document_url) for one in proofs)
        return bool(self.of(PostingKind.PROOF_OF_DELIVERY)) or any(
            stored_id(one.document_url) or one.signed_by or one.left_at for one in proofs
        )

    def graced_at(self, grace_ms: int | None) -> int | None:
        """When its delivery is confirmed without a proof; None: never, or not while it came back or was lost since."""
        delivered_at = self.delivered_at
        if grace_ms is None or delivered_at is None:
            return None
        at = delivered_at + grace_ms
        is_wrong = any(one.kind in _GOES_WRONG and delivered_at <= one.occurred_at < at for one in self.facts)
        return None if is_wrong else at

    def _ends(self, one: StandingFact) -> bool:
        return one.kind in _ENDS and (
            one.kind is not PostingKind.DELIVERY_CONFIRMATION or self.is_whole(PostingKind.DELIVERY_CONFIRMATION)
        )


class Pieces(NamedTuple):
    """The pieces of a delivery; a shipment whose reports name none is one."""

    delivered: int = 0
    known: int = 0


def pieces_of(shipments: Sequence[Shipment]) -> Pieces:
    """How many pieces are known, without those of cancelled shipments, and how many of them are delivered."""
    delivered = known = 0
    for one in shipments:
        if one.whereabouts is Whereabouts.CANCELLED:
            continue
        names = {fact.piece for fact in one.facts if fact.piece is not None}
        there = {fact.piece for fact in one.of(PostingKind.DELIVERY_CONFIRMATION)}
        known += len(names) or 1
        delivered += (len(names) or 1) if None in there else len(there)
    return Pieces(delivered, known)


def number_of(fact: StandingFact) -> Number:
    """The shipment that a fact is of."""
    return fact.carrier, fact.tracking_number, fact.life


def shipments_of(
    standing: Sequence[StandingFact], expected: Sequence[str] = (), short: Sequence[StandingFact] = ()
) -> list[Shipment]:
    """The delivery's shipments: those that facts tell of, and those the warehouse named that none tells of yet.
    ``short``: the reports that pieces are short."""
    facts: dict[Number, list[StandingFact]] = {}
    for one in standing:
        facts.setdefault(number_of(one), []).append(one)
    seen = {normalise_tracking_number(number[1]) for number in facts}
    unseen = {("", number, 1): list[StandingFact]() for number in expected if number not in seen}
    return [
        Shipment(number, of_it, [one for one in short if number_of(one) == number])
        for number, of_it in sorted({**facts, **unseen}.items())
    ]
