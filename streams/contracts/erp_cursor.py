"""The value of ``erp.cursors``. Times are UTC milliseconds."""

from __future__ import annotations

from msgspec import Struct


class ErpCursor(Struct):
    """How far the orders of one ERP are read. ``cursor``: only the ERP's connector understands it."""

    erp: str
    cursor: str
    updated_at: int
