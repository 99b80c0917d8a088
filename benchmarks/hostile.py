"""Honest and hostile documents of each format, of any size: what ``benchmarks.parsing`` and its tests measure.

The hostile ones are of the kinds that made a reader take time or memory out of proportion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from connectors.carriers import Carrier, discover

Make = Callable[[int], bytes]
_ISA = (
    b"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260914*1015*U*00401*000000001*0*P*>~"
)
_GS = b"GS*QM*S*R*20260914*1015*1*X*004010~"
_END = b"GE*1*1~IEA*1*000000001~"
_ST, _SE = b"ST*214*1~B10*PRO1*S1*RLCA~", b"SE*3*1~"
_AT7 = b"AT7*X1*NS***20260914*1015~"
_UNB, _UNH = b"UNB+UNOC:3+S+R+260914:1015+1'", b"UNH+1+IFTSTA:D:01B:UN'BGM+44+X+9'"
_UNT = b"UNT+1+1'UNZ+1+1'"
_ROWS = """\
feed: rows_{kind}
name: Rows
carrier: rows
formats: [{kind}]
channel: file
zone: UTC
cadence: {{expect_every: 1h, stale_after: 6h}}
source: made up
documents:
  - name: rows
    when: message.number
    tracking_number: message.number
    time: [{{stamp: message.at}}]
    statuses: codes
    code: message.code
statuses:
  codes: {{source: made up, codes: {{D: delivered}}}}
"""


class Document(NamedTuple):
    """A kind of document. ``feed``: of the carrier that reads it; ``make``: size in bytes -> about so many bytes."""

    name: str
    feed: str
    is_honest: bool
    make: Make


def carriers(home: Path) -> dict[str, Carrier]:
    """The packaged carriers, and two in ``home`` that send rows; by feed."""
    for kind in ("csv", "ndjson"):
        (home / f"rows_{kind}").mkdir(parents=True)
        (home / f"rows_{kind}" / "carrier.yaml").write_text(_ROWS.format(kind=kind), "utf-8")
    return {one.feed: one for one in [*discover(), *discover(home)]}


def _fill(unit: bytes, head: bytes = b"", tail: bytes = b"") -> Make:
    """Makes documents with as many units between head and tail as there is room for."""
    return lambda size: head + unit * max(1, (size - len(head) - len(tail)) // len(unit)) + tail


def _numbered(each: Callable[[int], bytes], head: bytes, tail: bytes, joint: bytes = b"") -> Make:
    """Makes documents as :func:`_fill` does, with units that differ."""
    def make(size: int) -> bytes:
        count = max(1, (size - len(head) - len(tail)) // (len(each(100_000)) + len(joint)))
        return head + joint.join(map(each, range(count))) + tail

    return make


def _halves(first: bytes, second: bytes, head: bytes, tail: bytes) -> Make:
    """Many of the first, then many of the second: what a reader may combine each with each."""
    return lambda size: head + first * (size // 2 // len(first)) + second * (size // 2 // len(second)) + tail


_EASYPOST = b'{"description":"tracker.updated","result":{"tracking_code":"%s","carrier":"UPS","tracking_details":['
_DETAIL = b'{"datetime":"2026-09-14T10:15:00Z","status":"delivered"}'
_EPCIS_EVENT = (
    b'{"type":"ObjectEvent","action":"OBSERVE","bizStep":"arriving","eventTime":"2026-09-14T10:15:00Z",'
    b'"eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sscc:0614141.%010d"]}'
)
_EPCIS_XML = (
    b"<ObjectEvent><eventTime>2026-09-14T10:15:00Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>"
    b"<epcList><epc>urn:epc:id:sscc:0614141.%010d</epc></epcList><action>OBSERVE</action>"
    b"<bizStep>urn:epcglobal:cbv:bizstep:arriving</bizStep></ObjectEvent>"
)
_ACTIVITY = (
    b"<Activity><Status><StatusType><Code>I</Code><Description>ARRIVAL SCAN</Description></StatusType></Status>"
    b"<Date>20260914</Date><Time>101500</Time></Activity>"
)
_TRACK = b"<TrackResponse><Shipment><Package><TrackingNumber>1Z12345E0205271688</TrackingNumber>"
_TRACK_END = b"</Package></Shipment></TrackResponse>"
_SOAP = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
_SOAP_END = b"</s:Body></s:Envelope>"


def _long_number_above(size: int) -> bytes:
    details = b",".join([_DETAIL] * (size // 2 // (len(_DETAIL) + 1)))
    return _EASYPOST % (b"1" * (size // 2)) + details + b"]}}"


def _deep_chain(size: int) -> bytes:
    levels = b"".join(b"HL*%d*%d*%s~" % (one, one - 1, b"SOTPI"[one % 5:one % 5 + 1]) for one in range(1, size // 14))
    return _ISA + _GS.replace(b"*QM*", b"*SH*") + b"ST*856*1~BSN*00*1*20260914*1015~" + levels + b"SE*4*1~" + _END


HONEST: tuple[tuple[str, str, Make], ...] = (
    ("X12 214", "x12_partner", _numbered(
        lambda one: b"ST*214*%06d~B10*PRO%07d*S1*RLCA~L11*%07d*BM~" % (one, one, one) + _AT7 + b"SE*5*%06d~" % one,
        _ISA + _GS, _END,
    )),
    ("IFTSTA", "edifact_partner", _numbered(
        lambda one: b"CNI+%06d+JD%014d'STS+1+21'DTM+334:202609141015:203'LOC+14+DEHAM'" % (one, one),
        _UNB + _UNH, _UNT,
    )),
    ("JSON", "easypost", _numbered(lambda _: _DETAIL, _EASYPOST % b"1Z12345E0205271688", b"]}}", b",")),
    ("XML", "ups", _fill(_ACTIVITY, _TRACK, _TRACK_END)),
    ("SOAP", "ups", _fill(_ACTIVITY, _SOAP + _TRACK, _TRACK_END + _SOAP_END)),
    ("EPCIS JSON", "epcis", _numbered(
        lambda one: _EPCIS_EVENT % one, b'{"epcisBody":{"eventList":[', b"]}}", b","
    )),
    ("EPCIS XML", "epcis", _numbered(
        lambda one: _EPCIS_XML % one, b"<EPCISDocument><EPCISBody><EventList>",
        b"</EventList></EPCISBody></EPCISDocument>",
    )),
    ("CSV", "rows_csv", _numbered(
        lambda one: b"A%07d,2026-09-14T10:15:00Z,D\n" % one, b"number,at,code\n", b""
    )),
    ("NDJSON", "rows_ndjson", _numbered(
        lambda one: b'{"number":"A%07d","at":"2026-09-14T10:15:00Z","code":"D"}\n' % one, b"", b""
    )),
)
HOSTILE: tuple[tuple[str, str, Make], ...] = (
    ("X12: IEA after IEA", "x12_partner", _halves(b"ST*214*1~NTE*A~SE*2*1~", b"IEA*9*9~", _ISA + _GS, b"")),
    ("X12: tiny interchanges", "x12_partner", _fill(b"ISA*************1**P*:~ST~")),
    ("X12: small interchanges", "x12_partner", _fill(
        b"ISA*************1**P*:~" + _ST + _AT7 + b"K1*" + b"A" * 42 + b"~SE*5*1~"
    )),
    ("X12: small sets", "x12_partner", _fill(b"ST*214*1~NTE*" + b"A" * 16 + b"~SE*2*1~", _ISA + _GS, _END)),
    ("X12: ST alone", "x12_partner", _fill(b"ST*214*1~", _ISA + _GS)),
    ("X12: GS alone", "x12_partner", _fill(b"GS*QM~", _ISA)),
    ("X12: L11 x AT7", "x12_partner", _halves(b"L11*12345*BM~", _AT7, _ISA + _GS + _ST, _SE + _END)),
    ("X12: B10 x AT7", "x12_partner", lambda size: (
        _ISA + _GS + b"ST*214*1~B10*" + b"A" * (size // 2) + b"*S1*RLCA~" + _AT7 * (size // 2 // len(_AT7)) + _SE + _END
    )),
    ("X12: 204, L11 x S5", "x12_partner", _halves(
        b"L11*12345*BM~", b"S5*1*LD~G62*69*20260914~", _ISA + _GS.replace(b"*QM*", b"*SM*") + b"ST*204*1~B2**SCAC**1~",
        _SE + _END,
    )),
    ("X12: 856, deep HL", "x12_partner", _deep_chain),
    ("X12: 997, AK3 x AK5", "x12_partner", _halves(
        b"AK3*B10*2**8~", b"AK5*R*1~", _ISA + _GS.replace(b"*QM*", b"*FA*") + b"ST*997*1~AK1*QM*1~AK2*214*1~",
        _SE + _END,
    )),
    ("X12: one element", "x12_partner", lambda size: (
        _ISA + _GS + _ST + b"K1*" + b"A" * size + b"~" + _AT7 + _SE + _END
    )),
    ("X12: blank segments", "x12_partner", _fill(b"~", _ISA)),
    ("X12: blanks before ISA", "x12_partner", lambda size: _ISA + (b" " * (size // 4) + b"ISA~") * 4),
    ("EDIFACT: UNA after UNA", "edifact_partner", _fill(b"UNA:+.? '")),
    ("EDIFACT: release characters", "edifact_partner", _fill(b"?" * 999 + b"'", _UNB + _UNH + b"FTX+AAA+++", _UNT)),
    ("EDIFACT: released separators", "edifact_partner", _fill(b"?'", _UNB + _UNH + b"FTX+AAA+++", b"'" + _UNT)),
    ("EDIFACT: UNH alone", "edifact_partner", _fill(b"UNH+1+IFTSTA'", _UNB)),
    ("EDIFACT: UNG x UNH", "edifact_partner", _fill(b"UNG+1+1'UNH+1+IFTSTA'", _UNB)),
    ("EDIFACT: UNZ after UNZ", "edifact_partner", _halves(b"UNH+1+IFTSTA:D:01B:UN'UNT+1+1'", b"UNZ'", _UNB, b"")),
    ("EDIFACT: small messages", "edifact_partner", _fill(
        b"UNH+1+IFTSTA:D:01B:UN'STS+1+219'UNT+3+1'", _UNB, b"UNZ+1+1'"
    )),
    ("EDIFACT: small interchanges", "edifact_partner", _fill(
        b"UNB+UNOC:3+S+R'UNH+1+IFTSTA:D:01B:UN'STS+1+21'UNT+1+1'UNZ+1+'"
    )),
    ("EDIFACT: RFF x STS", "edifact_partner", _halves(
        b"RFF+BM:1234567'", b"STS+1+21'", _UNB + _UNH + b"CNI+1+1Z12345E0205271688'", _UNT
    )),
    ("EDIFACT: DTM x STS", "edifact_partner", _halves(
        b"STS+1+21'", b"DTM+334:202609141015:203'", _UNB + _UNH + b"CNI+1+1Z12345E0205271688'", _UNT
    )),
    ("EDIFACT: CONTRL", "edifact_partner", _fill(
        b"UCM+1+IFTSTA:D:01B:UN+4'", _UNB + b"UNH+1+CONTRL:D:3:UN'UCI+1+S+R+4'", _UNT
    )),
    ("JSON: nested lists", "ups", lambda size: b"[" * (size // 2) + b"]" * (size // 2)),
    ("JSON: nested objects", "ups", lambda size: b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6)),
    ("JSON: one number", "ups", lambda size: b'{"trackingNumber":' + b"9" * size + b"}"),
    ("JSON: distinct keys", "ups", _numbered(lambda one: b'"k%06d":1' % one, b"{", b"}", b",")),
    ("JSON: words of deliveries", "easypost", _numbered(
        lambda one: _DETAIL[:-1] + b',"message":"%06d' % one + b" x" * 240 + b'"}',
        _EASYPOST % b"1Z12345E0205271688", b"]}}", b",",
    )),
    ("JSON: code of colons", "easypost", lambda size: (
        _EASYPOST % b"1Z12345E0205271688" + _DETAIL.replace(b"delivered", b":" * size) + b"]}}"
    )),
    ("JSON: number x details", "easypost", _long_number_above),
    ("EPCIS: EPCs of one event", "epcis", _numbered(
        lambda one: b'"urn:epc:id:sscc:0614141.%010d"' % one,
        (b'{"epcisBody":{"eventList":[' + _EPCIS_EVENT % 1).removesuffix(b"]}") + b",", b"]}]}}", b",",
    )),
    ("XML: nested", "ups", lambda size: b"<a>" * (size // 7) + b"</a>" * (size // 7)),
    ("XML: siblings", "ups", _fill(b"<a/>", b"<r>", b"</r>")),
    ("XML: distinct names", "epcis", _numbered(lambda one: b"<a%06d/>" % one, b"<r>", b"</r>")),
    ("XML: attributes", "epcis", _numbered(lambda one: b'a%06d="1"' % one, b"<r ", b"/>", b" ")),
    ("XML: namespaces", "epcis", _numbered(lambda one: b'<a xmlns:n%06d="u%06d"/>' % (one, one), b"<r>", b"</r>")),
    ("SOAP: empty activities", "ups", _fill(b"<Activity/>", _SOAP + _TRACK, _TRACK_END + _SOAP_END)),
    ("CSV: short rows", "rows_csv", _fill(b"x,y\n", b"number,at,code\n")),
    ("CSV: bad rows", "rows_csv", _fill(b"xxxxxx,yyyy\n", b"number,at,code\n")),
    ("CSV: rows without number", "rows_csv", _fill(b",xxxxxxxx,y\n", b"number,at,code\n")),
    ("CSV: columns", "rows_csv", _fill(b"a,", b"", b"\n")),
    ("CSV: open quote", "rows_csv", _fill(b'"\n', b"number,at,code\n")),
    ("NDJSON: short lines", "rows_ndjson", _fill(b"{\n")),
    ("NDJSON: bad lines", "rows_ndjson", _fill(b'{"number":1\n')),
    ("NDJSON: unknown lines", "rows_ndjson", _fill(b'{"numbe":1}\n')),
    ("NDJSON: lines without time", "rows_ndjson", _fill(b'{"number":12345}\n')),
)


def documents() -> Iterable[Document]:
    """Lists all documents, honest ones first."""
    yield from (Document(name, feed, True, make) for name, feed, make in HONEST)
    yield from (Document(name, feed, False, make) for name, feed, make in HOSTILE)
