"""Writes an X12 204 motor carrier load tender, one interchange for one booking.

Segments and elements after ASC X12 004010, transaction set 204: B2-04 shipment identification, B2A-01 purpose (data
element 353: 00 original, 01 cancellation, 04 change), G62-01 date qualifier (432: 64 must respond by, 10 requested
pick-up), S5-02 stop reason (163: CL load, CU unload), N1-01 party (98: SF ship from, ST ship to), L3-02 weight
qualifier (187: G gross).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from streams.contracts.bookings import BookingRequest, Party
from streams.kernel.booking_vocabulary import BookingRequestKind

VERSION = "004010"
_SEPARATORS = str.maketrans({"*": " ", "~": " ", ">": " "})


class Envelope(NamedTuple):
    """The parties of an interchange as QUALIFIER:ID, its control number (9 digits), and when it is made, UTC ms."""

    sender: str
    receiver: str
    control: str
    made_at: int


def load_tender(request: BookingRequest, scac: str, envelope: Envelope) -> str:
    """The interchange. Its control number is that of interchange and group."""
    body = list(_set(request, scac))
    made = _at(envelope.made_at)
    (from_kind, _, sender), (to_kind, _, receiver) = envelope.sender.partition(":"), envelope.receiver.partition(":")
    group = str(int(envelope.control))
    segments = [
        f"ISA*00*{'':10}*00*{'':10}*{from_kind:2.2}*{sender:15.15}*{to_kind:2.2}*{receiver:15.15}"
        f"*{made:%y%m%d}*{made:%H%M}*U*00401*{envelope.control}*0*P*>",
        f"GS*SM*{sender}*{receiver}*{made:%Y%m%d}*{made:%H%M}*{group}*X*{VERSION}",
        "ST*204*0001", *body, f"SE*{len(body) + 2}*0001", f"GE*1*{group}", f"IEA*1*{envelope.control}",
    ]
    return "".join(f"{segment}~\n" for segment in segments)


def _set(request: BookingRequest, scac: str) -> Iterator[str]:
    is_cancelled = request.kind is BookingRequestKind.CANCEL
    purpose = "01" if is_cancelled else "00" if request.attempt == 1 else "04"
    weight = sum(one.weight_kg for one in request.parcels)
    pieces = len(request.parcels)
    yield f"B2**{_text(scac, 4)}**{_text(request.booking_id, 30)}**PP"
    yield f"B2A*{purpose}*LT"
    yield f"L11*{_text(request.delivery_id, 30)}*BM"
    yield f"L11*{_text(request.order_id, 30)}*OQ"
    if not is_cancelled:
        yield f"G62*64*{_at(request.answer_by):%Y%m%d}*1*{_at(request.answer_by):%H%M}*UT"
    yield f"NTE*OTH*SERVICE {_text(request.service, 60)}"
    for number, reason, party, kind in ((1, "CL", request.shipper, "SF"), (2, "CU", request.recipient, "ST")):
        yield f"S5*{number}*{reason}*{weight:g}*K*{pieces}*PC"
        if number == 1 and request.ship_on is not None:
            yield f"G62*10*{_at(request.ship_on):%Y%m%d}"
        yield from _party(kind, party)
    yield f"L3*{weight:g}*G*********{pieces}"


def _party(kind: str, party: Party | None) -> Iterator[str]:
    if party is None:
        return
    yield f"N1*{kind}*{_text(party.name, 60)}"
    yield f"N3*{_text(party.street, 55)}"
    place = (_text(party.city, 30), _text(party.region, 2), _text(party.postal_code, 15), _text(party.country, 3))
    yield f"N4*{'*'.join(place)}"


def _text(text: str, most: int) -> str:
    """The text without separators and control characters, as long as the element may be."""
    plain = "".join(one if one.isprintable() else " " for one in text.translate(_SEPARATORS))
    return " ".join(plain.split())[:most].rstrip()


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
