"""The postings stage: requests under the delivery's key, decisions and answers, a state that restores."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import ErpNotice, ErpPosting
from streams.contracts.outbound import OutboundAttempt, OutboundDecision, OutboundOutcome, OutboundRequest
from streams.kernel.vocabulary import AttemptResult, Correction, DecisionKind, ExceptionType, NoticeKind, OutboundStatus
from tests.support.messages import sent_to
from tests.support.posting_inputs import CONFIRMATION, NOW, answered, notice, posting
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from tests.support.stage_store import Store
from topologies.runtime.handler import Handled
from topologies.stages.postings import PostingsHandler

REGISTRY = fake_registry()
POSTINGS = ValueCodec(topics.ERP_POSTINGS, ErpPosting, REGISTRY)
NOTICES = ValueCodec(topics.ERP_NOTICES, ErpNotice, REGISTRY)
ATTEMPTS = ValueCodec(topics.POSTING_ATTEMPTS, OutboundAttempt, REGISTRY)
DECISIONS = ValueCodec(topics.POSTING_DECISIONS, OutboundDecision, REGISTRY)
REQUESTS = ValueCodec(topics.POSTING_REQUESTS, OutboundRequest, REGISTRY)
OUTCOMES = ValueCodec(topics.POSTING_OUTCOMES, OutboundOutcome, REGISTRY)
ERPS = """
erps:
  - {name: main, kind: tryton, address: "https://t.example.com", database: d, user: u, secrets: {password: {env: P}},
     notices: [booked, exception_opened], exceptions: [delay, damage]}
  - {name: next, kind: tryton, address: "https://n.example.com", database: d, user: u, secrets: {password: {env: P}},
     dry_run: true}
"""


class Stage:
    """The handler over a store."""

    def __init__(self, erps: Path | None) -> None:
        self.handler, self.store = PostingsHandler(Settings(erp_file=erps), REGISTRY, {}), Store()

    def post(self, *postings: ErpPosting) -> list[OutboundRequest]:
        return self._take(topics.ERP_POSTINGS, [POSTINGS.encode(one) for one in postings], NOW)

    def tell(self, *notices: ErpNotice) -> list[OutboundRequest]:
        return self._take(topics.ERP_NOTICES, [NOTICES.encode(one) for one in notices], NOW)

    def answer(self, *attempts: OutboundAttempt) -> list[OutboundRequest]:
        return self._take(topics.POSTING_ATTEMPTS, [ATTEMPTS.encode(one) for one in attempts], NOW)

    def decide(self, decision: OutboundDecision) -> list[OutboundRequest]:
        return self._take(topics.POSTING_DECISIONS, [DECISIONS.encode(decision)], NOW)

    def sweep(self, at: int) -> list[OutboundRequest]:
        return self._applied(self.handler.sweep(self.store, at))

    def _take(self, topic: topics.Topic, values: list[bytes], at: int) -> list[OutboundRequest]:
        records = [FakeRecord(topic.name, 0, place, key=b"800123", value=value) for place, value in enumerate(values)]
        return self._applied(self.handler.handle(records, self.store, at))

    def _applied(self, handled: Handled) -> list[OutboundRequest]:
        self.last = self.store.apply(handled)
        assert self.store.restored(self.handler).held == self.store.held, "a restored state is another one"
        assert {one["key"] for one in sent_to(handled, topics.POSTING_REQUESTS.name)} <= {b"800123"}
        return [REQUESTS.decode(one["value"]) for one in sent_to(handled, topics.POSTING_REQUESTS.name)]

    def outcomes(self) -> list[OutboundOutcome]:
        return [OUTCOMES.decode(one["value"]) for one in sent_to(self.last, topics.POSTING_OUTCOMES.name)]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    file = tmp_path / "erp.yaml"
    file.write_text(ERPS)
    return Stage(file)


def test_each_declared_erp_is_asked(stage: Stage) -> None:
    assert [one.destination for one in stage.post(posting())] == ["erp:main", "erp:next"]


def test_without_erps_nothing_is_taken_in() -> None:
    stage = Stage(None)
    assert stage.post(posting()) == []
    assert not stage.last.changes


def test_a_refusal_is_held_until_a_person_decides(stage: Stage) -> None:
    main, following = stage.post(posting(), posting(CONFIRMATION))
    for request in stage.answer(answered(following)):
        stage.answer(answered(request))
    assert stage.answer(answered(main, AttemptResult.REFUSED, "no")) == []
    [held] = stage.outcomes()
    assert (held.status, held.detail) == (OutboundStatus.HELD, "no")
    assert stage.sweep(NOW + 10 * 24 * 3_600_000) == []
    decision = OutboundDecision(main.message_id, main.destination, main.queue, DecisionKind.GIVE_UP, "ada", "", NOW)
    assert [one.kind for one in stage.decide(decision)] == ["delivery_confirmation"]


def test_an_erp_that_does_not_answer_is_tried_again_by_the_clock(stage: Stage) -> None:
    main, _ = stage.post(posting())
    stage.answer(answered(main, AttemptResult.UNAVAILABLE, "down"))
    [again] = stage.sweep(NOW + 60_000)
    assert (again.message_id, again.attempt) == (main.message_id, 2)


CANCELLED = notice(NoticeKind.BOOKING_CANCELLED)
OPENED = notice(NoticeKind.EXCEPTION_OPENED, notice_id="delay", exception=ExceptionType.DELAY)
CLOSED = notice(NoticeKind.EXCEPTION_CLOSED, notice_id="delay", exception=ExceptionType.DELAY, since=NOW)


def test_a_notice_goes_to_the_erps_that_name_it_beside_a_posting_that_is_held(stage: Stage) -> None:
    posted = stage.post(posting(), posting(CONFIRMATION))
    [booked] = stage.tell(notice(NoticeKind.READY_TO_SHIP, notice_id="ready"), notice())
    assert (booked.destination, booked.owner, booked.queue, booked.kind) == ("notices:main", "main", "800123", "booked")
    stage.answer(answered(booked, AttemptResult.REFUSED, "no such shipment"))
    [held] = stage.outcomes()
    assert held.status is OutboundStatus.HELD
    [issue] = [one for one in posted if one.destination == "erp:main"]
    [confirmation] = stage.answer(answered(issue))
    assert (confirmation.destination, confirmation.kind) == ("erp:main", "delivery_confirmation")


def test_a_notice_that_comes_again_is_no_other(stage: Stage) -> None:
    [first] = stage.tell(notice())
    assert stage.tell(notice()) == []
    stage.answer(answered(first))
    assert stage.tell(notice()) == []


def test_a_booking_that_is_cancelled_before_the_erp_is_told_is_not_told(stage: Stage) -> None:
    [under_way] = stage.tell(notice(notice_id="earlier"))
    stage.tell(notice(), CANCELLED)
    assert [one.status for one in stage.outcomes()] == [OutboundStatus.WAITING, OutboundStatus.WITHDRAWN]
    assert stage.answer(answered(under_way)) == []


def test_a_booking_that_was_told_is_cancelled_and_told_anew_under_another_message(stage: Stage) -> None:
    messages = list[str]()
    for one in (notice(), CANCELLED, notice()):
        [request] = stage.tell(one)
        messages.append(request.message_id)
        stage.answer(answered(request))
    assert len(set(messages)) == 3


def test_an_exception_that_is_over_before_the_erp_is_told_is_told_with_its_end(stage: Stage) -> None:
    [under_way] = stage.tell(notice())
    stage.tell(OPENED, CLOSED, OPENED, CLOSED)
    [opened] = stage.answer(answered(under_way))
    [closed] = stage.answer(answered(opened))
    assert (opened.kind, closed.kind) == ("exception_opened", "exception_closed")
    assert stage.answer(answered(closed)) == []
    assert [one.correction for one in stage.outcomes()] == [Correction.RETRACTS]


def test_an_exception_that_was_reported_in_error_is_told_only_where_the_erp_knows_it(stage: Stage) -> None:
    [under_way] = stage.tell(notice())
    in_error = notice(NoticeKind.EXCEPTION_CLOSED, notice_id="delay", exception=ExceptionType.DELAY, withdrawn=True)
    stage.tell(OPENED, in_error)
    assert stage.answer(answered(under_way)) == []
    [opened] = stage.tell(OPENED)
    stage.answer(answered(opened))
    [told] = stage.tell(in_error)
    assert told.kind == "exception_closed"


def test_an_exception_that_the_erp_did_not_choose_is_not_told_nor_its_end(stage: Stage) -> None:
    assert stage.tell(
        notice(NoticeKind.EXCEPTION_OPENED, notice_id="hold", exception=ExceptionType.HOLD),
        notice(NoticeKind.EXCEPTION_CLOSED, notice_id="hold", exception=ExceptionType.HOLD, since=NOW),
    ) == []
    assert stage.outcomes() == []
    assert [one.kind for one in stage.tell(OPENED)] == ["exception_opened"]
