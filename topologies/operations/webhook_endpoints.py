"""Customers' webhook endpoints: found, changed and written to ``customer.subscriptions.v1``; and one tried.

One record holds all endpoints of a customer. Two people who change the endpoints of one customer in the same second
write one over the other; the last one counts.
"""

from __future__ import annotations

import difflib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from config import topics
from config.settings import Settings
from connectors.kafka.person_actions import Act, audited, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import latest
from connectors.outbound.addresses import Blocked, checked
from connectors.outbound.answers import Answer
from connectors.outbound.secrets import SecretBox, Undecryptable, new_secret
from connectors.outbound.sender import now_ms
from connectors.outbound.webhook import WebhookClient
from streams.contracts.audit import Actor, details_of
from streams.contracts.outbound import CustomerSubscriptions, WebhookEndpoint
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import Milestone

TEST_TYPE = "shipsync.test"
MOST_SECRETS = 2
LONGEST_ID, LONGEST_DESCRIPTION = 200, 500


class Change(NamedTuple):
    """A change, as it is to be written. ``secret``: a new one, to be shown this once."""

    subscriptions: CustomerSubscriptions
    endpoint: WebhookEndpoint
    secret: str | None = None


class Endpoints:
    """The endpoints of all customers, as of one time (UTC ms), and who changes them."""

    def __init__(
        self, settings: Settings, box: SecretBox, known: Mapping[str, CustomerSubscriptions], by: str, at: int
    ) -> None:
        self._settings, self._box, self._known = settings, box, known
        self._by, self._at = by, at

    def add(
        self, customer: str, url: str, milestones: Iterable[Milestone], description: str, *, dry_run: bool = False
    ) -> Change:
        """A new endpoint. Raises Fatal for an URL that is none, or leads to what is not public."""
        if not customer.strip():
            raise Fatal("CUSTOMER: the ERP's id of the customer is due")
        _check_text("CUSTOMER", customer, LONGEST_ID)
        _check_text("--description", description, LONGEST_DESCRIPTION)
        try:
            checked(url, private=self._settings.outbound.private_addresses)
        except Blocked as error:
            raise Fatal(f"URL: {error}") from error
        secret = new_secret()
        endpoint = WebhookEndpoint(
            f"ep_{secrets.token_hex(8)}", url, [self._box.encrypt(secret)],
            sorted({one.value for one in milestones}), False, self._at, description, dry_run,
        )
        known = self._known.get(customer)
        return Change(self._with(customer, [*(known.endpoints if known else ()), endpoint]), endpoint, secret)

    def remove(self, customer: str, endpoint_id: str) -> Change:
        """Without the endpoint. Raises Fatal where there is none."""
        endpoint = self.found(customer, endpoint_id)
        left = [one for one in self._known[customer].endpoints if one is not endpoint]
        return Change(self._with(customer, left), endpoint)

    def pause(self, customer: str, endpoint_id: str) -> Change:
        """The endpoint's messages are kept and none is sent. Raises Fatal where there is none."""
        return self._changed(customer, replace(self.found(customer, endpoint_id), paused=True))

    def resume(self, customer: str, endpoint_id: str) -> Change:
        """The endpoint is sent to again, from now on, also where failures had disabled it. Raises Fatal where there is
        none."""
        endpoint = self.found(customer, endpoint_id)
        return self._changed(customer, replace(endpoint, paused=False, enabled_at=self._at))

    def dry_run(self, customer: str, endpoint_id: str, *, on: bool) -> Change:
        """The endpoint's messages are recorded and none is sent, or they are sent again. Raises Fatal where there is
        none."""
        return self._changed(customer, replace(self.found(customer, endpoint_id), dry_run=on))

    def rotate(self, customer: str, endpoint_id: str) -> Change:
        """A new secret beside the present one; requests are signed with both. Raises Fatal."""
        endpoint = self.found(customer, endpoint_id)
        if len(endpoint.secrets) >= MOST_SECRETS:
            raise Fatal(
                f"{endpoint_id} has an old secret still: end it with"
                f" `shipsync webhooks rotate {customer} {endpoint_id} --drop-old` first"
            )
        secret = new_secret()
        changed = replace(endpoint, secrets=[self._box.encrypt(secret), *endpoint.secrets])
        return self._changed(customer, changed)._replace(secret=secret)

    def drop_old(self, customer: str, endpoint_id: str) -> Change:
        """The newest secret alone. Raises Fatal where there is no older one."""
        endpoint = self.found(customer, endpoint_id)
        if len(endpoint.secrets) < MOST_SECRETS:
            raise Fatal(f"{endpoint_id} has no old secret")
        return self._changed(customer, replace(endpoint, secrets=endpoint.secrets[:1]))

    def found(self, customer: str, endpoint_id: str) -> WebhookEndpoint:
        """The endpoint. Raises Fatal naming the nearest."""
        known = self._known.get(customer)
        if known is None or not known.endpoints:
            having = [name for name, one in self._known.items() if one.endpoints]
            raise Fatal(f"customer {customer} has no endpoint{_nearest(customer, having)}")
        endpoint = next((one for one in known.endpoints if one.endpoint_id == endpoint_id), None)
        if endpoint is None:
            ids = [one.endpoint_id for one in known.endpoints]
            raise Fatal(f"customer {customer} has no endpoint {endpoint_id}{_nearest(endpoint_id, ids)}")
        return endpoint

    def _changed(self, customer: str, endpoint: WebhookEndpoint) -> Change:
        endpoints = [
            endpoint if one.endpoint_id == endpoint.endpoint_id else one for one in self._known[customer].endpoints
        ]
        return Change(self._with(customer, endpoints), endpoint)

    def _with(self, customer: str, endpoints: list[WebhookEndpoint]) -> CustomerSubscriptions:
        known = self._known.get(customer)
        recipients = [] if known is None else known.recipients
        return CustomerSubscriptions(customer, endpoints, self._at, self._by, recipients)


def known(settings: Settings) -> dict[str, CustomerSubscriptions]:
    """The subscriptions there are, by customer. Raises Transient."""
    return latest(settings, Registry(settings), topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions)


def write(settings: Settings, change: Change, done: str, actor: Actor) -> None:
    """Record what is done (``add``, ``pause`` ...), write the customer's record and wait for the broker's
    acknowledgement. Raises Transient."""
    registry, customer = Registry(settings), change.subscriptions.customer_id
    value = ValueCodec(topics.CUSTOMER_SUBSCRIPTIONS, CustomerSubscriptions, registry).encode(change.subscriptions)
    audit = audited(
        actor, change.subscriptions.changed_at, f"webhook.{done}", SubjectKind.WEBHOOK,
        f"{customer}/{change.endpoint.endpoint_id}",
        details=details_of({"url": change.endpoint.url, "milestones": change.endpoint.milestones}),
    )
    take(settings, [Act(audit, [Record(topics.CUSTOMER_SUBSCRIPTIONS.name, customer.encode(), value)])], registry)


async def tried(settings: Settings, box: SecretBox, endpoint: WebhookEndpoint) -> Answer:
    """The endpoint's answer to a signed message of type ``shipsync.test``. Raises Fatal where it cannot be
    signed."""
    try:
        signing = [box.decrypt(one) for one in endpoint.secrets]
    except Undecryptable as error:
        raise Fatal(str(error)) from error
    at = now_ms()
    body = msgspec.json.encode({
        "type": TEST_TYPE, "timestamp": datetime.fromtimestamp(at / 1000, UTC).isoformat().replace("+00:00", "Z"),
        "data": {"endpoint": endpoint.endpoint_id},
    }).decode()
    client = WebhookClient(settings.outbound.timeout, now_ms, private=settings.outbound.private_addresses)
    try:
        return await client.post(endpoint.url, f"test_{secrets.token_hex(8)}", at, body, signing)
    finally:
        await client.close()


def _check_text(name: str, text: str, longest: int) -> None:
    if len(text) > longest or not text.isprintable():
        raise Fatal(f"{name}: at most {longest} characters that can be shown")


def _nearest(asked: str, there: Sequence[str]) -> str:
    near = difflib.get_close_matches(asked, there, 1, 0.4)
    return f"; did you mean {near[0]}?" if near else "; shipsync webhooks list shows those there are"
