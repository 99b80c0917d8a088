"""The port every ERP connector implements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from streams.contracts.model import ErpNotice, ErpPosting
from streams.kernel.errors import Reject


class Posted(Struct, frozen=True):
    """The posting is in effect. ``ref``: what the ERP calls it, such as a document number."""

    ref: str


class Refused(Struct, frozen=True):
    """The ERP read the posting and will not take it as it is. ``reason``: in the ERP's own words."""

    reason: str


class Unknown(Struct, frozen=True):
    """Whether the posting is in effect is not known, or it is not, but may be later: ``find`` comes before the next
    attempt.

    ``detail``: what happened, in words. ``retry_at``: UTC ms before which the ERP asked not to be called again.
    ``was_sent``: False where the ERP cannot have seen the posting, as its connection was refused.
    """

    detail: str
    retry_at: int | None = None
    was_sent: bool = True


class Ignored(Struct, frozen=True):
    """This ERP is not told postings of this kind, as its declaration says. ``reason``: in the declaration's words."""

    reason: str


Answer = Posted | Refused | Unknown | Ignored


Encode = Callable[[dict[str, Any]], tuple[bytes, bytes]]
"""From the document of an order, as ``/v1/orders`` takes it, to key and value. Raises Reject for one that is none."""


class OrderPage(Struct, frozen=True):
    """Orders as they go onto ``erp.orders.v1`` (key, value) and the cursor after them; ``more``: there are others;
    ``refused``: items that are no order, as the ERP gave them, and why."""

    orders: Sequence[tuple[bytes, bytes | None]]
    cursor: str
    more: bool = False
    refused: Sequence[tuple[bytes, Reject]] = ()


class Erp(Protocol):
    """One ERP. Its methods do not raise for what the ERP does: an answer that makes no sense is ``Unknown``."""

    async def post(self, posting: ErpPosting) -> Answer:
        """Write one posting; with ``reverses``, take that earlier one back."""

    async def find(self, posting: ErpPosting) -> Posted | None:
        """Look up whether a posting is in effect, by its idempotency key (``posting_id``). Raises Transient where that
        cannot be told now: the posting is not sent again until it can."""

    async def tell(self, notice: ErpNotice, key: str) -> Answer:
        """Write one notice under its idempotency key, or complete what an earlier attempt began."""

    async def told(self, notice: ErpNotice, key: str) -> Posted | None:
        """Look up whether a notice was written, by its idempotency key. Raises Transient where that cannot be told
        now."""

    async def orders(self, cursor: str) -> OrderPage:
        """Read orders changed since ``cursor``; ``""`` begins. Raises Transient where the ERP does not answer."""

    async def close(self) -> None:
        """Release what it holds."""
