"""Customers' webhook endpoints: found, changed and written; and one tried."""

from __future__ import annotations

import difflib
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from config.settings import Settings
from connectors.outbound.addresses import Blocked, checked
from connectors.outbound.answers import Answer
from connectors.outbound.secrets import SecretBox, Undecryptable, new_secret
from connectors.outbound.sender import now_ms
from connectors.outbound.subscription_book import (
    LONGEST_DESCRIPTION,
    SubscriptionBook,
    check_customer,
    check_text,
    put,
)
from connectors.outbound.webhook import WebhookClient
from streams.contracts.audit import Actor, details_of
from streams.contracts.outbound import CustomerSubscriptions, WebhookEndpoint
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import Milestone

TEST_TYPE = "shipsync.test"
MOST_SECRETS = 2


class Change(NamedTuple):
    """A change, as it is to be written. ``secret``: a new one, to be shown this once."""

    subscriptions: CustomerSubscriptions
    endpoint: WebhookEndpoint
    secret: str | None = None


class Endpoints(SubscriptionBook):
    """The endpoints of all customers, and who changes them."""

    def add(
        self, customer: str, url: str, milestones: Iterable[Milestone], description: str, *, dry_run: bool = False
    ) -> Change:
        """A new endpoint. Raises Fatal for an URL that is none, or leads to what is not public."""
        check_customer("CUSTOMER", customer)
        check_text("--description", description, LONGEST_DESCRIPTION)
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
        return Change(self._with_endpoints(customer, [*(known.endpoints if known else ()), endpoint]), endpoint, secret)

    def remove(self, customer: str, endpoint_id: str) -> Change:
        """Without the endpoint. Raises Fatal where there is none."""
        endpoint = self.found(customer, endpoint_id)
        left = [one for one in self._known[customer].endpoints if one is not endpoint]
        return Change(self._with_endpoints(customer, left), endpoint)

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
        return Change(self._with_endpoints(customer, endpoints), endpoint)


def write(settings: Settings, change: Change, done: str, actor: Actor) -> None:
    """Record what is done (``add``, ``pause`` ...) and write it. Raises Transient."""
    endpoint = change.endpoint
    put(
        settings, change.subscriptions, actor, f"webhook.{done}", SubjectKind.WEBHOOK, endpoint.endpoint_id,
        details_of({"url": endpoint.url, "milestones": endpoint.milestones}),
    )


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


def _nearest(asked: str, there: Sequence[str]) -> str:
    near = difflib.get_close_matches(asked, there, 1, 0.4)
    return f"; did you mean {near[0]}?" if near else "; shipsync webhooks list shows those there are"
