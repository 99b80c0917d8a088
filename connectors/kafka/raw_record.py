"""A carrier's message as a record of its feed's raw topic: byte for byte, with the headers intake reads."""

from __future__ import annotations

from hashlib import blake2b

from config import headers, topics
from connectors.kafka.producer import Record

_BLANK = b" \t\r\n\xef\xbb\xbf\x00"
_EDI = (b"ISA", b"UNA", b"UNB")
_HEAD = 64


def raw_record(
    feed: str, body: bytes, content_type: str, received_at: int, correlation_id: str, channel: str,
    asked_number: str = "",
) -> Record:
    """The record. ``received_at``: UTC ms. ``asked_number``: the one number a poller asked about, if there is one."""
    named = {
        headers.FEED: feed, headers.CONTENT_TYPE: content_type, headers.RECEIVED_AT: str(received_at),
        headers.CORRELATION_ID: correlation_id, headers.CHANNEL: channel,
    }
    if asked_number:
        named[headers.ASKED_NUMBER] = asked_number
    attached = [(name, value.encode()) for name, value in named.items()]
    return Record(topics.raw(feed).name, raw_key(body), body, attached)


def raw_key(body: bytes) -> bytes | None:
    """A digest of the bytes of EDI; None for all other formats, which may go to any partition.

    An interchange that is sent again so comes to the partition of the first, where one worker reads both and finds the
    repeated control number.
    """
    if body[:_HEAD].lstrip(_BLANK).startswith(_EDI):
        return blake2b(body, digest_size=8).digest()
    return None
