"""The notifications handler: updates, endpoints and answers in; attempts to make out; its state and its indexes."""

from __future__ import annotations

import json

import msgspec
import pytest

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import CustomerUpdate
from streams.contracts.outbound import (
    CustomerSubscriptions,
    OutboundAttempt,
    OutboundOutcome,
    OutboundRequest,
    OutboundState,
)
from streams.contracts.recipients import NotificationAction, PastMessage
from streams.kernel.errors import Reject
from streams.kernel.outbound_vocabulary import AttemptResult, NotificationActionKind, OutboundStatus
from streams.kernel.vocabulary import Correction, ExceptionType, Milestone
from streams.notifications.webhooks import destination_of
from tests.support.messages import sent_to
from tests.support.outbound_inputs import NOW, attempt, endpoint, recipient, subscriptions, update
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from tests.support.stage_store import Store
from topologies.runtime.handler import Handled
from topologies.runtime.outbound.outbound_records import READY
from topologies.runtime.state.due_index import DUE
from topologies.stages.notifications import NotificationsHandler, _opt_ins_key

REGISTRY = fake_registry()
UPDATES = ValueCodec(topics.CUSTOMER_UPDATES, CustomerUpdate, REGISTRY)
SUBSCRIPTIONS = ValueCodec(topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions, REGISTRY)
ACTIONS = ValueCodec(topics.NOTIFICATION_ACTIONS, NotificationAction, REGISTRY)
ATTEMPTS = ValueCodec(topics.NOTIFICATION_ATTEMPTS, OutboundAttempt, REGISTRY)
REQUESTS = ValueCodec(topics.NOTIFICATION_REQUESTS, OutboundRequest, REGISTRY)
OUTCOMES = ValueCodec(topics.NOTIFICATION_OUTCOMES, OutboundOutcome, REGISTRY)
STATES = ValueCodec(topics.NOTIFICATION_STATE, OutboundState, REGISTRY)
HOUR = 3_600_000


class Stage:
    """The handler over a store."""

    def __init__(self) -> None:
        self.handler = NotificationsHandler(Settings(), REGISTRY, {})
        self.store = Store()

    def update(self, *updates: CustomerUpdate, at: int = NOW) -> list[OutboundRequest]:
        return self._take(topics.CUSTOMER_UPDATES, [(one.customer_id, UPDATES.encode(one)) for one in updates], at)

    def subscribe(self, *values: CustomerSubscriptions, at: int = NOW) -> list[OutboundRequest]:
        pairs = [(one.customer_id, SUBSCRIPTIONS.encode(one)) for one in values]
        return self._take(topics.CUSTOMER_SUBSCRIPTIONS, pairs, at)

    def unsubscribe(self, customer: str) -> list[OutboundRequest]:
        return self._take(topics.CUSTOMER_SUBSCRIPTIONS, [(customer, None)], NOW)

    def act(self, *actions: NotificationAction, at: int = NOW) -> list[OutboundRequest]:
        return self._take(
            topics.NOTIFICATION_ACTIONS, [(one.customer_id, ACTIONS.encode(one)) for one in actions], at
        )

    def answer(self, *attempts: OutboundAttempt, at: int = NOW) -> list[OutboundRequest]:
        return self._take(topics.NOTIFICATION_ATTEMPTS, [(one.owner, ATTEMPTS.encode(one)) for one in attempts], at)

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
        return [REQUESTS.decode(one["value"]) for one in sent_to(handled, topics.NOTIFICATION_REQUESTS.name)]

    def outcomes(self) -> list[OutboundOutcome]:
        return [OUTCOMES.decode(one["value"]) for one in sent_to(self.last, topics.NOTIFICATION_OUTCOMES.name)]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_each_endpoint_of_the_customer_is_told_in_the_customers_words(stage: Stage) -> None:
    stage.subscribe(
        subscriptions("C-1", endpoint("ep_1"), endpoint("ep_2", milestones=["delivered"])),
        subscriptions("C-2", endpoint("ep_3")),
    )
    [request] = stage.update(update())
    assert (request.destination, request.kind, request.attempt) == ("webhook:ep_1", "shipment.picked_up", 1)
    body = json.loads(request.body)
    assert {name: body[name] for name in ("type", "timestamp", "correction")} == {
        "type": "shipment.picked_up", "timestamp": "2026-09-21T14:13:20.000+00:00", "correction": "new",
    }
    assert body["data"]["occurred_at"] == "2026-09-21T16:13:20.000+02:00"
    assert body["data"]["location"] == {"city": "LYON", "country": "FR"}
    assert "exception" not in body["data"]
    [outcome] = stage.outcomes()
    assert (outcome.status, outcome.source_id) == (OutboundStatus.WAITING, update().update_id)


def test_a_customer_without_endpoints_is_told_nothing(stage: Stage) -> None:
    assert stage.update(update()) == []
    assert not stage.last.changes


def test_an_exception_without_a_movement_has_a_type_of_its_own(stage: Stage) -> None:
    stage.subscribe(subscriptions("C-1", endpoint(milestones=["exception"])))
    [request] = stage.update(update(Milestone.INFO, exception=ExceptionType.DELAY), update(Milestone.DELIVERED))
    assert (request.kind, json.loads(request.body)["data"]["exception"]) == ("shipment.exception", "delay")


def test_an_answer_ends_the_message_and_the_next_of_the_shipment_goes_out(stage: Stage) -> None:
    stage.subscribe(subscriptions("C-1", endpoint()))
    [first] = stage.update(update(), update(Milestone.DELIVERED))
    [second] = stage.answer(attempt(first))
    assert second.kind == "shipment.delivered"
    assert stage.answer(attempt(second)) == []
    assert [one.status for one in stage.outcomes()] == [OutboundStatus.SENT]
    assert not [key for key in stage.store.held if key.startswith(READY)]


def test_while_the_circuit_is_open_queues_wait_and_a_trial_lets_them_go_on(stage: Stage) -> None:
    stage.subscribe(subscriptions("C-1", endpoint()))
    requests = stage.update(*(update(number=f"1Z{number}") for number in range(30)))
    stage.answer(*(attempt(one, AttemptResult.UNAVAILABLE) for one in requests))
    assert len([key for key in stage.store.held if key.startswith(READY)]) == 22
    [trial] = stage.sweep(NOW + 5_000)
    assert stage.sweep(NOW + 5_001) == []
    done, waiting = {trial.message_id}, stage.answer(attempt(trial, at=NOW + 6_000), at=NOW + 6_000)
    for later in range(1, 100):
        done |= {one.message_id for one in waiting}
        waiting = stage.answer(*map(attempt, waiting), at=NOW + later * HOUR) if waiting else []
        waiting += stage.sweep(NOW + later * HOUR)
        if len(done) == 30:
            break
    assert len(done) == 30


def test_paused_and_enabled_again_messages_are_kept_and_sent(stage: Stage) -> None:
    stage.subscribe(subscriptions("C-1", endpoint(paused=True)))
    assert stage.update(update(), update(correction=Correction.RETRACTS), update(Milestone.DELIVERED)) == []
    [request] = stage.subscribe(subscriptions("C-1", endpoint()))
    assert request.kind == "shipment.delivered"


def test_what_waits_for_a_customer_who_left_is_withdrawn(stage: Stage) -> None:
    stage.subscribe(subscriptions("C-1", endpoint(paused=True)))
    stage.update(*(update(number=f"1Z{number}") for number in range(100)))
    stage.unsubscribe("C-1")
    stage.sweep(NOW + 1)
    stage.sweep(NOW + 2)
    assert not [key for key in stage.store.held if key.startswith((READY, DUE)) and b"queue" not in key]
    queues = [STATES.decode(value).queue for value in stage.store.changelog.values()]
    assert not any(queue.waiting for queue in queues if queue is not None)


@pytest.mark.parametrize("key", [b"C-2", b""])
def test_subscriptions_under_another_customers_key_are_refused(stage: Stage, key: bytes) -> None:
    record = FakeRecord(
        topics.CUSTOMER_SUBSCRIPTIONS.name, 0, 0, key=key, value=SUBSCRIPTIONS.encode(subscriptions("C-1", endpoint()))
    )
    handled = stage.handler.handle([record], stage.store, NOW)
    assert [one.record for one in handled.refused] == [record]
    assert not handled.changes


def test_a_changelog_record_that_is_none_of_the_three_is_refused(stage: Stage) -> None:
    with pytest.raises(Reject):
        stage.handler.local_writes(b"x", STATES.encode(OutboundState()))


def test_nothing_internal_leaves() -> None:
    """The fields of a message, whole: a new field of an update does not leave by itself."""
    stage = Stage()
    stage.subscribe(subscriptions("C-1", endpoint()))
    [request] = stage.update(update(signed_by="J. Roe", estimated_delivery_at=NOW + HOUR, piece="2"))
    assert set(json.loads(request.body)) == {"type", "timestamp", "update_id", "correction", "data"}
    assert set(msgspec.json.decode(request.body)["data"]) == {
        "customer_id", "order_id", "carrier", "tracking_number", "piece", "milestone", "status", "occurred_at",
        "is_local_time_known", "is_history", "location", "reason", "estimated_delivery_at", "signed_by",
    }
    assert destination_of(endpoint()) == request.destination


def test_a_recipient_is_told_of_parcels_of_an_order_in_one_message(stage: Stage) -> None:
    stage.subscribe(subscriptions("C-1", endpoint(milestones=["lost"]), recipient()))
    assert stage.update(*(update(number=f"1Z{number}") for number in range(3))) == []
    [request] = stage.sweep(NOW + 60_000)
    assert request.recipient == recipient()
    assert len(json.loads(request.body)["news"]) == 3
    assert stage.answer(attempt(request)) == []
    assert [one.status for one in stage.outcomes()] == [OutboundStatus.SENT] * 3


def asked(order: str = "SO-1") -> NotificationAction:
    who = recipient(order_id=order)
    return NotificationAction(NotificationActionKind.OPT_IN_ASKED, "C-1", NOW, "link", order, who, link="https://x/c")


def confirmed(customer: str = "C-1") -> NotificationAction:
    return NotificationAction(
        NotificationActionKind.OPT_IN_CONFIRMED, customer, NOW, "link", "SO-1", recipient_id="rcp_1"
    )


def test_who_opts_in_is_asked_then_told_of_that_order_alone_then_forgotten(stage: Stage) -> None:
    [question] = stage.act(asked())
    assert (question.kind, json.loads(question.body)["link"]) == ("opt_in.confirm", "https://x/c")
    stage.answer(attempt(question))
    stage.update(update())
    assert stage.sweep(NOW + HOUR) == []
    stage.act(confirmed("C-2"))
    stage.update(update(Milestone.OUT_FOR_DELIVERY))
    assert stage.sweep(NOW + 2 * HOUR) == []
    stage.act(confirmed())
    stage.update(update(Milestone.DELIVERED), update(Milestone.DELIVERED, "1Z9", order_id="SO-2"), at=NOW + HOUR)
    [request] = stage.sweep(NOW + 2 * HOUR)
    assert [one["order_id"] for one in json.loads(request.body)["news"]] == ["SO-1"]
    stage.answer(attempt(request), at=NOW + 2 * HOUR)
    stage.sweep(NOW + 60 * 24 * HOUR)
    kept = [STATES.decode(value) for value in stage.store.changelog.values()]
    assert not any(one.opt_ins for one in kept)
    assert b"encrypted" not in b"".join(stage.store.changelog.values())


def test_an_address_goes_in_time_though_others_confirm_later_and_a_message_waits_for_it(stage: Stage) -> None:
    days = 24 * HOUR
    stage.act(asked(), confirmed())
    other = recipient("rcp_2", address="of the second", order_id="SO-1")
    late = NOW + 50 * days
    stage.act(
        NotificationAction(NotificationActionKind.OPT_IN_ASKED, "C-1", late, "link", "SO-1", other, link="https://x/d"),
        NotificationAction(NotificationActionKind.OPT_IN_CONFIRMED, "C-1", late, "link", "SO-1", recipient_id="rcp_2"),
        at=late,
    )
    stage.update(update(), at=late)
    requests = stage.sweep(late + HOUR)
    assert {one.destination for one in requests} >= {"email:rcp_2"}
    stage.sweep(NOW + 60 * days)
    left = b"".join(stage.store.changelog.values())
    assert b"encrypted" not in left
    assert b"of the second" in left
    stage.sweep(late + 60 * days)
    stage.sweep(late + 60 * days)
    assert b"of the second" not in b"".join(stage.store.changelog.values())


def test_who_never_confirms_is_forgotten_after_two_days(stage: Stage) -> None:
    [question] = stage.act(asked())
    stage.answer(attempt(question))
    stage.sweep(NOW + 48 * HOUR)
    assert b"encrypted" not in b"".join(stage.store.changelog.values())
    stage.act(confirmed())
    stage.update(update())
    assert stage.sweep(NOW + 49 * HOUR) == []


def test_a_message_is_sent_again_under_its_id(stage: Stage) -> None:
    stage.subscribe(subscriptions("C-1", endpoint()))
    [request] = stage.update(update())
    stage.answer(attempt(request))
    past = PastMessage(
        request.message_id, update().update_id, request.destination, request.queue, request.kind, Correction.NEW,
        request.body, 1, NOW,
    )
    [again] = stage.act(NotificationAction(NotificationActionKind.SEND_AGAIN, "C-1", NOW, "ana", message=past))
    assert (again.message_id, again.body, again.attempt) == (request.message_id, request.body, 2)
    stage.answer(attempt(again))
    assert [(one.status, one.attempts) for one in stage.outcomes()] == [(OutboundStatus.SENT, 2)]


def test_an_action_under_another_customers_key_is_refused(stage: Stage) -> None:
    record = FakeRecord(topics.NOTIFICATION_ACTIONS.name, 0, 0, key=b"C-2", value=ACTIONS.encode(asked()))
    handled = stage.handler.handle([record], stage.store, NOW)
    assert [one.record for one in handled.refused] == [record]
    assert not handled.changes


@pytest.mark.parametrize(("one", "other"), [(("a:b", "c"), ("a", "b:c")), (("1", "1:a"), ("11", ":a"))])
def test_no_two_customers_opt_ins_are_one_record(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert _opt_ins_key(*one) != _opt_ins_key(*other)
