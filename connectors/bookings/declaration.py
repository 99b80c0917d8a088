"""The fields of ``config/bookings.yaml``, as they are written there."""

from __future__ import annotations

from msgspec import Struct

from connectors.erp.declared import Secret


class Waiting(Struct, frozen=True, forbid_unknown_fields=True):
    """Who sees to a wait, and how long it may take."""

    owner: str
    deadline: str


class Waits(Struct, frozen=True, forbid_unknown_fields=True):
    """The waits: for the warehouse, for a person's decision, for a carrier's number, for one to take a cancellation."""

    warehouse: Waiting = Waiting("warehouse", "1d")
    decision: Waiting = Waiting("shipping", "2h")
    number: Waiting = Waiting("shipping", "1d")
    cancellation: Waiting = Waiting("shipping", "15m")


class Above(Struct, frozen=True, forbid_unknown_fields=True):
    """How far an invoice may be above its booking."""

    percent: float = 0.0
    amount: float = 0.0


class Invoices(Struct, frozen=True, forbid_unknown_fields=True):
    """The tolerances of freight invoices."""

    rate: Above = Above()
    weight: Above = Above()


class Address(Struct, frozen=True, forbid_unknown_fields=True):
    """Where goods leave from."""

    name: str
    street: str
    city: str
    postal_code: str
    country: str
    region: str = ""
    phone: str = ""
    email: str = ""


class Way(Struct, frozen=True, forbid_unknown_fields=True, rename={"origins": "from", "destinations": "to"}):
    """A lane: COUNTRY, or COUNTRY:PREFIX of its postal codes."""

    origins: list[str] = []
    destinations: list[str] = []


class Weights(Struct, frozen=True, forbid_unknown_fields=True):
    """The weights a service takes, in kilograms; ``piece``: the most of each piece."""

    least: float = 0.0
    most: float | None = None
    piece: float | None = None


class Row(Struct, frozen=True, forbid_unknown_fields=True):
    """A row of a cost table; without ``up_to_kg`` it holds for any weight."""

    price: float
    up_to_kg: float | None = None


class ServiceDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """One service. ``blackouts``: DAY or DAY..DAY; ``accessorials``: the most of each charge by its code."""

    lanes: list[Way] = []
    weight_kg: Weights = Weights()
    customers: list[str] = []
    costs: list[Row] = []
    currency: str = ""
    blackouts: list[str] = []
    accessorials: dict[str, float] = {}


class ChannelDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """How a carrier is asked. Of rest: ``address``, to which bookings are posted, and ``token``. Of x12 and iftmin:
    ``feed``, whose drop folder interchanges go to and which acknowledges them; ``sender`` and ``receiver`` as
    QUALIFIER:ID. ``timeout``: seconds for a request."""

    kind: str
    address: str = ""
    token: Secret | None = None
    timeout: float = 30.0
    feed: str = ""
    sender: str = ""
    receiver: str = ""


class CarrierDeclared(Struct, frozen=True, forbid_unknown_fields=True):
    """One carrier. ``scac``: how its EDI names it."""

    channel: ChannelDeclared
    services: dict[str, ServiceDeclared]
    answer_within: str = "2h"
    scac: str = ""


class File(Struct, frozen=True, forbid_unknown_fields=True):
    """The file, field by field."""

    short: str = "hold"
    over: str = "hold"
    waits: Waits = Waits()
    invoices: Invoices = Invoices()
    warehouses: dict[str, Address] = {}
    carriers: dict[str, CarrierDeclared] = {}
