"""The haulier of the script: it answers tenders that lie in its drop folder, tells of its loads, and bills them.

Segments and elements after ASC X12 004010: B1-04 is data element 558 (A accepted, B conditionally), B2A-01 is 353
(01 cancellation, 04 change), B10-02 and B3-03 are the shipment identification, which is the booking's id.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from connectors.formats import x12
from streams.contracts.booking_ids import delivery_of
from topologies.demo.carrier_desk import tracking_number
from topologies.demo.journeys import Journey, Step

FEED, CARRIER, SCAC, CONTENT_TYPE = "haulage", "haulage", "HAUL", "application/edi-x12"
CHANGE = "04"
_AT7 = {Step.PICKUP: "CP", Step.HUB_ARRIVED: "X4", Step.OUT_FOR_DELIVERY: "AJ", Step.DELIVERED: "D1"}


class Haulier:
    """The haulier's people, who look into their folder. ``counters``: deliveries for which they first offer other
    terms."""

    def __init__(self, drop: Path, counters: Collection[str]) -> None:
        self._folder, self._counters = drop / FEED, frozenset(counters)
        self._seen: set[str] = set()
        self._controls = count(700_000_001)

    def look(self) -> int:
        """Answer the tenders that are new; how many."""
        fresh = sorted(one for one in (self._folder / "outbox").glob("*.x12") if one.name not in self._seen)
        for file in fresh:
            self._seen.add(file.name)
            sets, _ = x12.read(file.read_bytes())
            for one in sets:
                segments = {segment[0]: segment for segment in one.segments}
                booking, purpose = segments["B2"][4], segments["B2A"][1]
                if purpose != "01":
                    self._answer(booking, is_change=purpose == CHANGE)
        return len(fresh)

    def _answer(self, booking: str, *, is_change: bool) -> None:
        today = datetime.now(UTC)
        is_other = delivery_of(booking) in self._counters and not is_change
        body = [f"B1*{SCAC}*{booking}*{today:%Y%m%d}*{'B' if is_other else 'A'}"]
        body += ["K1*ONE DAY LATER"] if is_other else [f"N9*CN*{tracking_number(CARRIER, booking)}"]
        control = next(self._controls)
        inbox = self._folder / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        part = inbox / f"990-{control}.edi.part"
        part.write_bytes(interchange("GF", "990", control, body, today))
        part.rename(part.with_suffix(""))


def status_message(way: Journey, place: int, booking: str, control: int) -> bytes:
    """A 214 of the scan at this place, which names the booking and no other number."""
    scan = way.scans[place]
    local = scan.place.local(scan.at_ms)
    return interchange("QM", "214", control, [
        f"B10**{booking}*{SCAC}", "LX*1", f"AT7*{_AT7[scan.step]}*NS***{local:%Y%m%d}*{local:%H%M%S}*LT",
        f"MS1*{scan.place.city.upper()}*{scan.place.region}*US",
    ], datetime.fromtimestamp(scan.at_ms / 1000, UTC))


def shipping_advice(delivery: str, number: str, quantity: float, control: int, at_ms: int) -> bytes:
    """A 945 of the warehouse about a delivery that left with this haulier."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return interchange("SW", "945", control, [
        f"W06*N*{delivery}*{at:%Y%m%d}*SH-{delivery}", f"N9*CN*{number}", f"G62*11*{at:%Y%m%d}*1*{at:%H%M}*UT",
        f"W27*M*{SCAC}", "LX*1", "N9*LI*10", f"W12*CC*{quantity:g}*{quantity:g}**EA**VN*LAMP-1",
    ], at)


def invoice(number: str, booking: str, cents: int, kilograms: float, control: int, at_ms: int) -> bytes:
    """A 210 for a booking, in USD."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return interchange("IM", "210", control, [
        f"B3**{number}*{booking}*CC**{at:%Y%m%d}*{cents}****{SCAC}", "C3*USD", "LX*1", f"L1*1***{cents}",
        f"L3*{kilograms:g}*G*********1*K",
    ], at)


def interchange(group: str, code: str, control: int, body: list[str], at: datetime) -> bytes:
    """One transaction set in an interchange of its own. ``control``: up to nine digits."""
    segments = [
        f"ISA*00*{'':10}*00*{'':10}*02*{'HAULAGE':15}*ZZ*{'LIFECYCLE':15}*{at:%y%m%d}*{at:%H%M}*U*00401*{control:09d}"
        "*0*P*>",
        f"GS*{group}*HAULAGE*LIFECYCLE*{at:%Y%m%d}*{at:%H%M}*{control}*X*004010",
        f"ST*{code}*0001", *body, f"SE*{len(body) + 2}*0001", f"GE*1*{control}", f"IEA*1*{control:09d}",
    ]
    return "".join(f"{one}~" for one in segments).encode("ascii")
