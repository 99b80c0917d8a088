"""The names of carriers that a stage resolves to slugs."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.carriers import Carrier
from connectors.mapping.values.carrier_names import CarrierNames
from streams.kernel.errors import Transient


def names_of(carriers: Mapping[str, Carrier]) -> CarrierNames:
    """The names of all carriers, shared by them; empty without carriers."""
    return next((carrier.names for carrier in carriers.values()), CarrierNames())


def check_ready(names: CarrierNames) -> None:
    """Raises Transient until master data has been read: a carrier's name decides the key of what is sent."""
    if not names.ready:
        raise Transient("the carriers' names in master data have not been read yet")
