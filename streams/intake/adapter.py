"""The contract between intake and the adapter of a carrier's feed: what the adapter is given and what it returns."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct, field

from streams.contracts.model import (
    Acknowledgement,
    BookingAnswer,
    CarrierEvent,
    FreightInvoice,
    WmsConfirmation,
)
from streams.intake.control_numbers import Envelope
from streams.kernel.carrier_errors import CarrierError
from streams.kernel.errors import Reject


class RawContext(Struct, frozen=True, gc=False):
    """Describes a raw record beside its bytes. ``received_at``: UTC ms; ``channel`` is empty where the record names
    none; ``asked_number``: the tracking number a poller asked for, empty for a push."""

    feed: str
    channel: str
    topic: str
    partition: int
    offset: int
    received_at: int
    correlation_id: str
    asked_number: str = ""


class Parsed(Struct):
    """Collects what an adapter read in one record.

    ``events``: complete canonical events; one with an empty ``tracking_number`` carries at least one reference.
    ``rejects``: parts of the record that cannot be used. ``errors``: the carrier's own error answers.
    ``acknowledgements``: of EDI, ours to send and those received. ``envelopes``: the EDI sets read, rejected ones
    included. ``answers``, ``confirmations``, ``invoices``: what carriers and warehouses say of the ERP's deliveries.
    """

    events: list[CarrierEvent] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    errors: list[CarrierError] = field(default_factory=list)
    acknowledgements: list[Acknowledgement] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    answers: list[BookingAnswer] = field(default_factory=list)
    confirmations: list[WmsConfirmation] = field(default_factory=list)
    invoices: list[FreightInvoice] = field(default_factory=list)


class Adapter(Protocol):
    """Reads the payloads of one feed."""

    feed: str

    def parse(self, body: bytes, context: RawContext) -> Parsed:
        """Events and rejects of one payload, which is neither empty nor too large.

        Raises Reject where nothing in it can be used.
        """

    def shape(self, body: bytes) -> set[str]:
        """The fields of a payload with the kinds of their values (``intake/payload_shape.py``). Raises Reject."""
