"""The ways a Confluent-framed value goes wrong."""

from __future__ import annotations

from streams.kernel.vocabulary import RejectReason


def framed_wrong(good: bytes, text: bytes) -> list[tuple[bytes | None, RejectReason]]:
    """Values that are none, each with the reason. ``text``: two characters or more inside ``good``, once."""
    return [
        (None, RejectReason.EMPTY),
        (b"", RejectReason.EMPTY),
        (b'{"json": true}', RejectReason.UNKNOWN_MAGIC),
        (b"\x01" + good[1:], RejectReason.UNKNOWN_MAGIC),
        (b"\x00\x00\x00", RejectReason.TRUNCATED),
        (b"\x00\x00\x0f\x42\x40" + good[5:], RejectReason.UNKNOWN_SCHEMA),
        (good[:5], RejectReason.TRUNCATED),
        (good[:-3], RejectReason.TRUNCATED),
        (good.replace(text, b"\xff" * len(text)), RejectReason.TRUNCATED),
        (good + b"\x00", RejectReason.TRAILING_BYTES),
    ]
