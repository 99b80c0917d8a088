"""Where each customer wants to be told, as known now."""

from __future__ import annotations

from streams.contracts.outbound import CustomerSubscriptions, WebhookEndpoint

KIND = "webhook"


class Subscriptions:
    """The newest subscriptions of every customer. One thread learns, others ask. ``ready``: the topic was read to its
    end once."""

    def __init__(self) -> None:
        self.ready = False
        self._known: dict[str, CustomerSubscriptions] = {}

    def learn(self, subscriptions: CustomerSubscriptions) -> None:
        """These count from now on."""
        self._known[subscriptions.customer_id] = subscriptions

    def forget(self, customer: str) -> None:
        """The customer wants to be told no more."""
        self._known.pop(customer, None)

    def endpoint(self, customer: str, destination: str) -> WebhookEndpoint | None:
        """The endpoint that a destination (``webhook:ENDPOINT``) means; None where the customer has none such."""
        kind, _, wanted = destination.partition(":")
        known = self._known.get(customer)
        if known is None or kind != KIND:
            return None
        return next((one for one in known.endpoints if one.endpoint_id == wanted), None)

    def encrypted(self) -> list[str]:
        """Every secret and address there is, encrypted."""
        known = list(self._known.values())
        secrets = [secret for one in known for endpoint in one.endpoints for secret in endpoint.secrets]
        return secrets + [recipient.address for one in known for recipient in one.recipients]
