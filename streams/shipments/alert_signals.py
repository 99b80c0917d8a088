"""Builds a shipment's alert signals: the cause, the orders it touches and what they are worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from streams.contracts.at_stake import at_stake
from streams.contracts.ids import alert_id, shipment_key
from streams.contracts.model import AlertOrder, AlertSignal, OrderLink
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity
from streams.shipments.occurrences.matching import source_number
from streams.shipments.record import Shipment

MOST_ORDERS_NAMED = 20
CHANNELS = ("webhook", "poll", "edi", "file")
"""Channels a feed speaks by, as ``View.sources`` may hold them."""


def signal(
    shipment: Shipment, kind: AlertKind, exception: ExceptionType, reason: Reason, severity: Severity,
    raised_at: int, *which: str,
) -> AlertSignal:
    """The signal that ``kind`` (of ``which``, where a shipment may have several) is there since ``raised_at``, UTC ms;
    its words and its orders are still to be put in by :func:`raised` or :func:`resolved`."""
    key, orders = shipment_key(shipment.carrier, shipment.tracking_number), [_order(one) for one in shipment.orders]
    return AlertSignal(
        alert_id=alert_id(kind, key, *which, *shipment.id_suffix), kind=kind, state=AlertState.RAISED,
        severity=severity, subject=key, message="", exception=exception, reason=reason, raised_at=raised_at,
        changed_at=raised_at, carrier=shipment.carrier, orders=orders[:MOST_ORDERS_NAMED], at_stake=at_stake(orders),
    )  # fmt: skip


def raised(one: AlertSignal, cause: str, changed_at: int) -> AlertSignal:
    """Marks the signal as raised by ``cause`` since ``changed_at``, UTC ms. Changes ``one``."""
    one.state, one.cause, one.message, one.changed_at = AlertState.RAISED, cause, f"{one.subject}: {cause}", changed_at
    return one


def resolved(one: AlertSignal, words: str, changed_at: int) -> AlertSignal:
    """Marks the signal as resolved since ``changed_at``, UTC ms. Changes ``one``."""
    one.state, one.message, one.changed_at = AlertState.RESOLVED, f"{one.subject}: {words}", changed_at
    return one


def feed_of(shipment: Shipment, of_source: Mapping[int, str], of_carrier: Mapping[str, str]) -> str | None:
    """The one feed a shipment is heard by: that of its sources, else of its estimate, else its carrier's own.

    None where several feeds tell of it, whose silence then is no single feed's, or where it is not known.
    """
    feeds = {of_source[source] for source in shipment.view.sources if source in of_source}
    if shipment.view.estimate_by:
        feeds.add(shipment.view.estimate_by)
    if not feeds:
        return of_carrier.get(shipment.carrier)
    return feeds.pop() if len(feeds) == 1 else None


def feeds_by_source(feeds: Iterable[str], channels: Iterable[str] = CHANNELS) -> dict[int, str]:
    """``View.sources`` back to feeds."""
    spoken = tuple(channels)
    return {source_number(feed, channel): feed for feed in feeds for channel in spoken}


def _order(link: OrderLink) -> AlertOrder:
    return AlertOrder(link.order_id, link.delivery_id, link.customer_id, link.order_value, link.currency)
