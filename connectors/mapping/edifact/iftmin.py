"""Writes an EDIFACT IFTMIN, an instruction to carry goods, one interchange for one booking.

Segments after UN/EDIFACT D.96A, message IFTMIN: BGM 1001 `610` forwarding instructions and 1225 (9 original, 5
replacement, 1 cancellation), DTM 2005 `137` document and `234` collection not before, CNT 6069 (7 gross weight, 11
packages), RFF 1153 (DQ delivery note, ON order), NAD 3035 (CZ consignor, CN consignee), MEA 6311 `AAE` with 6313 `G`,
PCI 4233 `33E` with GIN 7405 `BJ` (SSCC).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.mapping.x12.load_tender_204 import Envelope
from streams.contracts.bookings import BookingRequest, Party
from streams.contracts.tracking_numbers import sscc
from streams.kernel.booking_vocabulary import BookingRequestKind

_SSCC_DIGITS = 18


def forwarding_instruction(request: BookingRequest, scac: str, envelope: Envelope) -> str:
    """The interchange, in Latin-1 (UNOC). ``envelope``: its control number is the interchange's reference."""
    body = list(_message(request, scac, envelope.made_at))
    made = _at(envelope.made_at)
    segments = [
        f"UNB+UNOC:3+{_endpoint(envelope.sender)}+{_endpoint(envelope.receiver)}+{made:%y%m%d}:{made:%H%M}"
        f"+{envelope.control}",
        "UNH+1+IFTMIN:D:96A:UN", *body, f"UNT+{len(body) + 2}+1", f"UNZ+1+{envelope.control}",
    ]
    return "UNA:+.? '\n" + "".join(f"{segment}'\n" for segment in segments)


def _message(request: BookingRequest, scac: str, made_at: int) -> Iterator[str]:
    function = 1 if request.kind is BookingRequestKind.CANCEL else 9 if request.attempt == 1 else 5
    weight = sum(one.weight_kg for one in request.parcels)
    yield f"BGM+610+{_text(request.booking_id, 35)}+{function}"
    yield f"DTM+137:{_at(made_at):%Y%m%d%H%M}:203"
    if request.ship_on is not None:
        yield f"DTM+234:{_at(request.ship_on):%Y%m%d}:102"
    yield f"FTX+AAI+++{_text(request.service, 70)}"
    yield f"CNT+7:{weight:g}:KGM"
    yield f"CNT+11:{len(request.parcels)}"
    yield f"RFF+DQ:{_text(request.delivery_id, 35)}"
    yield f"RFF+ON:{_text(request.order_id, 35)}"
    yield f"TDT+20++30++{_text(scac, 17)}:172"
    yield from _party("CZ", request.shipper)
    yield from _party("CN", request.recipient)
    for number, one in enumerate(request.parcels, 1):
        yield f"GID+{number}+1:PK"
        yield f"MEA+AAE+G+KGM:{one.weight_kg:g}"
        if one.length_cm and one.width_cm and one.height_cm:
            yield f"DIM+2+CMT:{one.length_cm:g}:{one.width_cm:g}:{one.height_cm:g}"
        unit = sscc(one.parcel_id)
        if len(unit) == _SSCC_DIGITS and unit.isdigit():
            yield "PCI+33E"
            yield f"GIN+BJ+{unit}"


def _party(kind: str, party: Party | None) -> Iterator[str]:
    if party is not None:
        name, street, city = _text(party.name, 35), _text(party.street, 35), _text(party.city, 35)
        yield f"NAD+{kind}+++{name}+{street}+{city}++{_text(party.postal_code, 9)}+{_text(party.country, 3)}"


def _endpoint(text: str) -> str:
    kind, _, name = text.partition(":")
    return f"{_text(name, 35)}:{_text(kind, 4)}"


def _text(text: str, most: int) -> str:
    """The text in Latin-1, without control characters, as long as the element may be, its separators released."""
    shown = text.encode("latin-1", "replace").decode("latin-1")
    plain = "".join(one if one.isprintable() else " " for one in shown)
    return "".join(f"?{one}" if one in "?'+:" else one for one in " ".join(plain.split())[:most].rstrip())


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
