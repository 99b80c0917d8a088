"""The account of a run's postings, from their topics."""

from __future__ import annotations

from config import topics
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import ErpPosting
from streams.contracts.outbound import OutboundAttempt, OutboundOutcome
from streams.kernel.vocabulary import AttemptResult, Correction, NoticeKind, OutboundStatus
from streams.postings.messages import is_of_notices
from tests.erp.followed import Followed

OPEN = (OutboundStatus.WAITING, OutboundStatus.RETRYING)


class Account:
    """``postings``: every one by its id; ``vain``: how many attempts found no ERP. Close it when done."""

    def __init__(self, bootstrap: str, registry: Registry) -> None:
        self._of_postings = Followed(bootstrap, ValueCodec(topics.ERP_POSTINGS, ErpPosting, registry))
        self._of_attempts = Followed(bootstrap, ValueCodec(topics.POSTING_ATTEMPTS, OutboundAttempt, registry))
        self._of_outcomes = Followed(bootstrap, ValueCodec(topics.POSTING_OUTCOMES, OutboundOutcome, registry))
        self._outcomes: dict[str, OutboundOutcome] = {}
        self.postings: dict[str, ErpPosting] = {}
        self.vain = 0

    def look(self) -> bool:
        """Read what came since the last look; whether anything did."""
        postings, attempts = self._of_postings.news(), self._of_attempts.news()
        outcomes = self._of_outcomes.news()
        self.postings.update((one.posting_id, one) for one in postings)
        self.vain += sum(one.result is AttemptResult.UNAVAILABLE for one in attempts)
        self._outcomes.update((one.message_id, one) for one in outcomes)
        return bool(postings or attempts or outcomes)

    @property
    def sent(self) -> int:
        """How many postings the ERP took."""
        return sum(not is_of_notices(one.destination) for one in self.of(OutboundStatus.SENT))

    def noticed(self, kind: NoticeKind) -> set[str]:
        """The deliveries of which the ERP took a notice of this kind."""
        return {one.queue for one in self.of(OutboundStatus.SENT) if one.kind == kind}

    def of(self, *status: OutboundStatus) -> list[OutboundOutcome]:
        """The last outcomes of messages that stand so."""
        return [one for one in self._outcomes.values() if one.status in status]

    def is_settled(self, deliveries: set[str], milestones: int, held: int) -> bool:
        """Whether all postings of so many milestones of these deliveries are made, but for what is held and waits
        behind it. Raises AssertionError where more is held."""
        outcomes = [*self._outcomes.values()]
        known = {(one.source_id, one.correction is Correction.RETRACTS) for one in outcomes}
        withdrawn = {one.source_id for one in outcomes if one.status is OutboundStatus.WITHDRAWN}
        if not deliveries <= {one.delivery_id for one in self.postings.values()} or len(self.postings) < milestones:
            return False
        taken_in = all(
            (one.posting_id, False) in known if one.reverses is None
            else (one.reverses, True) in known or one.reverses in withdrawn
            for one in self.postings.values()
        )
        refused = self.of(OutboundStatus.HELD)
        if len(refused) > held:
            raise AssertionError("\n".join(f"{one.queue}, {one.kind}: {one.detail}" for one in refused))
        behind = {one.queue for one in refused}
        return taken_in and len(refused) == held and not any(one.queue not in behind for one in self.of(*OPEN))

    def close(self) -> None:
        """Disconnect."""
        for one in (self._of_postings, self._of_attempts, self._of_outcomes):
            one.close()
