"""A policy per customer: the conditions of posting for its deliveries, and how long they are waited for."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from streams.contracts.promise import DAY_MS
from streams.kernel.vocabulary import WaitKind


class DispatchOn(StrEnum):
    """When a goods issue is posted: for each shipment that moves, once when the first moves, or once when all have."""

    EACH = "each"
    FIRST = "first"
    ALL = "all"


class ConfirmOn(StrEnum):
    """When a delivery is confirmed: each shipment on its own, or all once all that are known are delivered."""

    EACH = "each"
    ALL = "all"


class ProofNeeded(StrEnum):
    """The proof a confirmation waits for: none, any (a name, a place or a document), or a document."""

    NONE = "none"
    ANY = "any"
    DOCUMENT = "document"


class QuantityNeeded(StrEnum):
    """Whether a confirmation waits until the warehouse shipped what was ordered, line by line: none, or match."""

    NONE = "none"
    MATCH = "match"


class PiecesNeeded(StrEnum):
    """Whether a confirmation waits while a carrier says that pieces are short: none, or complete."""

    NONE = "none"
    COMPLETE = "complete"


class Patience(Struct, frozen=True):
    """Who sees to a wait, and how long it may take. ``deadline_ms`` None: any time."""

    owner: str = "finance"
    deadline_ms: int | None = None


class Policy(Struct, frozen=True):
    """The rules for one customer's deliveries. ``grace_ms``: after the delivery, when it is confirmed without its
    proof; None: never. ``chase_ms``: after the delivery, when a missing document is asked for again. The default is
    what carriers say, posted as they say it."""

    dispatch: DispatchOn = DispatchOn.EACH
    confirm: ConfirmOn = ConfirmOn.EACH
    proof: ProofNeeded = ProofNeeded.NONE
    grace_ms: int | None = None
    waits: Mapping[WaitKind, Patience] = {}
    chase_ms: tuple[int, ...] = (DAY_MS, 2 * DAY_MS, 4 * DAY_MS)
    quantity: QuantityNeeded = QuantityNeeded.NONE
    pieces: PiecesNeeded = PiecesNeeded.NONE

    @property
    def is_plain(self) -> bool:
        """Whether every fact is posted on its own, at once."""
        return (
            self.dispatch is DispatchOn.EACH and self.confirm is ConfirmOn.EACH and self.proof is ProofNeeded.NONE
            and self.quantity is QuantityNeeded.NONE and self.pieces is PiecesNeeded.NONE
        )

    def patience(self, kind: WaitKind) -> Patience:
        """For a wait of this kind."""
        return self.waits.get(kind, _ENDLESS)


class Policies(Struct, frozen=True):
    """The policy of each customer; ``default``: of all others."""

    default: Policy = Policy()
    customers: Mapping[str, Policy] = {}

    def of(self, customer_id: str) -> Policy:
        """The customer's policy."""
        return self.customers.get(customer_id, self.default)


_ENDLESS = Patience()
PLAIN = Policies()
"""Everything is posted as carriers say it."""
