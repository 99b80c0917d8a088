"""Schema ids of the embedded registry endpoint: made of the contract alone, so they are the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable

from fastavro.schema import fingerprint, to_parsing_canonical_form

from config import contracts
from streams.kernel.errors import Fatal

_LARGEST = 2**31 - 1


def schema_id(name: str) -> int:
    """A positive 31-bit number from the CRC-64-AVRO fingerprint of the contract's parsing canonical form.

    Docs, defaults and aliases do not count (Avro 1.11 specification, "Parsing Canonical Form"), the fields do.
    """
    canonical = to_parsing_canonical_form(contracts.schema(name))
    return int(fingerprint(canonical, "CRC-64-AVRO"), 16) % _LARGEST + 1


def ids(names: Iterable[str]) -> dict[str, int]:
    """The id of each contract. Raises Fatal where two would share one."""
    found: dict[str, int] = {}
    for name in sorted(set(names)):
        number = schema_id(name)
        other = next((known for known, taken in found.items() if taken == number), None)
        if other is not None:
            raise Fatal(f"the contracts {other} and {name} have the same schema id {number}: change a doc-free part")
        found[name] = number
    return found
