"""The notifications stage: customer updates, customers' endpoints and recipients, people's actions and answered
attempts in; attempts to make out.

Reads ``customer.updates.v1``, ``customer.subscriptions.v1``, ``notification.actions.v1`` and
``notification.attempts.v1`` (co-partitioned by customer); its changelog is ``notification.state.v1``. What it shares
with other stages that send is in ``outbound/outbound_records.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config import topics
from config.settings import Settings
from connectors.carriers import Carrier
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import CustomerUpdate, Record
from streams.contracts.outbound import CustomerSubscriptions, NewMessage, OutboundAttempt, OutboundState
from streams.contracts.recipients import NotificationAction, OrderOptIns
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from streams.notifications import disabled_endpoints, letters, opt_ins, step, webhooks
from streams.notifications.destinations import settings_of
from streams.outbound import engine
from streams.outbound.policy import Policy
from topologies.runtime.decoding import decoded
from topologies.runtime.handler import Change, Handled, Refused, View
from topologies.runtime.outbound.outbound_records import MOST_DUE, OutboundRecords, OutboundTopics
from topologies.runtime.state import due_index

SUBSCRIPTIONS = "subscriptions:"
OPT_INS = "opt-ins:"
DAY_MS = 86_400_000
TOPICS = OutboundTopics(topics.NOTIFICATION_REQUESTS, topics.NOTIFICATION_OUTCOMES, topics.NOTIFICATION_STATE)


class NotificationsHandler:
    """Decides what customers' endpoints and recipients are sent."""

    def __init__(
        self, settings: Settings, registry: Registry, carriers: Mapping[str, Carrier], policy: Policy | None = None
    ) -> None:
        del carriers
        self._remembered = settings.outbound.opt_in_days * DAY_MS
        self._updates = ValueCodec(topics.CUSTOMER_UPDATES, CustomerUpdate, registry)
        self._subscriptions = ValueCodec(topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions, registry)
        self._actions = ValueCodec(topics.NOTIFICATION_ACTIONS, NotificationAction, registry)
        self._attempts = ValueCodec(topics.NOTIFICATION_ATTEMPTS, OutboundAttempt, registry)
        self._records = OutboundRecords(
            TOPICS, registry, policy or Policy(all_dry_run=settings.outbound.dry_run), step.step, step.sweep,
            lambda one: one.owner, disabled_endpoints.signals, lambda known: opt_ins.next_due(known, self._remembered),
        )

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Attempts to make and changed records of one chunk."""
        assert state is not None
        topic = records[0].topic
        if topic == topics.CUSTOMER_SUBSCRIPTIONS.name:
            return self._configure(records, state, now_ms)
        if topic == topics.NOTIFICATION_ATTEMPTS.name:
            attempts, _, refused = decoded(records, self._attempts.decode)
            return self._records.answer(attempts, refused, state, now_ms)
        if topic == topics.NOTIFICATION_ACTIONS.name:
            return self._act(records, state, now_ms)
        updates, _, refused = decoded(records, self._updates.decode)
        return self._queue(updates, refused, state, now_ms)

    def local_writes(self, key: bytes, changelog_value: bytes) -> dict[bytes, bytes | None]:
        """The changelog value itself, and its index entries. Raises Reject where it is none."""
        return self._records.local_writes(key, changelog_value)

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Retries and trials that are due, and what is to be forgotten: recipients first, then in the next sweep the
        others."""
        due = [
            entry for entry in due_index.due(state, now_ms, MOST_DUE)
            if due_index.key_of(entry).startswith(OPT_INS.encode())
        ]
        if not due:
            return self._records.sweep(state, now_ms)
        stored = self._records.stored([due_index.key_of(entry).decode() for entry in due], state)
        over = {key: one for key, one in stored.items() if isinstance(one, OrderOptIns)}
        effects = {key: opt_ins.forgotten(one, self._remembered, now_ms) for key, one in over.items()}
        inputs = [item for one in effects.values() for item in one.inputs]
        changed = {key: one.known for key, one in effects.items()}
        handled = self._changed_opt_ins(changed, over, inputs, [], state, now_ms)
        handled.local = dict.fromkeys(due, None) | handled.local
        return handled

    def _queue(
        self, updates: Sequence[CustomerUpdate], refused: list[Refused], state: View, now_ms: int
    ) -> Handled:
        wanted = {f"{SUBSCRIPTIONS}{update.customer_id}" for update in updates}
        wanted |= {_opt_ins_key(update.customer_id, update.order_id) for update in updates}
        known = self._records.stored(wanted, state)
        chunk = list[NewMessage]()
        for update in updates:
            subscribed = known.get(f"{SUBSCRIPTIONS}{update.customer_id}")
            asked = known.get(_opt_ins_key(update.customer_id, update.order_id))
            recipients = list(asked.recipients) if isinstance(asked, OrderOptIns) else []
            if isinstance(subscribed, CustomerSubscriptions):
                chunk += webhooks.messages_of(update, subscribed)
                recipients += subscribed.recipients
            chunk += letters.messages_of(update, recipients)
        return self._records.queue(chunk, refused, state, now_ms)

    def _act(self, records: Sequence[Record], state: View, now_ms: int) -> Handled:
        """Opt-ins, opt-outs, and messages that are to be sent again."""
        actions = list[NotificationAction]()
        refused = list[Refused]()
        for record in records:
            try:
                actions.append(self._action(record))
            except Reject as reject:
                refused.append(Refused(record, reject))
        keys = [_opt_ins_key(one.customer_id, one.order_id) for one in actions]
        stored = self._records.stored(keys, state)
        known = {key: one for key, one in stored.items() if isinstance(one, OrderOptIns)}
        changed: dict[str, OrderOptIns | None] = {}
        inputs = list[engine.Input]()
        for key, action in zip(keys, actions, strict=True):
            effects = opt_ins.after(changed.get(key, known.get(key)), action)
            inputs += effects.inputs
            if effects.known != changed.get(key, known.get(key)):
                changed[key] = effects.known
        return self._changed_opt_ins(changed, known, inputs, refused, state, now_ms)

    def _action(self, record: Record) -> NotificationAction:
        action = self._actions.decode(record.value)
        if record.key != action.customer_id.encode():
            raise Reject(RejectReason.CONTRACT_BROKEN, f"key {record.key!r} is not its customer_id")
        return action

    def _changed_opt_ins(
        self, changed: Mapping[str, OrderOptIns | None], known: Mapping[str, OrderOptIns],
        inputs: Sequence[engine.Input], refused: list[Refused], state: View, now_ms: int,
    ) -> Handled:
        handled = self._records.act(inputs, refused, state, now_ms)
        for key, one in changed.items():
            name = key.encode()
            if (old := known.get(key)) is not None:
                handled.local |= dict.fromkeys(self._records.entries(name, old), None)
            if one is not None:
                handled.local |= dict.fromkeys(self._records.entries(name, one), b"")
            value = None if one is None else self._records.encoded(OutboundState(opt_ins=one))
            handled.changes[name] = Change(value, value)
        return handled

    def _configure(self, records: Sequence[Record], state: View, now_ms: int) -> Handled:
        changed: dict[str, CustomerSubscriptions | None] = {}
        refused = list[Refused]()
        for record in records:
            customer = (record.key or b"").decode("utf-8", "replace")
            try:
                changed[customer] = self._subscribed(customer, record.value)
            except Reject as reject:
                refused.append(Refused(record, reject))
        stored = self._records.stored((SUBSCRIPTIONS + customer for customer in changed), state)
        before = {
            one.customer_id: one for one in stored.values() if isinstance(one, CustomerSubscriptions)
        }
        settings = list(settings_of(changed, before).values())
        handled = self._records.configure(settings, refused, state, now_ms)
        for customer, value in changed.items():
            encoded = None if value is None else self._records.encoded(OutboundState(subscriptions=value))
            handled.changes[(SUBSCRIPTIONS + customer).encode()] = Change(encoded, encoded)
        return handled

    def _subscribed(self, customer: str, value: bytes | None) -> CustomerSubscriptions | None:
        found = None if value is None else self._subscriptions.decode(value)
        if not customer or (found is not None and found.customer_id != customer):
            raise Reject(RejectReason.CONTRACT_BROKEN, f"key {customer!r} is not its customer_id")
        return found


def _opt_ins_key(customer: str, order: str) -> str:
    """No two customers share one, whatever characters their ids are of."""
    return f"{OPT_INS}{len(customer)}:{customer}:{order}"
