"""Chooses carriers: every declared service, those that fit first, in the order they are asked, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streams.bookings.rules import Rules, Service
from streams.contracts.bookings import Candidate, Party

_UNPRICED = float("inf")


class Load(NamedTuple):
    """The goods to be carried. ``service``: the one that was sold, empty: any; ``day``: when they leave, ISO 8601;
    ``heaviest_kg``: the heaviest piece. ``shipper`` None: no address is declared for the warehouse."""

    customer_id: str
    shipper: Party | None
    recipient: Party
    weight_kg: float
    heaviest_kg: float
    service: str
    day: str


class Wish(NamedTuple):
    """A carrier that a person wants, and who wants it. ``service``: empty: any of its services that fit."""

    carrier: str
    service: str
    by: str


def choose(load: Load, rules: Rules, wish: Wish | None = None) -> list[Candidate]:
    """Every service as a candidate: those that fit, the wished one first, then those declared for the customer alone,
    then the cheapest; of one price as declared. Those that do not fit come last. Without an address of the warehouse
    none fits."""
    fitting: list[tuple[tuple[bool, bool, float, int], Candidate]] = []
    others: list[Candidate] = []
    for place, service in enumerate(rules.services):
        cost = price_of(service, load.weight_kg)
        problem = _problem(load, service, cost)
        if problem:
            others.append(Candidate(service.carrier, service.service, False, problem, cost, service.currency))
            continue
        is_wished = wish is not None and wish.carrier == service.carrier and wish.service in ("", service.service)
        is_own = bool(service.customers)
        rank = (not is_wished, not is_own, _UNPRICED if cost is None else cost, place)
        reason = _reason(service, cost, wish if is_wished else None, is_own=is_own)
        fitting.append((rank, Candidate(service.carrier, service.service, True, reason, cost, service.currency)))
    return [*(one for _, one in sorted(fitting, key=lambda each: each[0])), *others]


def price_of(service: Service, weight_kg: float) -> float | None:
    """The price of a weight; None where the table has none for it, or there is no table."""
    return next((row.price for row in service.costs if row.up_to_kg is None or weight_kg <= row.up_to_kg), None)


def next_of(candidates: Sequence[Candidate], asked: Sequence[tuple[str, str]]) -> Candidate | None:
    """The first that fits and was not asked yet; None: there is none left."""
    return next((one for one in candidates if one.fits and (one.carrier, one.service) not in asked), None)


def _problem(load: Load, service: Service, cost: float | None) -> str:
    """Why the service cannot carry it, the first reason that holds; empty where it can."""
    if load.shipper is None:
        return "no address is declared for the warehouse"
    if load.service and service.service != load.service:
        return f"the delivery was sold with service {load.service}"
    if service.customers and load.customer_id not in service.customers:
        return "it is for other customers"
    if service.lanes and not any(lane.holds(load.shipper, load.recipient) for lane in service.lanes):
        there = f"{load.recipient.country} {load.recipient.postal_code}".strip()
        return f"no lane from {load.shipper.country} {load.shipper.postal_code} to {there}"
    if load.weight_kg < service.least_kg:
        return f"{load.weight_kg:g} kg is less than {service.least_kg:g} kg"
    if service.most_kg is not None and load.weight_kg > service.most_kg:
        return f"{load.weight_kg:g} kg is more than {service.most_kg:g} kg"
    if service.most_piece_kg is not None and load.heaviest_kg > service.most_piece_kg:
        return f"a piece of {load.heaviest_kg:g} kg is more than {service.most_piece_kg:g} kg"
    if any(one.first <= load.day <= one.last for one in service.blackouts):
        return f"it does not collect on {load.day}"
    if service.costs and cost is None:
        return f"its cost table has no price for {load.weight_kg:g} kg"
    return ""


def _reason(service: Service, cost: float | None, wish: Wish | None, *, is_own: bool) -> str:
    price = "no price is declared" if cost is None else f"{cost:,.2f} {service.currency}".strip()
    if wish is not None:
        return f"{wish.by} wants it; {price}"
    return f"declared for the customer; {price}" if is_own else price
