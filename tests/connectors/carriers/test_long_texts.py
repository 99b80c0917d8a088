"""One text of a record may be as long as the record: no worker remembers it, and nothing that is written holds it.

Each piece of a document of each format is replaced in turn by a long text, and read by intake.
"""

from __future__ import annotations

import gc
import re
import tracemalloc
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest

from benchmarks.hostile import carriers
from benchmarks.parsing import RawRecord, handler_of
from config import topics
from connectors.carriers import Carrier
from topologies.stages.intake import MOST_EDI_BYTES, MOST_EVENT_BYTES

LONG = 100_000
LARGEST = {
    topics.CARRIER_EVENTS.name: MOST_EVENT_BYTES, topics.CARRIER_UNRESOLVED.name: MOST_EVENT_BYTES,
    topics.EDI_ACKNOWLEDGEMENTS.name: MOST_EDI_BYTES, topics.EDI_RECEIPTS.name: MOST_EDI_BYTES,
}
"""Bytes of a record of the topic; of any other it is much less."""
KEPT = LONG // 4
"""Bytes that may stay behind a record: counters, short texts."""
ISA = b"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260914*1015*U*00401*000000001*0*P*>~"


class Kind(NamedTuple):
    """A document whole, and the pattern of the pieces that are replaced in turn."""

    feed: str
    body: bytes
    piece: bytes


KINDS = {
    "X12": Kind("x12_partner", ISA + (
        b"GS*QM*S*R*20260914*1015*1*X*004010~ST*214*0001~B10*PRO1*S1*RLCA~L11*123*BM~LX*1~AT7*X1*NS***20260914*1015*LT~"
        b"MS1*OMAHA*NE*US*0955600*411500*W*N~MS2*RLCA*123~K1*LEFT*THERE~SE*8*0001~GE*1*1~IEA*1*000000001~"
    ), rb"(?<=[*~])[A-Z0-9]+(?=[*~])"),
    "EDIFACT": Kind("edifact_partner", (
        b"UNB+UNOC:3+S+R+260914:1015+17'UNH+1+IFTSTA:D:01B:UN'BGM+44+X+9'NAD+CA+DHL::ZZZ'CNI+1+JD014600003'"
        b"LOC+5+DEHAM:::HAMBURG+DE'STS+1+21+2:::WORDS'RFF+BM:77'DTM+334:202609141015:203'FTX+AAA+++REMARK'UNT+8+1'UNZ+1+17'"
    ), rb"(?<=[+:'])[A-Z0-9]+(?=[+:'])"),
    "JSON": Kind("easypost", (
        b'{"description":"tracker.updated","result":{"tracking_code":"1Z12345E0205271688","carrier":"UPS","tracking_details":'
        b'[{"datetime":"2026-09-14T10:15:00Z","status":"delivered","status_detail":"arrived","message":"words","source":"UPS",'
        b'"tracking_location":{"city":"OMAHA","state":"NE","country":"US","zip":"68102"}}]}}'
    ), rb'(?<=")[^":,{}\[\]]+(?=")'),
    "XML": Kind("ups", (
        b"<TrackResponse><Shipment><Package><TrackingNumber>1Z12345E0205271688</TrackingNumber><Activity><ActivityLocation>"
        b"<Address><City>OMAHA</City><StateProvinceCode>NE</StateProvinceCode><CountryCode>US</CountryCode></Address>"
        b"</ActivityLocation><Status><StatusType><Code>D</Code><Description>WORDS</Description></StatusType></Status>"
        b"<Date>20260914</Date><Time>101500</Time></Activity></Package></Shipment><Other></Other></TrackResponse>"
    ), rb"(?<=>)[^<>]+(?=<)|Other"),
    "CSV": Kind("rows_csv", b"number,at,code\nA0000001,2026-09-14T10:15:00Z,D\n", rb"[^,\n]+"),
}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Carrier]:
    return carriers(tmp_path_factory.mktemp("carriers") / "home")


def with_long_texts(kind: Kind, letter: bytes) -> Iterator[tuple[bytes, RawRecord]]:
    """Each piece, and a record with a long text in its place that begins with this letter, or a digit."""
    for number, found in enumerate(re.finditer(kind.piece, kind.body)):
        begins = b"%05d" % (number + 100 * ord(letter)) if found[0].isdigit() else letter + b"ABCD%05d" % number
        text = begins * (LONG // len(begins))
        if found[0] == b"Other":
            body = kind.body.replace(b"Other", text)
        else:
            body = kind.body[:found.start()] + text + kind.body[found.end():]
        yield found[0], RawRecord(
            f"raw.{kind.feed}.v1", body, (("feed", kind.feed.encode()),), offset=number + 100 * ord(letter)
        )


@pytest.fixture
def only_what_is_new() -> Iterator[None]:
    """The garbage collector passes over what there is already, and memory is traced."""
    gc.freeze()
    tracemalloc.start(1)
    yield
    tracemalloc.stop()
    gc.unfreeze()


@pytest.mark.usefixtures("only_what_is_new")
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_long_text_is_not_remembered(known: Mapping[str, Carrier], kind: Kind) -> None:
    handler = handler_of(known)
    for _, record in with_long_texts(kind, b"Q"):
        handler.handle([record], None, record.timestamp)
    pieces = 0
    for piece, record in with_long_texts(kind, b"Z"):
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        handler.handle([record], None, record.timestamp)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < KEPT, piece
        pieces += 1
    assert pieces > 2


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_topic_is_sent_more_than_it_takes(known: Mapping[str, Carrier], kind: Kind) -> None:
    handler = handler_of(known)
    whole = RawRecord(f"raw.{kind.feed}.v1", kind.body, (("feed", kind.feed.encode()),))
    assert handler.handle([whole], None, whole.timestamp).counts["events"] == 1
    for piece, record in with_long_texts(kind, b"Q"):
        out = handler.handle([record], None, record.timestamp)
        for topic, sent in out.outputs.items():
            most = LARGEST.get(topic, 10_000)
            assert max((len(one["value"] or b"") for one in sent), default=0) <= most, (piece, topic)
