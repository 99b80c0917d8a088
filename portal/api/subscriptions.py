"""``/v1/subscriptions``: who of a customer is told by e-mail or chat; and messages that are sent again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response

from connectors.gateway.openapi import refusals
from connectors.gateway.problems import Problem
from connectors.outbound.recipient_book import Change, RecipientBook, plain
from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.clients import Client
from portal.api.models.subscriptions import Again, NewSubscription, Subscription, Subscriptions, Wishes
from portal.api.services import PortalServices, SubscriptionTopic
from streams.contracts.audit import Actor
from streams.contracts.recipients import Recipient
from streams.kernel.audit_vocabulary import ActionChannel, ActorKind
from streams.kernel.errors import Fatal, Transient
from streams.kernel.outbound_vocabulary import RecipientChannel

READ, WRITE = "subscriptions:read", "subscriptions:write"
RETRY_SECONDS = "5"
T = TypeVar("T")
Id = Annotated[str, Path(description="As in the list of subscriptions", max_length=64)]
OfCustomer = Annotated[str | None, Query(
    description="Of this customer; a customer's key: only its own", max_length=200
)]


def router(services: PortalServices) -> APIRouter:
    """The endpoints."""
    api = APIRouter(tags=["subscriptions"])
    _add_reading(api, services, Depends(Access(services, {READ, WRITE}, partial=True)))
    _add_writing(api, services, Depends(Access(services, {WRITE}, partial=True)))
    _add_again(api, services, Depends(Access(services, {WRITE}, partial=True)))
    return api


def _add_reading(api: APIRouter, services: PortalServices, reader: Any) -> None:

    @api.get(
        "/v1/subscriptions", operation_id="list_subscriptions", summary="Who is told in words",
        response_model=Subscriptions, responses=described(), openapi_extra=secured(),
    )
    def subscriptions(request: Request, customer: OfCustomer = None, client: Client = reader) -> Response:
        """Recipients that the customer or people of ours set, by customer."""
        wanted = _customer(client, customer, needed=False)
        known = _done(services.subscriptions.known)
        items = [
            shown(name, one) for name in sorted(known) if wanted in (None, name) for one in known[name].recipients
        ]
        return answer(request, Subscriptions(items=items))


def _add_writing(api: APIRouter, services: PortalServices, writer: Any) -> None:
    topic = services.subscriptions

    def act(client: Client, done: str, change: Callable[[RecipientBook], Change]) -> Change:
        found = _done(lambda: change(topic.book(client.name)))
        _done(lambda: topic.write(found, done, actor_of(client)))
        return found

    @api.post(
        "/v1/subscriptions", operation_id="add_subscription", summary="Tell somebody", status_code=201,
        response_model=Subscription, responses=refusals(400, 401, 403, 409, 422, 429, 503), openapi_extra=secured(),
    )
    def add(wanted: Annotated[NewSubscription, Body()], client: Client = writer) -> Subscription:
        """The address is kept encrypted, and never shown whole again."""
        customer = _customer(client, wanted.customer_id, needed=True) or ""
        wishes = _given(wanted, {"channel", "address", "customer_id"})
        found = act(client, "add", lambda book: book.add(
            customer, RecipientChannel(wanted.channel), wanted.address, **wishes
        ))
        return shown(customer, found.recipient)

    @api.patch(
        "/v1/subscriptions/{subscription_id}", operation_id="change_subscription", summary="Change what is told",
        response_model=Subscription, responses=refusals(400, 401, 403, 404, 409, 422, 429, 503),
        openapi_extra=secured(),
    )
    def change(
        subscription_id: Id, wanted: Annotated[Wishes, Body()], customer: OfCustomer = None, client: Client = writer
    ) -> Subscription:
        """Wishes that are left out stay; `quiet_from` and `quiet_until` null: no quiet hours."""
        whose = _found(topic, client, customer, subscription_id)
        wishes = _given(wanted, set())
        found = act(client, "change", lambda book: book.change(whose, subscription_id, **wishes))
        return shown(whose, found.recipient)

    @api.delete(
        "/v1/subscriptions/{subscription_id}", operation_id="remove_subscription", summary="Tell somebody no more",
        status_code=204, response_class=Response, responses=refusals(401, 403, 404, 409, 422, 429, 503),
        openapi_extra=secured(),
    )
    def remove(subscription_id: Id, customer: OfCustomer = None, client: Client = writer) -> Response:
        """Messages that wait are not sent."""
        whose = _found(topic, client, customer, subscription_id)
        act(client, "remove", lambda book: book.remove(whose, subscription_id))
        return Response(status_code=204)


def _add_again(api: APIRouter, services: PortalServices, writer: Any) -> None:

    @api.post(
        "/v1/notifications/{message_id}/redeliver", operation_id="redeliver_notification",
        summary="Send a message again", status_code=202, response_model=Again,
        responses=refusals(401, 403, 409, 422, 429, 503), openapi_extra=secured(),
    )
    def redeliver(
        message_id: Annotated[str, Path(description="As webhook-id has it", max_length=80)], client: Client = writer
    ) -> Again:
        """One that was sent or given up: as it was, and under its id. 409 where there is none of this key's customer,
        or where it is still on its way."""
        found = _done(lambda: services.subscriptions.send_again(message_id, client.customer, actor_of(client)))
        return Again(message_id=found.message_id, destination=found.destination, type=found.kind)


def shown(customer: str, recipient: Recipient) -> Subscription:
    """The recipient as the API shows it."""
    return Subscription(customer_id=customer, **plain(recipient))


def actor_of(client: Client) -> Actor:
    """A program with a key, as the audit trail names it."""
    return Actor(f"api:{client.name}", ActorKind.API_CLIENT, ActionChannel.API)


def _given(wanted: Wishes, but: set[str]) -> dict[str, Any]:
    """The wishes that were given; null only where that means something."""
    given = wanted.model_dump(exclude_unset=True, exclude=but)
    return {name: one for name, one in given.items() if one is not None or name.startswith("quiet_")}


def _customer(client: Client, asked: str | None, *, needed: bool) -> str | None:
    """Whose it is about. Raises Problem: 403 for another customer's, 409 where nobody says whose."""
    if client.customer is not None:
        if asked not in (None, client.customer):
            raise Problem(403, "out_of_scope", "the key is another customer's")
        return client.customer
    if needed and not asked:
        raise Problem(409, "not_possible", "customer_id: whose recipient it is")
    return asked


def _found(topic: SubscriptionTopic, client: Client, asked: str | None, subscription_id: str) -> str:
    """The customer whose subscription it is, of those the client may see. Raises Problem 404."""
    wanted = _customer(client, asked, needed=False)
    for customer, one in _done(topic.known).items():
        if wanted in (None, customer) and any(each.recipient_id == subscription_id for each in one.recipients):
            return customer
    raise Problem(404, "unknown_subscription", "there is no subscription of this id")


def _done(work: Callable[[], T]) -> T:
    try:
        return work()
    except Transient as error:
        raise Problem(
            503, "not_taken", "Kafka does not answer just now", headers={"Retry-After": RETRY_SECONDS}
        ) from error
    except Fatal as error:
        raise Problem(409, "not_possible", str(error)) from error
