"""Which of two versions of an order's claim on a shipment is the newer, whichever came first."""

from __future__ import annotations

from msgspec import Struct

from streams.contracts.model import OrderLink, OrderReference

Terms = tuple[str, int, float, str]
Age = tuple[int, bool, Terms]
"""What makes one word of a claim newer than another, by whatever; of equal time, always the same wins."""
TurnedAge = tuple[int, int, bool, Terms]
"""What makes one word of a claim newer than another by the same thing: by a reference first of all its turn, by the
number itself its time and then its turn."""
NO_TERMS: Terms = ("", -1, -1.0, "")


class ClaimWord(Struct, frozen=True, array_like=True, gc=False):
    """The newest word of an order's claim by one thing, ``by`` (``OrderReference.by``), said at ``at``, in that
    ``turn`` of it. ``link``: what it claims; of one withdrawn order and delivery alone."""

    by: str
    at: int
    withdrawn: bool
    link: OrderLink
    turn: int = 0

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
    """How new a word is among those by the same thing."""
    return turned_age(version_of(reference))


def terms_of(link: OrderLink) -> Terms:
    """What an order agreed with its customer, comparable."""
    promise, value = link.promised_delivery_at, link.order_value
    return (
        link.customer_id, -1 if promise is None else promise, -1.0 if value is None else value, link.currency or ""
    )


def version_of(reference: OrderReference) -> ClaimWord:
    """The version of the claim a reference carries."""
    link = link_of(reference)
    if reference.withdrawn:
        link = OrderLink(link.order_id, link.delivery_id, "", None)
    return ClaimWord(reference.by, reference.updated_at, reference.withdrawn, link, reference.turn)


def age_of_version(word: ClaimWord) -> Age:
    """How new it is among all versions of the claim."""
    return word.at, word.withdrawn, NO_TERMS if word.withdrawn else terms_of(word.link)


def turned_age(word: ClaimWord) -> TurnedAge:
    """How new it is among the versions by the same source."""
    at, withdrawn, terms = age_of_version(word)
    return (word.turn, at, withdrawn, terms) if word.by else (at, word.turn, withdrawn, terms)
