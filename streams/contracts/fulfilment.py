"""State of each ERP delivery, and people's decisions about it: the values of ``fulfilment.state`` and
``fulfilment.decisions``. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct, field

from streams.contracts.documents import DocumentChase
from streams.contracts.postings import ProofOfDelivery
from streams.kernel.fulfilment_vocabulary import DeliveryPhase, FulfilmentAction, WaitKind
from streams.kernel.vocabulary import ExceptionType, PostingKind, Reason


class PostedFact(Struct, frozen=True, array_like=True):
    """A fact that is posted. ``fact``: the id of its first posting; ``told_as``: the milestones (``milestone_id``) that
    stand for it, none where it was reversed; ``heard``: digests of the words of it since the last withdrawal;
    ``times``: how often it was posted; ``withdrawn_in``: ``claim_revision`` of the last word that the delivery is not
    of the shipment; ``held``: it is true and not posted yet. A dispatch posted once for the whole delivery is a fact
    of its own; ``told_as`` names the facts it stands for."""

    fact: str
    told_as: list[str]
    heard: list[str]
    times: int
    withdrawn_in: int = 0
    held: bool = False

    @property
    def is_posted(self) -> bool:
        """Whether a posting of it stands."""
        return bool(self.told_as) and not self.held


class StandingFact(Struct, frozen=True, array_like=True):
    """A milestone that stands for a fact, with what its posting says."""

    fact: str
    milestone_id: str
    kind: PostingKind
    carrier: str
    tracking_number: str
    life: int
    piece: str | None
    occurred_at: int
    reason: Reason
    proof_of_delivery: ProofOfDelivery | None
    event_id: str
    order_id: str
    customer_id: str
    exception: ExceptionType = ExceptionType.NONE


class FulfilmentDecision(Struct, frozen=True):
    """A person's decision about a delivery. ``by``: who; ``reason``: why, in their words."""

    delivery_id: str
    action: FulfilmentAction
    by: str
    reason: str
    at: int


class FulfilmentWait(Struct, frozen=True):
    """A wait of a delivery: for what, since when, and who sees to it. ``deadline``: when an alert is raised, None:
    never; ``released_at``: when the confirmation goes without it, None: never; ``overdue``: the alert was raised."""

    kind: WaitKind
    since: int
    owner: str
    deadline: int | None = None
    released_at: int | None = None
    overdue: bool = False


class ShippedLine(Struct, frozen=True, array_like=True):
    """A line and how much of it one confirmation says was shipped; ``ordered`` None: it does not say."""

    line_id: str
    ordered: float | None
    shipped: float


class ShippedPart(Struct, frozen=True, array_like=True):
    """The lines of one confirmation of the warehouse that it shipped."""

    confirmation_id: str
    at: int
    lines: list[ShippedLine]


class FulfilmentState(Struct):
    """One ERP delivery: what was posted for it, what is true of it, where it stands and what it waits for; the
    fulfilment stage's changelog. ``posted``: ids of all postings, reversed ones and reversals among them; ``expected``:
    tracking numbers that the warehouse and bookings named; ``decision``: the last that counts; ``shipped``: how much
    was, by the warehouse; ``chases``: when its missing documents were asked for again, the newest last; ``short``: the
    reports that pieces are short, each under the id of the confirmation it is about, and ``short_facts`` how they were
    told."""

    delivery_id: str
    order_id: str
    posted: list[str]
    updated_at: int
    facts: list[PostedFact] = field(default_factory=list)
    customer_id: str = ""
    phase: DeliveryPhase = DeliveryPhase.UNKNOWN
    standing: list[StandingFact] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    decision: FulfilmentDecision | None = None
    wait: FulfilmentWait | None = None
    shipped: list[ShippedPart] = field(default_factory=list)
    chases: list[DocumentChase] = field(default_factory=list)
    short: list[StandingFact] = field(default_factory=list)
    short_facts: list[PostedFact] = field(default_factory=list)
