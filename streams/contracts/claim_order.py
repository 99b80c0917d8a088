"""Orders the versions of an order's claim on a shipment by age, whichever came first."""

from __future__ import annotations

from msgspec import Struct

from streams.contracts.model import OrderLink, OrderReference

Terms = tuple[str, int, float, str]
Age = tuple[int, bool, Terms]
"""Orders versions of a claim, whoever states them; of equal times the same one always wins."""
TurnedAge = tuple[int, int, bool, Terms]
"""Orders versions of a claim by the same source: for a reference first by turn, for a number by time and then turn."""
NO_TERMS: Terms = ("", -1, -1.0, "")


class ClaimVersion(Struct, frozen=True, array_like=True, gc=False):
    """The newest version of an order's claim by one thing, ``by`` (``OrderReference.by``), stated at ``at`` (UTC ms) in
    that ``turn`` of it. ``link``: what it claims; of one withdrawn order and delivery alone. ``first_at``: when the
    number itself first stated the claim, None where that is ``at``."""

    by: str
    at: int
    withdrawn: bool
    link: OrderLink
    turn: int = 0
    first_at: int | None = None

    @property
    def claim(self) -> tuple[str, str]:
        """Order and delivery."""
        return self.link.order_id, self.link.delivery_id


def link_of(reference: OrderReference) -> OrderLink:
    """The claim as a shipment's record has it."""
    return OrderLink(
        reference.order_id, reference.delivery_id, reference.customer_id, reference.promised_delivery_at,
        reference.order_value, reference.currency,
    )


def age_of(reference: OrderReference) -> TurnedAge:
    """Returns how new a version is among those by the same thing."""
    return turned_age(version_of(reference))


def terms_of(link: OrderLink) -> Terms:
    """An order's agreement with its customer, as a comparable value."""
    promise, value = link.promised_delivery_at, link.order_value
    return (
        link.customer_id, -1 if promise is None else promise, -1.0 if value is None else value, link.currency or ""
    )


def version_of(reference: OrderReference) -> ClaimVersion:
    """The version of the claim a reference carries."""
    link = link_of(reference)
    if reference.withdrawn:
        link = OrderLink(link.order_id, link.delivery_id, "", None)
    return ClaimVersion(reference.by, reference.updated_at, reference.withdrawn, link, reference.turn)


def age_of_version(version: ClaimVersion) -> Age:
    """Returns how new it is among all versions of the claim."""
    return version.at, version.withdrawn, NO_TERMS if version.withdrawn else terms_of(version.link)


def turned_age(version: ClaimVersion) -> TurnedAge:
    """Returns how new it is among the versions by the same source."""
    at, withdrawn, terms = age_of_version(version)
    return (version.turn, at, withdrawn, terms) if version.by else (at, version.turn, withdrawn, terms)
