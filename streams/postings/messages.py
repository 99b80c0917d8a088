"""Turns postings into messages for the ERPs: the postings of a delivery are a queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from streams.contracts.outbound import NewMessage, OutboundMessage
from streams.contracts.postings import ErpPosting
from streams.kernel.outbound_vocabulary import ERP_PREFIX
from streams.kernel.vocabulary import Correction, PostingKind

_AHEAD_OF = {PostingKind.PROOF_OF_DELIVERY: (PostingKind.DELIVERY_CONFIRMATION.value,)}
"""An invoice is posted with the confirmation: the proof comes before it where both wait."""


def destination_of(erp: str) -> str:
    """The destination that an ERP is."""
    return ERP_PREFIX + erp


def erp_of(destination: str) -> str:
    """The name of the ERP that a destination is."""
    return destination.removeprefix(ERP_PREFIX)


def messages_of(posting: ErpPosting, erps: Sequence[str]) -> Iterator[NewMessage]:
    """A message for each ERP. A reversal takes back the message of the posting that it reverses."""
    body = msgspec.json.encode(posting).decode()
    is_reversal = posting.reverses is not None
    for erp in erps:
        yield NewMessage(
            posting.reverses or posting.posting_id, destination_of(erp), erp, posting.delivery_id, posting.kind.value,
            Correction.RETRACTS if is_reversal else Correction.NEW, body,
            () if is_reversal else _AHEAD_OF.get(posting.kind, ()),
        )


def posting_of(body: str) -> ErpPosting:
    """The posting that a request carries. Raises msgspec.DecodeError for another body."""
    return msgspec.json.decode(body, type=ErpPosting)


def render(together: Sequence[OutboundMessage]) -> str:
    """The body that is sent: the posting itself."""
    message = together[0]
    return message.body
