"""Compares where each delivery of the script has come to, by topics and by the ERP, with where it must be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from streams.contracts.bookings import BookingState
from streams.contracts.model import FulfilmentState
from streams.kernel.booking_vocabulary import BookingStatus
from streams.kernel.vocabulary import AlertKind, DocumentStatus
from tests.lifecycle.account import Account
from tests.lifecycle.ends import ENDS
from tests.lifecycle.erps import NOTHING, Erp
from tests.lifecycle.script import Scripted

ALERTS = frozenset({
    AlertKind.CONFIRMATION_OVERDUE, AlertKind.BOOKING_MISSING, AlertKind.BOOKING_UNANSWERED, AlertKind.FREIGHT_MISMATCH,
})
"""The kinds that are about deliveries."""


class Reached(NamedTuple):
    """The state of one delivery in words: its phase with what it waits for, what the ERP has and was told, its booking
    with the carriers that were asked, its documents, and the alerts that were raised."""

    phase: str
    in_erp: str
    told: str
    booking: str
    documents: str
    alerts: str


def must(order: Scripted, erp: Erp) -> Reached:
    """The state that the script demands."""
    end = ENDS[order.story]
    phase = NOTHING if end.phase is None else end.phase.value
    waits = "" if end.waits_for is None else f", waits for {end.waits_for.value}"
    return Reached(
        f"{phase}{waits}", erp.must_hold(end), erp.must_be_told(end),
        _booking(end.booking.phase.value, end.booking.carriers, end.booking.invoices), _documents(end.documents),
        _alerts(end.alerts),
    )


def reached(orders: Sequence[Scripted], account: Account, erp: Erp) -> dict[str, Reached]:
    """The state of each delivery of the script, by delivery."""
    raised: dict[str, set[AlertKind]] = defaultdict(set)
    for alert in account.alerts.values():
        if alert.kind in ALERTS and alert.times_raised:
            raised[alert.subject].add(alert.kind)
    documents: dict[str, list[DocumentStatus]] = defaultdict(list)
    for document in account.documents.values():
        documents[document.tracking_number].append(document.status)
    held, told = erp.holds(), erp.told()
    return {
        one.delivery_id: Reached(
            _phase(account.deliveries.get(one.delivery_id)), held.get(one.delivery_id, NOTHING),
            told.get(one.delivery_id, ""),
            _booked(account.bookings.get(one.delivery_id)),
            _documents(status for number in one.shipments for status in documents[number]),
            _alerts(raised[one.delivery_id]),
        )
        for one in orders
    }


def differences(
    orders: Sequence[Scripted], found: Mapping[str, Reached], erp: Erp
) -> Iterator[tuple[Scripted, Reached, Reached]]:
    """Each order that is not where the script says, with what it must be and what it is."""
    for one in orders:
        wanted, there = must(one, erp), found[one.delivery_id]
        if wanted != there:
            yield one, wanted, there


def _phase(state: FulfilmentState | None) -> str:
    if state is None:
        return NOTHING
    waits = "" if state.wait is None else f", waits for {state.wait.kind.value}"
    return f"{state.phase.value}{waits}"


def _booked(state: BookingState | None) -> str:
    if state is None:
        return NOTHING
    return _booking(
        state.phase.value, [(one.carrier, one.status) for one in state.bookings],
        [not one.mismatches for one in state.invoices],
    )


def _booking(phase: str, carriers: Iterable[tuple[str, BookingStatus]], invoices: Iterable[bool]) -> str:
    asked = [f"{carrier} {status.value}" for carrier, status in carriers]
    billed = ["billed right" if matches else "billed wrong" for matches in invoices]
    return ", ".join([phase, *asked, *billed])


def _documents(found: Iterable[DocumentStatus]) -> str:
    return ", ".join(sorted(one.value for one in found))


def _alerts(raised: Collection[AlertKind]) -> str:
    return ", ".join(sorted(raised))
