"""Where postings and notices are, and why, from ``posting.outcomes.v1``; and people's decisions about those an ERP
refused."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple

from config import topics
from config.settings import Settings
from connectors.kafka.person_actions import Act, audited, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import Reader
from streams.contracts.audit import Actor, details_of
from streams.contracts.outbound import OutboundDecision, OutboundOutcome
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Fatal
from streams.kernel.outbound_vocabulary import PENDING, DecisionKind, OutboundStatus
from streams.postings.pending import Placed, placed

LONGEST_REASON = 500


class Wanted(NamedTuple):
    """Which postings are shown; None: any. ``pending``: those that are not done with."""

    pending: bool = True
    delivery: str | None = None
    erp: str | None = None


def board(settings: Settings, wanted: Wanted) -> list[Placed]:
    """Postings with where each is and why; those that wait for a person first, then the longest waiting. Raises
    Transient."""
    return [one for one in placed(_last(settings)) if _is_wanted(one, wanted)]


def decide(settings: Settings, message_id: str, kind: DecisionKind, reason: str, actor: Actor, at: int) -> Placed:
    """Write what a person decided about a posting; the posting as it was. Raises Fatal where there is none that waits,
    Transient."""
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise Fatal(f"--reason: at most {LONGEST_REASON} characters that can be shown")
    found = next((one for one in placed(_last(settings)) if one.outcome.message_id == message_id), None)
    if found is None:
        raise Fatal(f"there is no posting {message_id}; shipsync postings list shows those that wait")
    outcome = found.outcome
    if outcome.status not in PENDING:
        raise Fatal(f"{message_id} is done with: {outcome.status.value}")
    if kind is DecisionKind.GIVE_UP and outcome.status is not OutboundStatus.HELD:
        raise Fatal(f"{message_id} is {outcome.status.value}: only what an ERP refused can be given up")
    decision = OutboundDecision(message_id, outcome.destination, outcome.queue, kind, actor.name, reason, at)
    registry = Registry(settings)
    value = ValueCodec(topics.POSTING_DECISIONS, OutboundDecision, registry).encode(decision)
    audit = audited(
        actor, at, f"posting.{kind.value}", SubjectKind.POSTING, f"{outcome.queue}/{message_id}",
        details=details_of({"kind": outcome.kind, "erp": outcome.destination, "reason": reason}),
    )
    take(settings, [Act(audit, [Record(topics.POSTING_DECISIONS.name, outcome.queue.encode(), value)])], registry)
    return found


def _last(settings: Settings) -> Iterable[OutboundOutcome]:
    found: dict[str, OutboundOutcome] = {}

    def note(_: str, outcome: OutboundOutcome | None) -> None:
        if outcome is not None:
            found[outcome.message_id] = outcome

    with closing(Reader(settings, Registry(settings), topics.POSTING_OUTCOMES, OutboundOutcome, note, None)) as reader:
        reader.to_the_end()
    return found.values()


def _is_wanted(one: Placed, wanted: Wanted) -> bool:
    outcome = one.outcome
    return (
        (not wanted.pending or outcome.status in PENDING) and wanted.delivery in (None, outcome.queue)
        and wanted.erp in (None, outcome.owner)
    )
