"""Finds the slug of a carrier that an aggregator or a handing-over carrier names."""

from __future__ import annotations

import re
from collections.abc import Callable

from connectors.mapping.declared.schema import OtherCarrier
from connectors.mapping.values.carrier_names import CarrierNames
from streams.contracts.ids import normalise_carrier

CarrierOf = Callable[[str | None], str]


def carrier_of(carrier: str | OtherCarrier, names: CarrierNames) -> CarrierOf:
    """Return a function from the name in a message to the slug. ``names``: the names of all carriers."""
    if isinstance(carrier, str):
        slug = normalise_carrier(carrier)
        return lambda _: slug
    aliases = names.with_aliases({normalise_carrier(name): slug for name, slug in carrier.aliases.items()})

    inside = re.compile(carrier.pattern) if carrier.pattern else None

    nobody = {normalise_carrier(text) for text in carrier.none_of}

    def get(name: str | None) -> str:
        if inside is not None:
            found = inside.search(name or "")
            name = found.group(found.lastindex or 0) if found else None
        short = normalise_carrier(name or "")
        if short in nobody:
            return carrier.otherwise
        return aliases.get(short) or "".join(filter(str.isalnum, short)) or carrier.otherwise

    return get
