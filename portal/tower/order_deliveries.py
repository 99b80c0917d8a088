"""The deliveries of an order's page, from their release to their confirmation, and what of the order waits for whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from connectors.read_store.reader import AlertFilter
from portal.tower import billing, bookings
from portal.tower.links import alert_address, booking_address, delivery_address
from portal.tower.sent import SentAction
from portal.tower.services import TowerServices
from portal.views.deliveries import DeliveryView, view_of
from portal.words.alerts import WORDING
from streams.bookings import waits as booking_waits
from streams.bookings.cancellations import actions_for, open_in
from streams.contracts.model import Booking, BookingState, FulfilmentState, ShipmentDocument, ShipmentState
from streams.fulfilment.alerts import WAITS_FOR
from streams.fulfilment.machine import actions_in
from streams.kernel.booking_vocabulary import BookingAction, BookingPhase
from streams.kernel.vocabulary import DeliveryPhase
from streams.read_model.project import key_of

MOST_ALERTS = 20


class Act(NamedTuple):
    """A decision that a page offers: its name, how its button is called, what it does, and the carriers that may be
    asked first."""

    name: str
    label: str
    words: str
    carriers: Sequence[str] = ()


class ShownBooking(NamedTuple):
    """A delivery's way to its carrier. ``last``: its last booking; ``kept``: those that carriers do not cancel;
    ``sent``: a decision that is not in effect yet."""

    state: BookingState
    last: Booking | None
    kept: Sequence[Booking]
    actions: Sequence[Act]
    address: str
    sent: SentAction | None


class ShownDelivery(NamedTuple):
    """A delivery of an order's page. ``view``: None while no shipment of it is known; ``documents``: with links to
    those that are stored; ``actions``, ``sent``: of its confirmation."""

    delivery_id: str
    view: DeliveryView | None
    actions: Sequence[Act]
    address: str
    sent: SentAction | None
    booking: ShownBooking | None
    documents: Sequence[tuple[ShipmentDocument, str]]


class ShownWait(NamedTuple):
    """A wait of the order, and who sees to it. ``about``: delivery or shipment; times are UTC ms, None: not said."""

    about: str
    address: str
    what: str
    owner: str
    since: int
    deadline: int | None
    overdue: bool


def deliveries_of(services: TowerServices, order_id: str) -> list[ShownDelivery]:
    """The order's deliveries by their number, those that are only released among them. Raises Transient."""
    fulfilled = {one.delivery_id: one for one in services.store.deliveries_of(order_id)}
    released = {one.delivery_id: one for one in services.store.bookings_of(order_id)}
    names = sorted({*fulfilled, *released})
    return [_delivery(services, name, fulfilled.get(name), released.get(name)) for name in names]


def waits_of(services: TowerServices, deliveries: Sequence[ShownDelivery], shipments: Sequence[str]) -> list[ShownWait]:
    """All that waits for somebody, the most urgent first. ``shipments``: their keys. Raises Transient."""
    found = [wait for one in deliveries for wait in _waits(one)]
    for key in shipments:
        page = services.store.alerts(AlertFilter(open=True, shipment=key), MOST_ALERTS)
        found += [
            ShownWait(
                key, alert_address(one.alert_id), WORDING[one.kind].title, one.owner or "nobody", one.raised_at, None,
                True,
            ) for one in page.rows
        ]
    return sorted(found, key=lambda one: (not one.overdue, one.deadline is None, one.deadline or 0, one.since))


def further_documents(
    services: TowerServices, deliveries: Sequence[ShownDelivery], shipments: Sequence[ShipmentState], order_id: str
) -> list[tuple[ShipmentDocument, str]]:
    """The order's documents that no delivery shows, with links to those that are stored. Raises Transient."""
    shown = {document.source_id for one in deliveries for document, _ in one.documents}
    return [
        (document, "" if services.documents is None else services.documents.link(document))
        for one in shipments for document in services.store.documents_of(key_of(one.carrier, one.tracking_number))
        if order_id in document.order_ids and document.source_id not in shown
    ]


def _delivery(
    services: TowerServices, name: str, state: FulfilmentState | None, released: BookingState | None
) -> ShownDelivery:
    view = None if state is None else view_of(state)
    keys = [one.key for one in view.shipments if one.key] if view is not None else []
    documents = {
        one.source_id: one for key in keys for one in services.store.documents_of(key) if name in one.delivery_ids
    }
    return ShownDelivery(
        name, view, [] if state is None else [
            Act(one.value, one.value.capitalize(), billing.WORDS[one]) for one in actions_in(state.phase)
        ],
        delivery_address(name), None if state is None else billing.decision_waiting(services, state),
        None if released is None or (state is not None and _is_unbooked(released)) else _booking(
            services, released,
            has_moved=_is_unbooked(released) if state is None else state.phase is not DeliveryPhase.OPEN,
        ),
        [(one, "" if services.documents is None else services.documents.link(one)) for one in documents.values()],
    )


def _is_unbooked(state: BookingState) -> bool:
    """Whether the warehouse shipped it under a number of its own: there is no booking to show or to change."""
    return state.phase is BookingPhase.BOOKED and not state.bookings


def _booking(services: TowerServices, state: BookingState, *, has_moved: bool) -> ShownBooking:
    """``has_moved``: the goods are with a carrier, so that nobody books another; only cancellations are closed."""
    fitting = sorted({one.carrier for one in state.candidates if one.fits})
    return ShownBooking(
        state, state.bookings[-1] if state.bookings else None, open_in(state),
        [
            Act(one.value, bookings.LABELS[one], bookings.WORDS[one], fitting if one.value == "rebook" else ())
            for one in actions_for(state) if one is BookingAction.CLOSE or not has_moved
        ],
        booking_address(state.delivery_id), bookings.decision_waiting(services, state),
    )


def _waits(one: ShownDelivery) -> Iterator[ShownWait]:
    told = None if one.view is None else one.view.state.wait
    if told is not None:
        yield ShownWait(
            one.delivery_id, one.address, WAITS_FOR[told.kind], told.owner, told.since, told.deadline, told.overdue
        )
    if one.booking is None:
        return
    state, address = one.booking.state, one.booking.address
    if state.wait is not None:
        what = booking_waits.WAITS_FOR[state.phase]
        yield ShownWait(
            one.delivery_id, address, what, state.wait.owner, state.wait.since, state.wait.deadline, state.wait.overdue
        )
    for item in one.booking.kept:
        if item.cancellation is not None:
            it = item.cancellation
            yield ShownWait(
                one.delivery_id, address, f"{item.carrier} to take its cancellation", it.owner, it.asked_at,
                it.deadline, it.overdue,
            )
