"""The fields of a ``carrier.yaml`` that say how a table is laid out."""

from __future__ import annotations

from msgspec import Struct, field


class Csv(Struct, frozen=True, forbid_unknown_fields=True):
    """The layout of a table. Without ``columns`` the first row names them; with ``widths`` (characters per column) the
    table is fixed-width. A column's name, with underscores for blanks, is its key in the message.
    """

    delimiter: str = ","
    quote: str = '"'
    columns: list[str] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    encoding: str = "utf-8"


class Picks(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a warehouse's picks and packings, one line of a delivery in a row: the columns by what they hold;
    empty: there is none. ``warehouse``: its code in the ERP; ``kind``: picked, packed (the default), shipped or short;
    ``number``: of the confirmation; ``parcel``, ``weight_kg``: the piece it is in, and the weight of all of that."""

    warehouse: str
    number: str = "confirmation"
    delivery: str = "delivery"
    line: str = "line"
    quantity: str = "quantity"
    kind: str = "kind"
    order: str = "order"
    sku: str = "sku"
    ordered: str = "ordered"
    unit: str = "unit"
    at: str = "at"
    parcel: str = "parcel"
    weight_kg: str = "weight_kg"
