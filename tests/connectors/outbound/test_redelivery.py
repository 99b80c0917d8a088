"""A message is sent again as it was and under its id, on record, and only where there is something to send."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import topics
from config.settings import Settings
from connectors.outbound import redelivery
from connectors.outbound.redelivery import past_message, send_again
from streams.contracts.outbound import OutboundOutcome
from streams.contracts.recipients import NotificationAction, PastMessage
from streams.kernel.errors import Fatal
from streams.kernel.outbound_vocabulary import NotificationActionKind
from streams.kernel.vocabulary import Correction, OutboundStatus
from tests.support.outbound_inputs import NOW
from tests.support.outbound_topics import ADA, InMemory, audited, outcome, put, request_of, taken, texts, with_topics

SETTINGS = Settings(_env_file=None)
SENT = outcome("msg_sent", OutboundStatus.SENT)
REFUSED = outcome("msg_refused", OutboundStatus.REFUSED, correction=Correction.REPLACES, attempts=4)
TOGETHER = outcome("msg_second", OutboundStatus.SENT, sent_with="msg_sent")
LOST = outcome("msg_lost", OutboundStatus.SENT)
OTHERS = outcome("msg_other", OutboundStatus.SENT, owner="C-2")
WAITING = outcome("msg_waiting", OutboundStatus.RETRYING)
WITHDRAWN = outcome("msg_withdrawn", OutboundStatus.WITHDRAWN)
KNOWN = (
    outcome("msg_sent", OutboundStatus.RETRYING, attempts=1), SENT, REFUSED, TOGETHER, LOST, OTHERS, WAITING, WITHDRAWN,
)
OUTCOMES = [(one.owner, one) for one in KNOWN]
REQUESTS = [
    ("C-1", request_of(SENT, body='{"first":1}')), ("C-1", request_of(SENT, 2, '{"last":1}')),
    ("C-1", request_of(REFUSED, 4)), ("C-2", request_of(OTHERS)),
]


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> InMemory:
    """Messages that were sent, refused, sent in one with another, kept no more, another customer's, on their way,
    withdrawn."""
    known = InMemory(monkeypatch, redelivery)
    known.put(topics.NOTIFICATION_OUTCOMES, *OUTCOMES)
    known.put(topics.NOTIFICATION_REQUESTS, *REQUESTS)
    return known


@pytest.mark.parametrize(("message", "sent", "body", "attempts"), [
    ("msg_sent", SENT, '{"last":1}', 2), ("msg_refused", REFUSED, '{"a":1}', 4), ("msg_second", SENT, '{"last":1}', 2),
])
def test_it_is_asked_for_as_it_was_last_sent_and_recorded(
    kafka: InMemory, message: str, sent: OutboundOutcome, body: str, attempts: int
) -> None:
    past = send_again(SETTINGS, message, "C-1", ADA, NOW)
    assert past == PastMessage(
        sent.message_id, sent.source_id, "webhook:ep_1", "SO-1:ups:1Z1", "shipment.delivered", sent.correction, body,
        attempts, NOW - 9_000,
    )
    assert kafka.taken(topics.NOTIFICATION_ACTIONS, NotificationAction) == [
        ("C-1", NotificationAction(NotificationActionKind.SEND_AGAIN, "C-1", NOW, "Ada", message=past))
    ]
    assert texts([one.audit for one in kafka.acts]) == [
        ("Ada", "notification.send_again", f"C-1/{past.message_id}", "taken")
    ]


@pytest.mark.parametrize(("message", "customer", "why"), [
    ("msg_none", None, "there is no message msg_none"), ("msg_other", "C-1", "there is no message msg_other"),
    ("msg_waiting", "C-1", "msg_waiting is still on its way"),
    ("msg_withdrawn", "C-1", "msg_withdrawn was never sent: it was withdrawn before"),
    ("msg_lost", "C-1", "msg_lost is kept no more"),
])
def test_what_cannot_be_sent_again_is_told_and_nothing_is_written(
    kafka: InMemory, message: str, customer: str | None, why: str
) -> None:
    with pytest.raises(Fatal, match=f"^{why}$"):
        send_again(SETTINGS, message, customer, ADA, NOW)
    assert kafka.acts == []


def test_without_a_customer_anybodys_message_is_sent_again(kafka: InMemory) -> None:
    assert send_again(SETTINGS, "msg_other", None, ADA, NOW).message_id == "msg_other"
    assert [key for key, _ in kafka.taken(topics.NOTIFICATION_ACTIONS, NotificationAction)] == ["C-2"]


def test_a_message_knows_of_more_attempts_than_the_request_that_is_kept() -> None:
    assert past_message(SENT, request_of(SENT, 1)).attempts == 2
    assert past_message(SENT, request_of(SENT, 3)).attempts == 3


@pytest.mark.broker
def test_on_a_broker_it_is_found_and_asked_for_and_the_act_is_on_the_audit_trail(tmp_path: Path) -> None:
    used = (topics.NOTIFICATION_OUTCOMES, topics.NOTIFICATION_REQUESTS, topics.NOTIFICATION_ACTIONS)
    with with_topics(tmp_path, *used) as settings:
        put(settings, topics.NOTIFICATION_OUTCOMES, *OUTCOMES)
        put(settings, topics.NOTIFICATION_REQUESTS, *REQUESTS)
        past = send_again(settings, "msg_second", "C-1", ADA, NOW)
        assert (past.message_id, past.body) == ("msg_sent", '{"last":1}')
        [(key, action)] = taken(settings, topics.NOTIFICATION_ACTIONS, NotificationAction)
        assert (key, action.message) == ("C-1", past)
        assert texts(audited(settings)) == [("Ada", "notification.send_again", "C-1/msg_sent", "taken")]
