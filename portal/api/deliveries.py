"""``/v1/deliveries``: where deliveries of the ERP stand, what they wait for, and decisions about them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Request, Response
from msgspec import to_builtins

from connectors.gateway.openapi import refusals
from connectors.gateway.orders import milliseconds
from connectors.gateway.problems import Problem
from connectors.read_store.actions import ActionFilter
from connectors.read_store.deliveries import DeliveryFilter
from connectors.read_store.reader import ReadStore, ToldPosting
from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.clients import Client
from portal.api.deciding import reason_of, taking
from portal.api.models.deliveries import (
    DecisionOfDelivery,
    DecisionTaken,
    DeliveryBrief,
    DeliveryDetail,
    NewDecision,
    PostingOfDelivery,
)
from portal.api.models.fields import PageOf
from portal.api.queries import Deliveries, customer_of
from portal.api.services import PortalServices
from portal.api.shipments import posted
from portal.api.subscriptions import actor_of
from portal.views.deliveries import ShipmentView, outcomes_of, view_of
from streams.contracts.model import BookingState, FulfilmentState, OutboundOutcome
from streams.fulfilment.machine import DECISIONS, MAY_DECIDE, actions_in
from streams.kernel.audit_vocabulary import ActionOutcome, SubjectKind
from streams.kernel.vocabulary import FulfilmentAction

READ, DECIDE = "deliveries:read", "deliveries:decide"
MOST_DECISIONS = 50
Id = Annotated[str, Path(description="The delivery's number in the ERP")]


def router(services: PortalServices) -> APIRouter:
    """The endpoints."""
    api = APIRouter(tags=["deliveries"])
    _add_reading(api, services.store, Depends(Access(services, {READ})))
    _add_deciding(api, services, Depends(Access(services, {DECIDE})))
    return api


def _add_reading(api: APIRouter, store: ReadStore, reader: Any) -> None:

    @api.get(
        "/v1/deliveries", operation_id="list_deliveries", summary="Deliveries of the ERP",
        response_model=PageOf[DeliveryBrief], responses=described(paged=True), openapi_extra=secured(),
    )
    def deliveries(request: Request, wanted: Deliveries, client: Client = reader) -> Response:
        """The last changed first."""
        customer = customer_of(client, wanted.customer)
        owner = wanted.owner
        if owner is not None and client.customer is not None:
            raise Problem(403, "out_of_scope", "owner is not told to a customer's key, and finds nothing by it")
        page = store.deliveries(DeliveryFilter(
            wanted.order, wanted.phase, wanted.waits_for, owner, wanted.overdue, customer,
            None if wanted.since is None else milliseconds(wanted.since),
        ), wanted.limit, wanted.cursor)
        items = [brief(one, client.customer) for one in page.rows]
        return answer(request, PageOf[DeliveryBrief](items=items, next=page.next), page.next)

    @api.get(
        "/v1/deliveries/{delivery_id:path}", operation_id="get_delivery", summary="One delivery, whole",
        response_model=DeliveryDetail, responses=described(404), openapi_extra=secured(),
    )
    def delivery(request: Request, delivery_id: Id, client: Client = reader) -> Response:
        """Its shipments and pieces, its gate and wait, its postings and notices with their outcomes, and decisions."""
        return answer(request, whole(store, _known(store, delivery_id, client.customer), client.customer))


def _add_deciding(api: APIRouter, services: PortalServices, decider: Any) -> None:

    @api.post(
        "/v1/deliveries/{delivery_id:path}/decisions", operation_id="decide_delivery", status_code=202,
        summary="Release, waive or close a delivery", response_model=DecisionTaken,
        responses=refusals(400, 401, 403, 404, 409, 422, 429, 503), openapi_extra=secured(),
    )
    def decide(delivery_id: Id, wanted: Annotated[NewDecision, Body()], client: Client = decider) -> DecisionTaken:
        """It is on the audit trail when the answer comes, and in effect moments later. 409 `illegal_decision` where the
        delivery's phase does not allow it: `possible` says what it allows, `allowed_in` which phases would."""
        found = _known(services.store, delivery_id, client.customer)
        action, reason = FulfilmentAction(wanted.action), reason_of(wanted.reason)
        _check(found, action)
        by, now = actor_of(client), int(services.now() * 1000)
        with taking(services, _allowed(found, action)) as decisions:
            decisions.decide_delivery(delivery_id, action, by, now, reason)
        return DecisionTaken.model_validate({
            "delivery_id": delivery_id, "action": action, "by": by.name, "reason": reason, "at": now,
            "phase": found.phase,
        })


def brief(state: FulfilmentState, customer: str | None = None) -> DeliveryBrief:
    """The document of a delivery in a list, as the customer may see it."""
    return DeliveryBrief.model_validate(_brief(state, customer))


def whole(store: ReadStore, state: FulfilmentState, customer: str | None = None) -> DeliveryDetail:
    """The document of a delivery, as the customer may see it."""
    view = view_of(state)
    told = [
        one for one in store.postings(delivery=state.delivery_id) if customer in (None, one.posting.customer_id)
    ]
    outcomes = {} if customer is not None else outcomes_of(store, told)
    return DeliveryDetail.model_validate({
        **_brief(state, customer), "gate": {"state": view.gate, "held": view.held},
        "shipments": [_shipment(one) for one in view.shipments],
        "postings": [_posting(one, outcomes.get(one.posting.posting_id, ())) for one in told],
        "notices": [] if customer is not None else [_notice(one) for one in store.notices_of(state.delivery_id)],
        "decisions": [] if customer is not None else _decisions(store, state.delivery_id),
        "chases": [] if customer is not None else to_builtins(state.chases[::-1]),
        "booking": None if customer is not None else _booking(store.booking(state.delivery_id)),
    })


def _known(store: ReadStore, delivery_id: str, customer: str | None) -> FulfilmentState:
    found = store.delivery(delivery_id, customer)
    if found is None:
        raise Problem(404, "unknown_delivery", "nothing is known of a delivery of this number")
    return found


def _check(state: FulfilmentState, action: FulfilmentAction) -> None:
    """Raises Problem 409 for a decision that the delivery's phase does not allow."""
    if state.phase not in MAY_DECIDE[action]:
        raise Problem(
            409, "illegal_decision", f"the delivery is {state.phase.value}: {action.value} changes nothing there",
            members=_allowed(state, action),
        )


def _allowed(state: FulfilmentState, action: FulfilmentAction) -> dict[str, Any]:
    return {
        "phase": state.phase.value, "possible": [one.value for one in actions_in(state.phase)],
        "allowed_in": sorted(one.value for one in MAY_DECIDE[action]),
    }


def _brief(state: FulfilmentState, customer: str | None) -> dict[str, Any]:
    wait, is_ours = state.wait, customer is None
    return {
        "delivery_id": state.delivery_id, "order_id": state.order_id, "customer_id": state.customer_id,
        "phase": state.phase, "decision": state.decision if is_ours else None,
        "possible": list(actions_in(state.phase)) if is_ours else [],
        "last_reported_at": state.updated_at or None,
        "wait": None if wait is None else {
            "kind": wait.kind, "since": wait.since, "owner": wait.owner if is_ours else None,
            "deadline": wait.deadline, "released_at": wait.released_at, "overdue": wait.overdue,
        },
    }


def _shipment(one: ShipmentView) -> dict[str, Any]:
    return {
        **one._asdict(), "key": one.key or None, "carrier": one.carrier or None,
        "pieces": [piece._asdict() for piece in one.pieces],
        "facts": [
            {
                "kind": fact.told.kind, "state": "held" if fact.held else "posted", "piece": fact.told.piece,
                "occurred_at": fact.told.occurred_at, "reason": fact.told.reason,
                "proof_of_delivery": fact.told.proof_of_delivery,
            }
            for fact in one.facts
        ],
    }


def _booking(state: BookingState | None) -> dict[str, Any] | None:
    if state is None:
        return None
    wait, last = state.wait, state.bookings[-1] if state.bookings else None
    return {
        "phase": state.phase, "owner": None if wait is None else wait.owner,
        "deadline": None if wait is None else wait.deadline, "carrier": None if last is None else last.carrier,
        "service": None if last is None else last.service, "status": None if last is None else last.status,
        "tracking_number": (last.tracking_number or None) if last is not None else None,
    }


def _posting(told: ToldPosting, outcomes: Any) -> PostingOfDelivery:
    return PostingOfDelivery.model_validate({
        **posted(told.told_at, told.posting).model_dump(), "outcomes": [_outcome(one) for one in outcomes],
    })


def _notice(one: OutboundOutcome) -> dict[str, Any]:
    return {**_outcome(one), "kind": one.kind, "queued_at": one.queued_at}


def _outcome(one: OutboundOutcome) -> dict[str, Any]:
    return {
        "erp": one.owner, "status": one.status, "attempts": one.attempts, "at": one.at, "next_at": one.next_at,
        "detail": one.detail,
    }


def _decisions(store: ReadStore, delivery_id: str) -> list[DecisionOfDelivery]:
    """The decisions of people and programs, by the audit trail, without those that failed."""
    kinds = {f"delivery.{action.value}": action for action in DECISIONS}
    taken = store.actions(ActionFilter(subject=delivery_id), MOST_DECISIONS).rows
    return [
        DecisionOfDelivery(action=kinds[one.action], by=one.who, at=one.at, reason=one.reason or next(
            (detail.value for detail in one.details if detail.name == "reason"), ""
        ))
        for one in taken if one.subject_kind is SubjectKind.DELIVERY and one.action in kinds
        and one.outcome is ActionOutcome.TAKEN
    ]
