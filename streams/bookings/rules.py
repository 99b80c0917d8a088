"""The declared rules of booking: carriers' services with what they carry, where, for whom and at what price; and how
long everything may take. Durations are milliseconds, weights kilograms."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from streams.contracts.bookings import Party

HOUR = 3_600_000


class Channel(StrEnum):
    """How a carrier is asked: JSON over HTTP, an X12 204, or an EDIFACT IFTMIN."""

    REST = "rest"
    X12 = "x12"
    IFTMIN = "iftmin"


class WhenUneven(StrEnum):
    """The way of a delivery that is packed short, or over: it is booked as packed, or a person decides."""

    BOOK = "book"
    HOLD = "hold"


class Place(Struct, frozen=True):
    """A country (ISO 3166-1 alpha-2) and the beginning of its postal codes; empty: all of it."""

    country: str
    postal_prefix: str = ""

    def holds(self, party: Party) -> bool:
        """Whether the address is there."""
        code = party.postal_code.replace(" ", "").upper()
        return party.country.upper() == self.country and code.startswith(self.postal_prefix)


class Lane(Struct, frozen=True):
    """From one of these places to one of those; none: from, or to, everywhere."""

    origins: tuple[Place, ...] = ()
    destinations: tuple[Place, ...] = ()

    def holds(self, shipper: Party, recipient: Party) -> bool:
        """Whether the way is in this lane."""
        return (not self.origins or any(one.holds(shipper) for one in self.origins)) and (
            not self.destinations or any(one.holds(recipient) for one in self.destinations)
        )


class Cost(Struct, frozen=True):
    """A row of a cost table: the price up to a weight; ``up_to_kg`` None: any weight."""

    up_to_kg: float | None
    price: float


class Blackout(Struct, frozen=True):
    """Days on which nothing is collected, both included, as ISO 8601 dates."""

    first: str
    last: str


class Service(Struct, frozen=True):
    """A service of a carrier. ``names``: what answers and invoices call the carrier (its SCAC), in lower case, beside
    its own name. ``customers``: for these alone; none: for all. ``least_kg``, ``most_kg``: the weight of
    the whole delivery; ``most_piece_kg``: of each piece. ``accessorials``: charges by code (X12 data element 150) that
    an invoice may bear, and the most of each."""

    carrier: str
    service: str
    channel: Channel
    lanes: tuple[Lane, ...] = ()
    customers: frozenset[str] = frozenset()
    least_kg: float = 0.0
    most_kg: float | None = None
    most_piece_kg: float | None = None
    costs: tuple[Cost, ...] = ()
    currency: str = ""
    blackouts: tuple[Blackout, ...] = ()
    answer_within_ms: int = 2 * HOUR
    accessorials: Mapping[str, float] = {}
    names: frozenset[str] = frozenset()

    def is_called(self, name: str) -> bool:
        """Whether the carrier goes by this name."""
        return name.lower() == self.carrier or name.lower() in self.names


class Patience(Struct, frozen=True):
    """Who sees to a wait, and after how long an alert is raised."""

    owner: str
    deadline_ms: int


class Tolerance(Struct, frozen=True):
    """How far an invoice may be above its booking: a part of 100, or an amount, whichever is more."""

    percent: float = 0.0
    amount: float = 0.0

    def allows(self, expected: float, found: float) -> bool:
        """Whether ``found`` is not too much; less than expected always is."""
        return found <= expected + max(abs(expected) * self.percent / 100, self.amount) + 1e-9


class Rules(Struct, frozen=True):
    """All rules of an installation. Without a service nothing is booked, and nothing is waited for. ``shippers``: by
    warehouse; the one of the empty name is everywhere else's."""

    services: tuple[Service, ...] = ()
    shippers: Mapping[str, Party] = {}
    short: WhenUneven = WhenUneven.HOLD
    over: WhenUneven = WhenUneven.HOLD
    warehouse: Patience = Patience("warehouse", 24 * HOUR)
    person: Patience = Patience("shipping", 2 * HOUR)
    number: Patience = Patience("shipping", 24 * HOUR)
    cancellation: Patience = Patience("shipping", HOUR // 4)
    rate: Tolerance = Tolerance()
    weight: Tolerance = Tolerance()

    def shipper_of(self, warehouse: str) -> Party | None:
        """The address goods leave from."""
        return self.shippers.get(warehouse) or self.shippers.get("")

    def service_of(self, carrier: str, service: str) -> Service | None:
        """The declared service."""
        return next((one for one in self.services if (one.carrier, one.service) == (carrier, service)), None)
