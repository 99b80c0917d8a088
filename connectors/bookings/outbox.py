"""Files for EDI partners: ``FEED/outbox`` of the drop folder, from where whoever carries files fetches them.

A file is there whole or not at all: while it is written, its name begins with a dot and ends with ``.part``. One that
is written again has the same name and content, so that a partner that fetched it before knows it by its control number.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from connectors.bookings.declared import Partner
from connectors.mapping.edifact.iftmin import forwarding_instruction
from connectors.mapping.x12.load_tender_204 import Envelope, load_tender
from streams.bookings.rules import Channel
from streams.contracts.bookings import BookingRequest
from streams.contracts.edi import Interchange
from streams.contracts.ids import digest

OUTBOX = "outbox"


def write(root: Path, partner: Partner, request: BookingRequest) -> Interchange:
    """Write the request as the partner's file; returns the interchange that the partner is to acknowledge. Raises
    OSError."""
    channel, is_x12 = partner.channel, partner.channel.kind == Channel.X12
    name = digest(request.booking_id, request.kind.value, str(request.attempt))
    envelope = Envelope(channel.sender, channel.receiver, f"{int(name[:12], 16) % 10**9:09}", request.issued_at)
    text = (load_tender if is_x12 else forwarding_instruction)(request, partner.scac, envelope)
    stem = f"{quote(request.booking_id, safe='')}-{request.kind.value}-{request.attempt}"
    _put(root / channel.feed / OUTBOX / f"{stem}.{'x12' if is_x12 else 'edi'}", text)
    return Interchange(
        name, channel.feed, "x12" if is_x12 else "edifact", channel.sender.partition(":")[2],
        channel.receiver.partition(":")[2], envelope.control, envelope.control if is_x12 else "",
        "204" if is_x12 else "IFTMIN", request.booking_id, request.issued_at,
    )


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.part")
    with fresh.open("w", encoding="utf-8" if path.suffix == ".x12" else "latin-1", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
