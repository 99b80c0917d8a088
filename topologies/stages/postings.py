"""The postings stage: postings and notices for ERPs, answered attempts and people's decisions in; attempts to make out.

Reads ``erp.postings.v1``, ``erp.notices.v1``, ``posting.attempts.v1`` and ``posting.decisions.v1`` (co-partitioned by
delivery); its changelog is ``posting.state.v1``. Which ERPs there are, and which notices each is told, is in
``config/erp.yaml``; without any it takes nothing in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.erp import declared
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import ErpNotice, ErpPosting, Record
from streams.contracts.outbound import OutboundAttempt, OutboundDecision
from streams.outbound.policy import Policy
from streams.postings.messages import Wanted, messages_of, notice_messages_of
from streams.postings.step import POLICY, step, sweep
from topologies.runtime.decoding import decoded
from topologies.runtime.handler import Handled, View
from topologies.runtime.outbound.outbound_records import OutboundRecords, OutboundTopics

TOPICS = OutboundTopics(topics.POSTING_REQUESTS, topics.POSTING_OUTCOMES, topics.POSTING_STATE)


class PostingsHandler:
    """Decides what ERPs are sent."""

    def __init__(
        self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier], policy: Policy = POLICY
    ) -> None:
        """Raises Fatal for a faulty list of ERPs."""
        del carriers
        erps = declared.load(settings.erp.file)
        self._erps = [one.name for one in erps]
        self._noticed = {
            one.name: Wanted(one.notice_kinds, one.exceptions_told) for one in erps if one.notices
        }
        self._notices = ValueCodec(topics.ERP_NOTICES, ErpNotice, registry)
        self._postings = ValueCodec(topics.ERP_POSTINGS, ErpPosting, registry)
        self._attempts = ValueCodec(topics.POSTING_ATTEMPTS, OutboundAttempt, registry)
        self._decisions = ValueCodec(topics.POSTING_DECISIONS, OutboundDecision, registry)
        self._records = OutboundRecords(TOPICS, registry, policy, step, sweep, lambda one: one.queue)

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Attempts to make and changed records of one chunk."""
        assert state is not None
        topic = records[0].topic
        if topic == topics.POSTING_ATTEMPTS.name:
            attempts, _, refused = decoded(records, self._attempts.decode)
            return self._records.answer(attempts, refused, state, now_ms)
        if topic == topics.POSTING_DECISIONS.name:
            decisions, _, refused = decoded(records, self._decisions.decode)
            return self._records.queue(decisions, refused, state, now_ms)
        if topic == topics.ERP_NOTICES.name:
            notices, _, refused = decoded(records, self._notices.decode)
            told = [message for notice in notices for message in notice_messages_of(notice, self._noticed)]
            return self._records.queue(told, refused, state, now_ms)
        postings, _, refused = decoded(records, self._postings.decode)
        chunk = [message for posting in postings for message in messages_of(posting, self._erps)]
        return self._records.queue(chunk, refused, state, now_ms)

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes | None]:
        """The changelog value itself, and its index entries. Raises Reject where it is none."""
        return self._records.local_writes(key, changelog_value)

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Retries and trials that are due, and what is to be forgotten."""
        return self._records.sweep(state, now_ms)
