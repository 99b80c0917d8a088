"""``/v1/bookings``: which carrier each released delivery has or is offered to, its freight invoices, and decisions."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Request, Response
from msgspec import to_builtins

from connectors.gateway.openapi import refusals
from connectors.gateway.orders import milliseconds
from connectors.gateway.problems import Problem
from connectors.read_store.bookings import BookingFilter
from connectors.read_store.reader import ReadStore
from portal.api.access import Access, secured
from portal.api.answers import answer, described
from portal.api.clients import Client
from portal.api.deciding import Key, key_of, reason_of, taking
from portal.api.models.bookings import BookingBrief, BookingDecisionTaken, BookingDetail, NewBookingDecision
from portal.api.models.fields import PageOf
from portal.api.queries import Bookings
from portal.api.services import PortalServices
from portal.api.subscriptions import actor_of
from streams.bookings.cancellations import actions_for, decision_under
from streams.bookings.machine import MAY_DECIDE
from streams.bookings.readiness import packed_lines
from streams.contracts.bookings import Booking, BookingDecision, BookingState, Candidate, MatchedInvoice
from streams.kernel.booking_vocabulary import BookingAction

READ, DECIDE = "bookings:read", "bookings:decide"
Id = Annotated[str, Path(description="The delivery's number in the ERP")]


def router(services: PortalServices) -> APIRouter:
    """The endpoints."""
    api = APIRouter(tags=["bookings"])
    _add_reading(api, services.store, Depends(Access(services, {READ})))
    _add_deciding(api, services, Depends(Access(services, {DECIDE})))
    return api


def _add_reading(api: APIRouter, store: ReadStore, reader: Any) -> None:

    @api.get(
        "/v1/bookings", operation_id="list_bookings", summary="Released deliveries and their carriers",
        response_model=PageOf[BookingBrief], responses=described(paged=True), openapi_extra=secured(),
        dependencies=[reader],
    )
    def bookings(request: Request, wanted: Bookings) -> Response:
        """The last changed first."""
        page = store.bookings(BookingFilter(
            wanted.order, wanted.phase, wanted.carrier, wanted.owner, wanted.overdue, wanted.mismatched,
            wanted.uncancelled, wanted.customer, None if wanted.since is None else milliseconds(wanted.since),
        ), wanted.limit, wanted.cursor)
        items = [BookingBrief.model_validate(_brief(one)) for one in page.rows]
        return answer(request, PageOf[BookingBrief](items=items, next=page.next), page.next)

    @api.get(
        "/v1/bookings/{delivery_id:path}", operation_id="get_booking", summary="One delivery's bookings, whole",
        response_model=BookingDetail, responses=described(404), openapi_extra=secured(), dependencies=[reader],
    )
    def booking(request: Request, delivery_id: Id) -> Response:
        """Its packed lines, each carrier that was asked and why, and its freight invoices."""
        found = _known(store, delivery_id)
        return answer(request, BookingDetail.model_validate({
            **_brief(found), "bookings": [booking_of(one) for one in found.bookings],
            "lines": [
                {"line_id": name, "ordered": ordered, "packed": packed} for name, ordered, packed in packed_lines(found)
            ],
            "candidates": [_candidate(one) for one in found.candidates],
        }))


def _add_deciding(api: APIRouter, services: PortalServices, decider: Any) -> None:

    @api.post(
        "/v1/bookings/{delivery_id:path}/decisions", operation_id="decide_booking", status_code=202,
        summary="Book, rebook, accept, refuse, cancel or close", response_model=BookingDecisionTaken,
        responses=refusals(400, 401, 403, 404, 409, 422, 429, 503), openapi_extra=secured(),
    )
    def decide(
        delivery_id: Id, wanted: Annotated[NewBookingDecision, Body()], given: Key = None, client: Client = decider
    ) -> BookingDecisionTaken:
        """It is on the audit trail when the answer comes, and in effect moments later. A request that comes again under
        its Idempotency-Key is answered as before. 409 `illegal_decision` where the delivery's phase does not allow it:
        `possible` says what it allows, `allowed_in` which phases would; or where the carrier may not be asked, with the
        reason."""
        found = _known(services.store, delivery_id)
        by, now = actor_of(client), int(services.now() * 1000)
        decision = BookingDecision(
            delivery_id, BookingAction(wanted.action), by.name, reason_of(wanted.reason), now, wanted.carrier or "",
            wanted.service or "", key_of(client, given),
        )
        kept = decision_under(found, decision.key)
        if kept is not None:
            return _taken(found, _same(kept, decision))
        _check(found, decision)
        with taking(services, _allowed(found, decision.action)) as decisions:
            return _taken(found, _same(decisions.decide_booking(decision, by), decision))


def booking_of(one: Booking) -> dict[str, Any]:
    """The document of a booking with one carrier."""
    told: dict[str, Any] = to_builtins(one)
    optional = ("tracking_number", "carrier_reference", "label_url", "tracking_url", "currency")
    cancellation = one.cancellation
    return {
        **told, **{name: told[name] or None for name in optional},
        "cancellation": None if cancellation is None else {
            **told["cancellation"], "closed": None if cancellation.closed is None else _decision(cancellation.closed),
        },
    }


def _known(store: ReadStore, delivery_id: str) -> BookingState:
    found = store.booking(delivery_id)
    if found is None:
        raise Problem(404, "unknown_delivery", "the ERP has released no delivery of this number")
    return found


def _check(state: BookingState, wanted: BookingDecision) -> None:
    """Raises Problem 409 for a decision that the delivery's phase does not allow, or a carrier it has no use for."""
    name = wanted.action.value
    if wanted.action not in actions_for(state):
        where = f"the delivery is {state.phase.value}"
        if wanted.action is BookingAction.CLOSE:
            where = "no carrier owes the delivery a cancellation"
        raise Problem(
            409, "illegal_decision", f"{where}: {name} changes nothing there", members=_allowed(state, wanted.action),
        )
    if (wanted.carrier or wanted.service) and wanted.action is not BookingAction.REBOOK:
        raise Problem(409, "not_possible", f"carrier, service: {name} asks no carrier; leave them out, or rebook")
    if wanted.service and not wanted.carrier:
        raise Problem(409, "not_possible", "service: name its carrier, too")


def _same(kept: BookingDecision, wanted: BookingDecision) -> BookingDecision:
    """The decision that is kept. Raises Problem 422 where its key came with another one before."""
    if (kept.action, kept.reason, kept.carrier, kept.service) != (
        wanted.action, wanted.reason, wanted.carrier, wanted.service
    ):
        raise Problem(422, "key_reused", "this Idempotency-Key came with another decision before")
    return kept


def _allowed(state: BookingState, action: BookingAction) -> dict[str, Any]:
    return {
        "phase": state.phase.value, "possible": [one.value for one in actions_for(state)],
        "allowed_in": sorted(one.value for one in MAY_DECIDE[action]),
    }


def _taken(state: BookingState, kept: BookingDecision) -> BookingDecisionTaken:
    return BookingDecisionTaken.model_validate({
        **_decision(kept), "delivery_id": state.delivery_id, "phase": state.phase,
    })


def _brief(state: BookingState) -> dict[str, Any]:
    return {
        "delivery_id": state.delivery_id, "order_id": state.order_id, "customer_id": state.customer_id,
        "phase": state.phase, "wait": None if state.wait is None else to_builtins(state.wait),
        "booking": booking_of(state.bookings[-1]) if state.bookings else None,
        "decision": None if state.decision is None else _decision(state.decision),
        "possible": actions_for(state), "invoices": [_invoice(one) for one in state.invoices],
        "changed_at": state.updated_at,
    }


def _decision(one: BookingDecision) -> dict[str, Any]:
    return {
        "action": one.action, "by": one.by, "reason": one.reason, "at": one.at, "carrier": one.carrier or None,
        "service": one.service or None,
    }


def _candidate(one: Candidate) -> dict[str, Any]:
    return {**to_builtins(one), "currency": one.currency or None}


def _invoice(one: MatchedInvoice) -> dict[str, Any]:
    told = one.invoice
    return {
        "invoice_id": told.invoice_id, "carrier": told.carrier, "invoiced_at": told.invoiced_at, "total": told.total,
        "currency": told.currency, "weight_kg": told.weight_kg, "mismatches": to_builtins(one.mismatches),
    }
