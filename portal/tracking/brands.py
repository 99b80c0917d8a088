"""How tracking pages look, by customer: name, colour and logo, from a file of this installation.

::

    default: {name: Example Ltd, colour: "#0b5cad"}
    customers:
      C-1001: {name: Acme Tools, colour: "#8a1c1c", logo: acme.svg}

``logo``: an SVG or PNG file beside this file, of at most 20 kB.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct, ValidationError, yaml

from connectors.formats.prepared_types import prepared
from streams.kernel.errors import Fatal

MOST_LOGO = 20_000
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
KINDS = {".svg": "image/svg+xml", ".png": "image/png"}


class Brand(Struct, frozen=True, forbid_unknown_fields=True):
    """``colour``: ``#rrggbb``; ``logo``: the name of a file beside the brands' file."""

    name: str = ""
    colour: str = "#0b5cad"
    logo: str = ""


class Brands(Struct, frozen=True, forbid_unknown_fields=True):
    """Those of customers by number; ``default``: of all others."""

    default: Brand = Brand()
    customers: dict[str, Brand] = {}

    def of(self, customer: str) -> Brand:
        """The brand of a customer."""
        return self.customers.get(customer, self.default)


class Logo(Struct, frozen=True):
    """A logo and its media type."""

    content: bytes
    kind: str


def name_of(brand: Brand) -> str:
    """The brand in addresses: says nothing of whose it is."""
    return blake2b("\0".join((brand.name, brand.colour, brand.logo)).encode(), digest_size=8).hexdigest()


def load(file: Path | None) -> tuple[Brands, dict[str, Brand], dict[str, Logo]]:
    """The brands, and by their names in addresses brands and logos. Raises Fatal, naming the file and the fault."""
    if file is None:
        brands = Brands()
        return brands, {name_of(brands.default): brands.default}, {}
    try:
        brands = yaml.decode(file.read_bytes(), type=prepared(Brands))
    except (OSError, ValidationError, ValueError) as error:
        raise Fatal(f"{file}: {error}") from error
    found, logos = {}, {}
    for brand in (brands.default, *brands.customers.values()):
        if not _COLOUR.fullmatch(brand.colour):
            raise Fatal(f"{file}: {brand.colour!r} is no colour: write #rrggbb")
        found[name_of(brand)] = brand
        if brand.logo:
            logos[name_of(brand)] = _logo(file, brand.logo)
    return brands, found, logos


def _logo(file: Path, name: str) -> Logo:
    kind = KINDS.get(Path(name).suffix)
    if kind is None or Path(name).name != name:
        raise Fatal(f"{file}: the logo {name} must be an SVG or PNG file in the same folder")
    try:
        content = (file.parent / name).read_bytes()
    except OSError as error:
        raise Fatal(f"{file}: the logo {name} cannot be read: {error}") from error
    if len(content) > MOST_LOGO:
        raise Fatal(f"{file}: the logo {name} has more than {MOST_LOGO} bytes")
    return Logo(content, kind)
