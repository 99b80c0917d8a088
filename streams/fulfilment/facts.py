"""Recognises what a milestone says anew of a fact, and what stands for it.

The same fact by the same event because of the same cause is a repeat, and so is anything older than the withdrawal of
the claim (docs/decisions/0024).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from streams.contracts.documents import stored_id
from streams.contracts.ids import digest
from streams.contracts.model import DeliveryMilestone, PostedFact, StandingFact
from streams.kernel.vocabulary import Correction, PostingKind

_CAUSE_DIGITS = 16


class Heard(NamedTuple):
    """A fact before and after a milestone, what the milestone says of it, and all that stands after it."""

    before: PostedFact
    after: PostedFact
    said: StandingFact
    standing: Sequence[StandingFact]


def heard(
    milestone: DeliveryMilestone, kind: PostingKind, facts: Sequence[PostedFact], posted: Sequence[str],
    standing: Sequence[StandingFact],
) -> Heard:
    """The fact as the milestone makes it. ``posted``: ids of postings, known of a fact where no more is."""
    name = _fact_id(milestone, kind)
    before = next((one for one in facts if one.fact == name), _first(name, milestone, posted))
    after = _told(before, milestone)
    said = _said_by(milestone, kind, name)
    if after is before:
        return Heard(before, after, said, standing)
    return Heard(before, after, said, sorted(_standing(standing, after, said, milestone.correction), key=_order))


def _said_by(milestone: DeliveryMilestone, kind: PostingKind, fact: str) -> StandingFact:
    """The milestone as a statement of the fact."""
    return StandingFact(
        fact, milestone.milestone_id, kind, milestone.carrier, milestone.tracking_number, milestone.life,
        milestone.piece, milestone.occurred_at, milestone.reason, milestone.proof_of_delivery, milestone.event_id,
        milestone.order_id, milestone.customer_id, milestone.exception,
    )


def dispatch_id(delivery_id: str) -> str:
    """The id of the one dispatch of a delivery."""
    return digest("posting", delivery_id, PostingKind.GOODS_ISSUE.value)


def posting_id(fact: PostedFact) -> str:
    """Returns the id of the fact's latest posting; the first one has the fact's own id."""
    return fact.fact if fact.times <= 1 else digest("posted anew", fact.fact, str(fact.times))


def _first(name: str, milestone: DeliveryMilestone, posted: Sequence[str]) -> PostedFact:
    """The fact of which no more is known than whether it was posted."""
    return PostedFact(name, [milestone.milestone_id], [], 1) if name in posted else PostedFact(name, [], [], 0)


def _told(known: PostedFact, milestone: DeliveryMilestone) -> PostedFact:
    """The fact after this milestone. Ignores repeats, the first milestone by an event since retracted, and anything
    older than the claim's withdrawal."""
    if known.withdrawn_in and milestone.claim_revision <= known.withdrawn_in:
        return known
    is_retracted, name = milestone.correction is Correction.RETRACTS, milestone.milestone_id
    if is_retracted and milestone.corrects is None:
        return replace(known, told_as=[], heard=[], withdrawn_in=milestone.claim_revision)
    cause = _cause(name, milestone.event_id, "gone" if is_retracted else "", milestone.because_of)
    if cause in known.heard:
        return known
    told_as, heard_of = {*known.told_as, name}, {*known.heard, cause}
    if is_retracted:
        told_as.remove(name)
    if milestone.corrects is not None:
        heard_of.add(_cause(name, milestone.corrects, "", None))
    return replace(known, told_as=sorted(told_as), heard=sorted(heard_of))


def _standing(
    known: Sequence[StandingFact], fact: PostedFact, said: StandingFact, correction: Correction
) -> list[StandingFact]:
    """All that stands after the fact changed: of one milestone the earliest report, unless a correction replaces it."""
    rest = list[StandingFact]()
    for one in known:
        if one.fact != fact.fact or (one.milestone_id in fact.told_as and one.milestone_id != said.milestone_id):
            rest.append(one)
        elif one.milestone_id in fact.told_as and correction is not Correction.REPLACES:
            said = min(one, said, key=_order)
    return [*rest, said] if said.milestone_id in fact.told_as else rest


def _order(one: StandingFact) -> tuple[str, str, int, str, str, str]:
    proof = one.proof_of_delivery
    words = "" if proof is None else "\x1f".join(str(part) for part in (proof.document_url, proof.signed_by))
    return one.fact, one.milestone_id, one.occurred_at, one.event_id, one.order_id, words


def _cause(milestone_id: str, event_id: str, said: str, because_of: str | None) -> str:
    return digest(milestone_id, event_id, said, because_of or "")[:_CAUSE_DIGITS]


def _fact_id(milestone: DeliveryMilestone, kind: PostingKind) -> str:
    parts = ["posting", milestone.delivery_id, milestone.carrier, milestone.tracking_number, kind.value]
    if kind is PostingKind.DELIVERY_ATTEMPT:
        parts.append(milestone.milestone_id)
    elif milestone.piece is not None:
        parts.append(milestone.piece)
    if milestone.life > 1:
        parts.append(f"life {milestone.life}")
    proof = milestone.proof_of_delivery
    if kind is PostingKind.PROOF_OF_DELIVERY and proof is not None and (document := stored_id(proof.document_url)):
        parts.append(f"document {document}")
    return digest(*parts)
