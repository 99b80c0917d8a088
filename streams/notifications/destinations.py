"""How destinations are set after a customer's endpoints and recipients changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streams.contracts.outbound import CustomerSubscriptions, EndpointSetting, OutboundMessage, WebhookEndpoint
from streams.contracts.recipients import Recipient
from streams.notifications import letters, webhooks


def settings_of(
    changed: Mapping[str, CustomerSubscriptions | None], before: Mapping[str, CustomerSubscriptions]
) -> dict[str, EndpointSetting]:
    """How destinations are set after subscriptions changed; those that are there no longer are removed.

    ``changed``, ``before``: by customer; None: a customer who is told nothing.
    """
    settings: dict[str, EndpointSetting] = {}
    for customer, after in changed.items():
        for destination in _destinations(before.get(customer)):
            settings[destination] = EndpointSetting(destination, customer, None)
        for destination, one in _destinations(after).items():
            settings[destination] = EndpointSetting(destination, customer, one)
    return settings


def render(messages: Sequence[OutboundMessage]) -> str:
    """The body of a request: of a webhook, or of news in words."""
    first = messages[0]
    return letters.render(messages) if first.subject or first.kind == letters.CONFIRM else webhooks.render(first)


def _destinations(known: CustomerSubscriptions | None) -> dict[str, WebhookEndpoint | Recipient]:
    found: dict[str, WebhookEndpoint | Recipient] = {}
    if known is not None:
        found |= {webhooks.destination_of(one): one for one in known.endpoints}
        found |= {letters.destination_of(one): one for one in known.recipients}
    return found
