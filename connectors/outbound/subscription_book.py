"""Customers' subscriptions as people change them: read from ``customer.subscriptions.v1``, and written to it once the
change is on the audit trail.

One record holds all endpoints and recipients of a customer. Two who change those of one customer in the same second
write one over the other; the last one counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from config import topics
from config.settings import Settings
from connectors.kafka.person_actions import Act, audited, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import latest
from connectors.outbound.secrets import SecretBox
from connectors.outbound.sender import now_ms
from streams.contracts.audit import ActionDetail, Actor
from streams.contracts.outbound import CustomerSubscriptions, WebhookEndpoint
from streams.contracts.recipients import Recipient
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Fatal

LONGEST_ID, LONGEST_DESCRIPTION = 200, 500


class SubscriptionBook:
    """The subscriptions of all customers as of one time (UTC ms), and who changes them."""

    def __init__(
        self, settings: Settings, box: SecretBox, known: Mapping[str, CustomerSubscriptions], by: str, at: int
    ) -> None:
        self._settings, self._box, self._known = settings, box, known
        self._by, self._at = by, at

    @classmethod
    def opened(cls, settings: Settings, by: str) -> Self:
        """The subscriptions as Kafka has them now. Raises Transient, SettingsError for a key that is none."""
        return cls(settings, SecretBox(settings), known(settings), by, now_ms())

    def _with_endpoints(self, customer: str, endpoints: list[WebhookEndpoint]) -> CustomerSubscriptions:
        before = self._known.get(customer)
        return CustomerSubscriptions(
            customer, endpoints, self._at, self._by, [] if before is None else before.recipients
        )

    def _with_recipients(self, customer: str, recipients: list[Recipient]) -> CustomerSubscriptions:
        before = self._known.get(customer)
        return CustomerSubscriptions(
            customer, [] if before is None else before.endpoints, self._at, self._by, recipients
        )


def known(settings: Settings) -> dict[str, CustomerSubscriptions]:
    """The subscriptions there are, by customer. Raises Transient."""
    return latest(settings, Registry(settings), topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions)


def put(
    settings: Settings, after: CustomerSubscriptions, actor: Actor, done: str, kind: SubjectKind, name: str,
    details: Sequence[ActionDetail],
) -> None:
    """Record what was done to the customer's endpoint or recipient of this name, write the customer's record and wait
    for the broker's acknowledgement. ``done``: ``webhook.add``, ``recipient.pause`` ... Raises Transient."""
    registry, customer = Registry(settings), after.customer_id
    value = ValueCodec(topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions, registry).encode(after)
    audit = audited(actor, after.changed_at, done, kind, f"{customer}/{name}", details=details)
    take(settings, [Act(audit, [Record(topics.CUSTOMER_SUBSCRIPTIONS.name, customer.encode(), value)])], registry)


def check_customer(name: str, customer: str) -> None:
    """Raise Fatal for what is no customer's id. ``name``: of the value, in the message."""
    check_text(name, customer, LONGEST_ID)
    if not customer.strip():
        raise Fatal(f"{name}: the ERP's id of the customer is due")


def check_text(name: str, text: str, longest: int) -> None:
    """Raise Fatal for a text that is too long or cannot be shown."""
    if len(text) > longest or not text.isprintable():
        raise Fatal(f"{name}: at most {longest} characters that can be shown")
