"""Says of each posting, and of each notice, where it is and, in words, why the ERP does not have it yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.contracts.outbound import OutboundOutcome
from streams.kernel.outbound_vocabulary import PENDING, OutboundStatus
from streams.kernel.vocabulary import Correction
from streams.postings.messages import is_of_notices


class Placed(NamedTuple):
    """A posting, or a notice, and why it is where it is; no words where it is done with as it should."""

    outcome: OutboundOutcome
    why: str

    @property
    def is_notice(self) -> bool:
        """Whether it is a notice, and no posting."""
        return is_of_notices(self.outcome.destination)

    @property
    def what(self) -> str:
        """The kind of posting, or of notice; of a reversal, that it is one."""
        is_reversal = self.outcome.correction is Correction.RETRACTS
        if self.is_notice:
            return f"notice of {self.outcome.kind}"
        return f"reversal of {self.outcome.kind}" if is_reversal else self.outcome.kind


def placed(outcomes: Iterable[OutboundOutcome]) -> list[Placed]:
    """Each posting with its reason: those that wait for a person first, then the longest waiting, those that are done
    with last, the newest first. ``outcomes``: the last of each message."""
    known = list(outcomes)
    first: dict[tuple[str, str], OutboundOutcome] = {}
    for one in known:
        key = (one.destination, one.queue)
        if one.status in PENDING and one.attempts and (key not in first or one.status is OutboundStatus.HELD):
            first[key] = one
    found = [Placed(one, _why(one, first.get((one.destination, one.queue)))) for one in known]
    return sorted(found, key=_order)


def _order(one: Placed) -> tuple[int, int, str]:
    outcome = one.outcome
    if outcome.status is OutboundStatus.HELD:
        return 0, outcome.queued_at, outcome.message_id
    if outcome.status in PENDING:
        return 1, outcome.queued_at, outcome.message_id
    return 2, -outcome.at, outcome.message_id


def _why(one: OutboundOutcome, before: OutboundOutcome | None) -> str:
    match one.status:
        case OutboundStatus.HELD:
            return f"{one.owner} refused it, and a person has to decide: {one.detail}"
        case OutboundStatus.RETRYING:
            return f"tried again: {one.detail}"
        case OutboundStatus.WAITING if before is not None and before.message_id != one.message_id:
            fate = "was refused" if before.status is OutboundStatus.HELD else "is tried again"
            return f"behind the {before.kind} of this delivery, which {fate}"
        case OutboundStatus.WAITING:
            return "its turn comes" if not one.detail else f"its turn comes ({one.detail})"
    return one.detail
