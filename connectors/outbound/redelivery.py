"""Sends a message to a customer again that was sent or given up: as it was, under its id, because a person says so."""

from __future__ import annotations

from contextlib import closing

from config import topics
from config.settings import Settings
from connectors.kafka.person_actions import Act, audited, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import Reader
from streams.contracts.audit import Actor, details_of
from streams.contracts.outbound import OutboundOutcome, OutboundRequest
from streams.contracts.recipients import NotificationAction, PastMessage
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Fatal
from streams.kernel.outbound_vocabulary import PENDING, NotificationActionKind, OutboundStatus


def send_again(settings: Settings, message_id: str, customer: str | None, actor: Actor, now: int) -> PastMessage:
    """Record it and ask for it; the message that is sent. ``customer``: only of this one; ``now``: UTC ms.

    Raises Fatal where there is no such message, where it is still on its way or was never sent, and where it is kept no
    more; Transient where Kafka does not answer.
    """
    registry = Registry(settings)
    outcome = _outcome(settings, registry, message_id, customer)
    message = _past(settings, registry, outcome)
    action = NotificationAction(
        NotificationActionKind.SEND_AGAIN, outcome.owner, now, actor.name, message=message
    )
    value = ValueCodec(topics.NOTIFICATION_ACTIONS, NotificationAction, registry).encode(action)
    audit = audited(
        actor, now, "notification.send_again", SubjectKind.NOTIFICATION, f"{outcome.owner}/{message.message_id}",
        details=details_of({"type": message.kind, "destination": message.destination}),
    )
    take(settings, [Act(audit, [Record(topics.NOTIFICATION_ACTIONS.name, outcome.owner.encode(), value)])], registry)
    return message


def past_message(outcome: OutboundOutcome, request: OutboundRequest) -> PastMessage:
    """The message that an outcome and a request of it tell of."""
    return PastMessage(
        request.message_id, outcome.source_id, request.destination, request.queue, request.kind, outcome.correction,
        request.body, max(request.attempt, outcome.attempts), outcome.queued_at,
    )


def _outcome(settings: Settings, registry: Registry, message_id: str, customer: str | None) -> OutboundOutcome:
    found: dict[str, OutboundOutcome] = {}

    def take_in(key: str, outcome: OutboundOutcome | None) -> None:
        if outcome is not None and customer in (None, key) and outcome.owner == key:
            found[outcome.message_id] = outcome

    with closing(Reader(settings, registry, topics.NOTIFICATION_OUTCOMES, OutboundOutcome, take_in)) as reader:
        reader.to_the_end()
    outcome = found.get(message_id)
    if outcome is not None and outcome.sent_with:
        outcome = found.get(outcome.sent_with)
    if outcome is None:
        raise Fatal(f"there is no message {message_id[:80]}")
    if outcome.status in PENDING:
        raise Fatal(f"{message_id} is still on its way")
    if outcome.status is OutboundStatus.WITHDRAWN:
        raise Fatal(f"{message_id} was never sent: it was withdrawn before")
    return outcome


def _past(settings: Settings, registry: Registry, outcome: OutboundOutcome) -> PastMessage:
    found: list[OutboundRequest] = []

    def take_in(key: str, request: OutboundRequest | None) -> None:
        if request is not None and key == outcome.owner and request.message_id == outcome.message_id:
            found[:] = [request]

    with closing(Reader(settings, registry, topics.NOTIFICATION_REQUESTS, OutboundRequest, take_in)) as reader:
        reader.to_the_end()
    if not found:
        raise Fatal(f"{outcome.message_id} is kept no more")
    return past_message(outcome, found[0])
