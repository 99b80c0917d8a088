"""The names of carriers a stage works with."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.carriers import Carrier
from connectors.mapping.values.carrier_names import CarrierNames
from streams.kernel.errors import Transient


def names_of(carriers: Mapping[str, Carrier]) -> CarrierNames:
    """What the carriers are called, all of them together; nothing where there is none."""
    return next((carrier.names for carrier in carriers.values()), CarrierNames())


def check_ready(names: CarrierNames) -> None:
    """Return once master data was read. Raises Transient before: what a carrier is called decides where things go."""
    if not names.ready:
        raise Transient("carriers' names in master data are not read yet")
