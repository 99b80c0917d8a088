"""An LTL carrier: X12 214 interchanges, several shipment status messages in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from topologies.demo.cast import Place
from topologies.demo.journeys import Journey, Scan, Step

FEED = "rlca"
CARRIER = "rlca"
CONTENT_TYPE = "application/edi-x12"
SCAC = "RLCA"

_AT7: dict[Step, tuple[str, str]] = {
    Step.LABEL: ("XB", "NS"),
    Step.PICKUP: ("CP", "NS"),
    Step.ORIGIN_DEPARTED: ("AF", "NS"),
    Step.HUB_ARRIVED: ("X4", "NS"),
    Step.HUB_DEPARTED: ("P1", "NS"),
    Step.DELAYED: ("SD", "AO"),
    Step.ODD: ("ZQ", "NS"),
    Step.DESTINATION_ARRIVED: ("X4", "NS"),
    Step.OUT_FOR_DELIVERY: ("AJ", "NS"),
    Step.ATTEMPTED: ("AH", "AQ"),
    Step.DELIVERED: ("D1", "NS"),
    Step.RETURNING: ("A7", "BS"),
    Step.RETURNED: ("A3", "BT"),
}


@dataclass(frozen=True, slots=True)
class Separators:
    """The end of a segment; ``~`` or a newline in carriers' own files."""

    terminator: str


TILDE = Separators("~")
NEWLINE = Separators("\n")


def _party(code: str, name: str, place: Place) -> list[str]:
    return [
        f"N1*{code}*{name.upper()}*94*{len(name):03d}",
        f"N3*{len(name) * 37} COMMERCE WAY",
        f"N4*{place.city.upper()}*{place.region}*{place.postal_code}*USA",
    ]


def _transaction(journey: Journey, scan: Scan, control: str, bol: str, *, with_number: bool) -> list[str]:
    status, reason = _AT7[scan.step]
    local = scan.place.local(scan.at_ms)
    promised = journey.destination.local(journey.promised_ms)
    numbers = [f"B10*{journey.number}*{journey.number[-6:]}*{SCAC}*1", f"L11*{journey.number}*CN",
               f"L11*PO{journey.number[-5:]}*PO"]
    segments = [
        f"ST*214*{control}",
        *(numbers if with_number else [f"B10***{SCAC}*1"]),
        *([f"L11*{bol}*BM"] if bol else []),
        *_party("SH", journey.shipper, journey.origin),
        *_party("CN", journey.consignee, journey.destination),
        f"G62*17*{promised:%Y%m%d}*E*{promised:%H%M%S}",
        "LX*1",
        f"AT7*{status}*{reason}***{local:%Y%m%d}*{local:%H%M%S}*LT",
        f"MS1*{scan.place.city.upper()}*{scan.place.region}",
        "L11*01*QN",
    ]
    return [*segments, f"SE*{len(segments) + 1}*{control}"]


def interchange(
    scans: Sequence[tuple[Journey, Scan]], control: int, separators: Separators, sent_ms: int, *, bol: str = "",
    with_number: bool = True,
) -> bytes:
    """One interchange with a 214 for each scan. ``control``: its control number, up to nine digits. ``bol``: a bill of
    lading to name, too, or instead of the tracking number where it is not ``with_number``."""
    sent = datetime.fromtimestamp(sent_ms / 1000, UTC)
    segments = [
        f"ISA*00*          *00*          *02*{SCAC:<15}*ZZ*SHIPSYNCDEMO   *{sent:%y%m%d}*{sent:%H%M}"
        f"*U*00401*{control:09d}*0*P*>",
        f"GS*QM*{SCAC}*SHIPSYNCDEMO*{sent:%Y%m%d}*{sent:%H%M}*{control}*X*004010",
    ]
    for index, (journey, scan) in enumerate(scans, start=1):
        segments += _transaction(journey, scan, f"{index:04d}", bol, with_number=with_number)
    segments += [f"GE*{len(scans)}*{control}", f"IEA*1*{control:09d}"]
    return "".join(segment + separators.terminator for segment in segments).encode("ascii")
