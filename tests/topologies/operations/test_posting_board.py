"""Where postings are by their last outcome, and people's decisions about them, on record."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import topics
from config.settings import Settings
from streams.contracts.outbound import OutboundDecision, OutboundOutcome
from streams.kernel.errors import Fatal
from streams.kernel.outbound_vocabulary import DecisionKind
from streams.kernel.vocabulary import OutboundStatus
from tests.support.outbound_inputs import NOW
from tests.support.outbound_topics import ADA, InMemory, audited, outcome, put, taken, texts, with_topics
from topologies.operations import posting_board
from topologies.operations.posting_board import LONGEST_REASON, Wanted, board, decide

SETTINGS = Settings(_env_file=None)


def posting(message: str, status: OutboundStatus, delivery: str, erp: str = "main", **more: object) -> OutboundOutcome:
    return outcome(message, status, erp, f"erp:{erp}", queue=delivery, source_id=message, kind="goods_issue", **more)


OUTCOMES = [(one.queue, one) for one in (
    posting("m_posted", OutboundStatus.RETRYING, "DN-1", at=NOW - 9), posting("m_posted", OutboundStatus.SENT, "DN-1"),
    posting("m_retrying", OutboundStatus.RETRYING, "DN-3", queued_at=NOW - 99_000),
    posting("m_held", OutboundStatus.HELD, "DN-2", detail="no such item", at=NOW - 5),
    posting("m_given_up", OutboundStatus.GIVEN_UP, "DN-4"),
    posting("m_other", OutboundStatus.HELD, "DN-2", "second", at=NOW - 4),
)]


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> InMemory:
    known = InMemory(monkeypatch, posting_board)
    known.put(topics.POSTING_OUTCOMES, *OUTCOMES)
    return known


def ids(wanted: Wanted) -> list[str]:
    return [one.outcome.message_id for one in board(SETTINGS, wanted)]


@pytest.mark.usefixtures("kafka")
def test_the_last_word_on_each_counts_and_what_waits_for_a_person_comes_first() -> None:
    assert ids(Wanted())[-1] == "m_retrying"
    assert set(ids(Wanted())) == {"m_held", "m_other", "m_retrying"}
    assert set(ids(Wanted(pending=False))) == {"m_posted", "m_held", "m_other", "m_retrying", "m_given_up"}
    assert ids(Wanted(delivery="DN-2", erp="second")) == ["m_other"]
    assert ids(Wanted(delivery="DN-1")) == []
    [held] = board(SETTINGS, Wanted(delivery="DN-2", erp="main"))
    assert "no such item" in held.why


@pytest.mark.parametrize(("message", "kind"), [
    ("m_held", DecisionKind.RETRY), ("m_held", DecisionKind.GIVE_UP), ("m_retrying", DecisionKind.RETRY),
])
def test_a_decision_is_recorded_and_written_for_the_stage(kafka: InMemory, message: str, kind: DecisionKind) -> None:
    delivery = decide(SETTINGS, message, kind, "the item is there now", ADA, NOW).outcome.queue
    assert kafka.taken(topics.POSTING_DECISIONS, OutboundDecision) == [(delivery, OutboundDecision(
        message, "erp:main", delivery, kind, "Ada", "the item is there now", NOW
    ))]
    assert texts([one.audit for one in kafka.acts]) == [
        ("Ada", f"posting.{kind.value}", f"{delivery}/{message}", "taken")
    ]


@pytest.mark.parametrize(("message", "kind", "reason", "why"), [
    ("m_none", DecisionKind.RETRY, "", "there is no posting m_none"),
    ("m_posted", DecisionKind.RETRY, "", "m_posted is done with: sent"),
    ("m_retrying", DecisionKind.GIVE_UP, "", "only what an ERP refused can be given up"),
    ("m_held", DecisionKind.RETRY, "x" * (LONGEST_REASON + 1), "--reason: at most 500 characters"),
    ("m_held", DecisionKind.RETRY, "a\x1b[2J", "characters that can be shown"),
])
def test_what_cannot_be_decided_is_told_and_nothing_is_written(
    kafka: InMemory, message: str, kind: DecisionKind, reason: str, why: str
) -> None:
    with pytest.raises(Fatal, match=why):
        decide(SETTINGS, message, kind, reason, ADA, NOW)
    assert kafka.acts == []


@pytest.mark.broker
def test_on_a_broker_a_posting_is_found_and_decided_on(tmp_path: Path) -> None:
    with with_topics(tmp_path, topics.POSTING_OUTCOMES, topics.POSTING_DECISIONS) as settings:
        put(settings, topics.POSTING_OUTCOMES, *OUTCOMES)
        decide(settings, "m_held", DecisionKind.RETRY, "", ADA, NOW)
        [(key, decision)] = taken(settings, topics.POSTING_DECISIONS, OutboundDecision)
        assert (key, decision.message_id, decision.decision) == ("DN-2", "m_held", DecisionKind.RETRY)
        assert texts(audited(settings)) == [("Ada", "posting.retry", "DN-2/m_held", "taken")]
