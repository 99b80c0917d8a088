"""The warehouse's confirmations: the values of ``avro/wms_confirmation.avsc``. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct, field


class WmsLine(Struct, frozen=True):
    """One line of a confirmation. ``ordered`` is None where the warehouse does not say it."""

    line_id: str
    sku: str
    ordered: float | None
    confirmed: float
    unit: str | None
    lot: str | None


class WmsParcel(Struct, frozen=True):
    """One piece as it was packed: kilograms and centimetres. ``parcel_id``: the warehouse's, such as an SSCC."""

    parcel_id: str
    weight_kg: float
    length_cm: float | None = None
    width_cm: float | None = None
    height_cm: float | None = None


class WmsConfirmation(Struct):
    """A warehouse's confirmation of an ERP delivery. ``kind``: picked, packed, shipped or short."""

    confirmation_id: str
    delivery_id: str
    order_id: str | None
    warehouse: str
    kind: str
    confirmed_at: int
    carrier: str | None
    tracking_numbers: list[str]
    lines: list[WmsLine]
    parcels: list[WmsParcel] = field(default_factory=list)
