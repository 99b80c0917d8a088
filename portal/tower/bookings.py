"""The booking desk: which carrier each released delivery has or is offered to, and a person's decision about one."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from portal.pages.templates import NoPage, PlainErrors
from portal.sign_in.people import DECIDE_BOOKINGS, Person
from portal.tower.doing import done, form_of, reason_in, way_back
from portal.tower.links import booking_address
from portal.tower.lists import table
from portal.tower.sent import SentAction
from portal.tower.services import TowerServices, actor_of
from portal.words.times import iso
from streams.bookings.cancellations import actions_for, decided_at, open_in
from streams.contracts.model import BookingDecision, BookingState
from streams.kernel.booking_vocabulary import BookingAction, BookingPhase

_P = BookingPhase
LISTS = (
    ("no-carrier", "Without a carrier", (_P.NO_CARRIER,)), ("held", "Packed short or over", (_P.HELD,)),
    ("countered", "Other terms offered", (_P.COUNTERED,)), ("asking", "Being asked for", (_P.ASKING,)),
    ("number", "Taken, without a number", (_P.WAITING_FOR_NUMBER,)),
    ("warehouse", "Waiting for the warehouse", (_P.WAITING_FOR_WAREHOUSE, _P.WAITING_FOR_RELEASE)),
)
DONE = {
    BookingAction.BOOK: "Booking", BookingAction.REBOOK: "New booking", BookingAction.ACCEPT: "Acceptance",
    BookingAction.REFUSE: "Refusal", BookingAction.CANCEL: "Cancellation", BookingAction.CLOSE: "Closing",
}
LABELS = {
    BookingAction.BOOK: "Book", BookingAction.REBOOK: "Rebook", BookingAction.ACCEPT: "Accept the terms",
    BookingAction.REFUSE: "Refuse the terms", BookingAction.CANCEL: "Cancel the booking",
    BookingAction.CLOSE: "Carrier was called",
}
WORDS = {
    BookingAction.BOOK: "Book what is packed, though it is less or more than was ordered.",
    BookingAction.REBOOK: "Cancel what is booked, if anything, and ask carriers anew.",
    BookingAction.ACCEPT: "Accept the carrier's terms.",
    BookingAction.REFUSE: "Refuse the carrier's terms: the next is asked.",
    BookingAction.CANCEL: "Cancel what is booked: no carrier is asked any more.",
    BookingAction.CLOSE: "The carrier that did not take its cancellation was called, and does not come.",
}


def router(services: TowerServices) -> APIRouter:
    """``/tower/bookings`` and ``/tower/bookings/DELIVERY``."""
    api = APIRouter(route_class=PlainErrors, include_in_schema=False)
    store = services.store

    @api.get("/tower/bookings")
    def bookings(who: Person = Depends(services.signed_in)) -> Response:
        lists = [(name, title, store.bookings_in(phases)) for name, title, phases in LISTS]
        invoices = [(one, match) for one in store.mismatched_bookings() for match in one.invoices if match.mismatches]
        names = services.names({one.customer_id for _, _, rows in lists for one in rows})
        kept = [(one, item) for one in store.uncancelled_bookings() for item in open_in(one)]
        return services.show("bookings.html", who, "bookings", lists=lists, names=names, invoices=invoices, kept=kept)

    @api.get("/tower/bookings.csv")
    def export(who: Person = Depends(services.signed_in)) -> Response:  # noqa: ARG001
        return table("bookings", (
            "delivery_id", "order_id", "customer_id", "phase", "booking_id", "carrier", "service", "status", "deadline",
        ), [
            (
                one.delivery_id, one.order_id, one.customer_id, one.phase, *_last(one),
                iso(None if one.wait is None else one.wait.deadline),
            )
            for _, _, phases in LISTS for one in store.bookings_in(phases)
        ])

    @api.get("/tower/bookings/{delivery_id:path}")
    def one(delivery_id: str, who: Person = Depends(services.signed_in)) -> Response:
        found = _known(services, delivery_id)
        return services.show(
            "booking.html", who, "bookings", one=found, sent=decision_waiting(services, found),
            possible=[(action, LABELS[action], WORDS[action]) for action in actions_for(found)],
            carriers=sorted({item.carrier for item in found.candidates if item.fits}),
            address=booking_address(delivery_id),
            name=services.names({found.customer_id})[found.customer_id],
        )

    @api.post("/tower/bookings/{delivery_id:path}/{action}")
    async def decide(
        request: Request, delivery_id: str, action: str, who: Person = Depends(services.signed_in)
    ) -> Response:
        form = await form_of(request, who, *DECIDE_BOOKINGS)
        known = await done(lambda: _known(services, delivery_id))
        if action not in DONE:
            raise NoPage("There is no such action", "Open the delivery and press the button there.")
        kind, reason, now = BookingAction(action), reason_in(form), services.now()
        carrier = form.get("carrier", "") if kind is BookingAction.REBOOK else ""
        wanted = BookingDecision(delivery_id, kind, who.name, reason, now, carrier)
        await done(lambda: services.actions.decide_booking(wanted, actor_of(who)))
        services.sent.note(f"booking:{delivery_id}", decided_at(known), DONE[kind], who.name, now)
        return RedirectResponse(way_back(form, booking_address(delivery_id)), 303)

    return api


def decision_waiting(services: TowerServices, one: BookingState) -> SentAction | None:
    """A decision that was sent and is not in effect yet."""
    return services.sent.waiting(f"booking:{one.delivery_id}", decided_at(one), services.now())


def _last(one: BookingState) -> tuple[str, str, str, str]:
    """The last booking: id, carrier, service, status."""
    if not one.bookings:
        return "", "", "", ""
    last = one.bookings[-1]
    return last.booking_id, last.carrier, last.service, last.status.value


def _known(services: TowerServices, delivery_id: str) -> BookingState:
    """The delivery. Raises NoPage where nothing is known of it."""
    found = services.store.booking(delivery_id)
    if found is None:
        near = (("/tower/bookings", "Bookings"),)
        raise NoPage(f"Nothing is known of delivery {delivery_id}", "The ERP has not released it.", near)
    return found
