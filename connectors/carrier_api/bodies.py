"""The body of an HTTP answer, bounded as it is sent and as it is expanded.

httpx expands whatever a chunk holds: 64 KB of gzip can be 64 MB. Here zlib stops at the limit.
"""

from __future__ import annotations

import zlib

import httpx

from connectors.carrier_api.response import NoResponse, TooLarge
from streams.polling.schedule import Answer

ACCEPTED = "gzip, deflate"
"""Names the encodings expanded here, to be sent as Accept-Encoding."""
_ANY_HEADER = zlib.MAX_WBITS | 32
_NO_HEADER = -zlib.MAX_WBITS


async def body_of(response: httpx.Response, most_bytes: int) -> bytes:
    """The body, expanded; at most ``most_bytes`` before and after that.

    Raises NoResponse for a larger one, an encoding that was not asked for, and what cannot be expanded.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate", ""):
        raise NoResponse(Answer.UNAVAILABLE, f"an answer in the encoding {encoding[:40]!r}, which was not asked for")
    parts, size = [], 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > most_bytes:
            raise _too_large(most_bytes)
        parts.append(part)
    sent = b"".join(parts)
    return sent if encoding in ("identity", "") or not sent else _expanded(sent, encoding, most_bytes)


def _expanded(sent: bytes, encoding: str, most_bytes: int) -> bytes:
    try:
        return _inflated(sent, _ANY_HEADER, most_bytes)
    except zlib.error as error:
        if encoding != "deflate":
            raise NoResponse(Answer.UNAVAILABLE, f"an answer that cannot be expanded: {error}") from error
    try:  # some servers leave out the header that RFC 9110 wants
        return _inflated(sent, _NO_HEADER, most_bytes)
    except zlib.error as error:
        raise NoResponse(Answer.UNAVAILABLE, f"an answer that cannot be expanded: {error}") from error


def _inflated(sent: bytes, header: int, most_bytes: int) -> bytes:
    expanding = zlib.decompressobj(header)
    found = expanding.decompress(sent, most_bytes + 1)
    if len(found) > most_bytes:
        raise _too_large(most_bytes)
    if not expanding.eof:
        raise NoResponse(Answer.TRUNCATED, "a compressed answer cut short")
    return found


def _too_large(most_bytes: int) -> NoResponse:
    return TooLarge(Answer.UNAVAILABLE, f"an answer of more than {most_bytes} bytes")
