"""Turns postings and notices into messages for the ERPs: the postings of a delivery are a queue, and its notices are
another, with a destination of their own: a notice delays no posting."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from streams.contracts.notices import ErpNotice
from streams.contracts.outbound import NewMessage, OutboundMessage
from streams.contracts.postings import ErpPosting
from streams.kernel.notice_vocabulary import END_OF, ENDS, NoticeKind
from streams.kernel.outbound_vocabulary import ERP_PREFIX, NOTICE_PREFIX
from streams.kernel.vocabulary import Correction, ExceptionType, PostingKind

_OF_EXCEPTIONS = (NoticeKind.EXCEPTION_OPENED, END_OF[NoticeKind.EXCEPTION_OPENED])
_AHEAD_OF = {PostingKind.PROOF_OF_DELIVERY: (PostingKind.DELIVERY_CONFIRMATION.value,)}
"""An invoice is posted with the confirmation: the proof comes before it where both wait."""
_posting = msgspec.json.Decoder(ErpPosting)
_notice = msgspec.json.Decoder(ErpNotice)


class Wanted(NamedTuple):
    """The notices that an ERP is told: their kinds, and of exceptions which."""

    kinds: Container[NoticeKind]
    exceptions: Container[ExceptionType]

    def takes(self, notice: ErpNotice) -> bool:
        """Whether it is told this one."""
        return notice.kind in self.kinds and (notice.kind not in _OF_EXCEPTIONS or notice.exception in self.exceptions)


def destination_of(erp: str) -> str:
    """The destination that an ERP is."""
    return ERP_PREFIX + erp


def erp_of(destination: str) -> str:
    """The name of the ERP that a destination is."""
    return destination.removeprefix(NOTICE_PREFIX if is_of_notices(destination) else ERP_PREFIX)


def is_of_notices(destination: str) -> bool:
    """Whether notices go to a destination, and no postings."""
    return destination.startswith(NOTICE_PREFIX)


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


def notice_messages_of(notice: ErpNotice, erps: Mapping[str, Wanted]) -> Iterator[NewMessage]:
    """A message for each ERP that takes the notice. ``erps``: what each wants, by name. What ends takes back what
    began; where that was no error, an ERP that was not told yet is told both."""
    body = msgspec.json.encode(notice).decode()
    is_end = notice.kind in ENDS
    for erp, wanted in erps.items():
        if wanted.takes(notice):
            yield NewMessage(
                notice.notice_id, NOTICE_PREFIX + erp, erp, notice.delivery_id, notice.kind.value,
                Correction.RETRACTS if is_end else Correction.NEW, body,
                told_apart=notice.kind is NoticeKind.EXCEPTION_CLOSED and not notice.withdrawn,
            )


def posting_of(body: str) -> ErpPosting:
    """The posting that a request carries. Raises msgspec.DecodeError for another body."""
    return _posting.decode(body)


def notice_of(body: str) -> ErpNotice:
    """The notice that a request carries. Raises msgspec.DecodeError for another body."""
    return _notice.decode(body)


def render(together: Sequence[OutboundMessage]) -> str:
    """The body that is sent: the posting, or the notice, itself."""
    message = together[0]
    return message.body
