"""The paging handler: alerts and answers in; attempts to make out; its state and its indexes."""

from __future__ import annotations

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import Alert
from streams.contracts.outbound import OutboundAttempt, OutboundOutcome, OutboundRequest
from streams.contracts.paging import PagingState
from streams.kernel.alert_vocabulary import AlertState
from streams.kernel.outbound_vocabulary import AttemptResult, OutboundStatus
from streams.paging.wording import RAISED, RESOLVED, decoded
from tests.support.messages import sent_to
from tests.support.outbound_inputs import NOW, attempt
from tests.support.paging_inputs import MINUTE, alert, channel, policy
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from tests.support.stage_store import Store
from topologies.runtime.handler import Handled
from topologies.stages.paging import PagingHandler

REGISTRY = fake_registry()
ALERTS = ValueCodec(topics.OPS_ALERTS, Alert, REGISTRY)
ATTEMPTS = ValueCodec(topics.ALERT_ATTEMPTS, OutboundAttempt, REGISTRY)
REQUESTS = ValueCodec(topics.ALERT_REQUESTS, OutboundRequest, REGISTRY)
OUTCOMES = ValueCodec(topics.ALERT_OUTCOMES, OutboundOutcome, REGISTRY)
STATES = ValueCodec(topics.PAGING_STATE, PagingState, REGISTRY)
OPS = channel("ops", escalate_ms=10 * MINUTE, escalate_to="boss")


class Stage:
    """The handler over a store."""

    def __init__(self, settings: Settings | None = None) -> None:
        rules = policy(OPS, channel("boss"))
        self.handler = PagingHandler(settings or Settings(), REGISTRY, {}, rules)
        self.store = Store()

    def take(self, *alerts: Alert, at: int = NOW) -> list[OutboundRequest]:
        return self._take(topics.OPS_ALERTS, [(one.alert_id, ALERTS.encode(one)) for one in alerts], at)

    def forget(self, alert_id: str, at: int = NOW) -> list[OutboundRequest]:
        return self._take(topics.OPS_ALERTS, [(alert_id, None)], at)

    def answer(self, *attempts: OutboundAttempt, at: int = NOW) -> list[OutboundRequest]:
        return self._take(topics.ALERT_ATTEMPTS, [(one.owner, ATTEMPTS.encode(one)) for one in attempts], at)

    def restart(self) -> None:
        """Lose the local state and restore it."""
        self.store.held = self.store.restored(self.handler).held

    def sweep(self, at: int) -> list[OutboundRequest]:
        return self._applied(self.handler.sweep(self.store, at))

    def _take(self, topic: topics.Topic, pairs, at: int) -> list[OutboundRequest]:
        records = [
            FakeRecord(topic.name, 0, place, key=key.encode(), value=value) for place, (key, value) in enumerate(pairs)
        ]
        return self._applied(self.handler.handle(records, self.store, at))

    def _applied(self, handled: Handled) -> list[OutboundRequest]:
        self.last = self.store.apply(handled)
        assert self.store.restored(self.handler).held == self.store.held, "a restored state is another one"
        return [REQUESTS.decode(one["value"]) for one in sent_to(handled, topics.ALERT_REQUESTS.name)]

    def outcomes(self) -> list[OutboundOutcome]:
        return [OUTCOMES.decode(one["value"]) for one in sent_to(self.last, topics.ALERT_OUTCOMES.name)]


def test_alerts_of_one_cause_go_out_together_and_their_end_closes_them() -> None:
    stage = Stage()
    assert stage.take(alert("a1"), alert("a2")) == []
    assert stage.sweep(NOW + MINUTE - 1) == []
    [raised] = stage.sweep(NOW + MINUTE)
    assert (raised.destination, raised.kind, decoded(raised.body).count) == ("channel:ops", RAISED, 2)
    assert [one.status for one in stage.outcomes()] == [OutboundStatus.WAITING]
    assert stage.answer(attempt(raised), at=NOW + MINUTE) == []
    assert [one.status for one in stage.outcomes()] == [OutboundStatus.SENT]
    assert stage.take(alert("a1", AlertState.RESOLVED), at=NOW + 2 * MINUTE) == []
    [ended] = stage.forget("a2", at=NOW + 2 * MINUTE)
    assert (ended.kind, decoded(ended.body).key) == (RESOLVED, decoded(raised.body).key)


def test_what_failed_is_tried_again_and_nobody_waits_for_it_to_escalate() -> None:
    stage = Stage()
    stage.take(alert("a1"))
    [raised] = stage.sweep(NOW + MINUTE)
    stage.answer(attempt(raised, AttemptResult.UNAVAILABLE), at=NOW + MINUTE)
    [again] = stage.sweep(NOW + 2 * MINUTE)
    assert (again.message_id, again.attempt) == (raised.message_id, 2)
    assert stage.sweep(NOW + 11 * MINUTE) == []
    [escalated] = stage.sweep(NOW + 12 * MINUTE)
    assert escalated.destination == "channel:boss"


def test_a_successor_that_restored_its_state_goes_on_where_it_was() -> None:
    stage = Stage()
    stage.take(alert("a1"))
    stage.restart()
    [raised] = stage.sweep(NOW + MINUTE)
    stage.restart()
    assert stage.take(alert("a1"), at=NOW + MINUTE) == []
    assert stage.sweep(NOW + 2 * MINUTE) == []
    stage.answer(attempt(raised), at=NOW + 2 * MINUTE)
    [ended] = stage.take(alert("a1", AlertState.RESOLVED), at=NOW + 3 * MINUTE)
    assert ended.kind == RESOLVED


def test_with_everything_on_dry_run_nothing_is_asked_for_and_all_is_on_record() -> None:
    stage = Stage(Settings(outbound_dry_run=True))
    stage.take(alert("a1"))
    assert stage.sweep(NOW + MINUTE) == []
    assert [one.status for one in stage.outcomes()] == [OutboundStatus.WAITING, OutboundStatus.DRY_RUN]


def test_a_record_that_is_none_becomes_a_dead_letter() -> None:
    stage = Stage()
    record = FakeRecord(topics.OPS_ALERTS.name, 0, 0, key=b"a1", value=b"none")
    handled = stage.handler.handle([record], stage.store, NOW)
    assert [one.record for one in handled.refused] == [record]
