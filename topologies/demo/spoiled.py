"""Bad records of every kind that carriers send, and the expected result of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import msgspec

from streams.kernel.vocabulary import RejectReason
from topologies.demo.journeys import Journey, Scan, Step
from topologies.demo.payloads import dhl, easypost, fedex, ltl, ups
from topologies.demo.planned import Expected

FUTURE_MS = 4_080_000_000_000
"""Some day in April 2099."""

NOTHING_TO_TELL = Expected(0, carrier_error=True)

_BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [
 <!ENTITY lol "lol">
 <!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
 <!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">
]>
<lolz>&lol3;</lolz>"""


@dataclass(frozen=True, slots=True)
class Spoiled:
    """One bad record and the expected result."""

    what: str
    feed: str
    content_type: str
    body: bytes
    expected: Expected


def _refused(what: str, feed: str, content_type: str, body: bytes, reason: RejectReason) -> Spoiled:
    return Spoiled(what, feed, content_type, body, Expected(0, reason))


def _json(rng: Random, parcel: Journey) -> Iterator[Spoiled]:
    json = ups.CONTENT_TYPE
    good = ups.push(parcel, parcel.scans[0])
    yield _refused("an empty body", ups.FEED, json, b"", RejectReason.EMPTY)
    yield _refused("JSON cut short", ups.FEED, json, good[: rng.randrange(20, 200)], RejectReason.MALFORMED)
    yield _refused("bytes that are not UTF-8", ups.FEED, json, good.replace(b"UPS", b"\xff\xfe\xfa"),
                   RejectReason.NOT_TEXT)
    yield _refused("a list where an object is due", fedex.FEED, json, b"[" + good + b"]",
                   RejectReason.UNEXPECTED_SHAPE)
    yield _refused(
        "an answer to a subscription", ups.FEED, json,
        msgspec.json.encode({"validTrackingNumbers": [parcel.number], "invalidTrackingNumbers": ["1Z$8"]}),
        RejectReason.UNSUPPORTED_MESSAGE,
    )
    yield Spoiled(
        "a carrier's error", ups.FEED, json,
        b'{"response":{"errors":[{"code":"TV1002","message":"Invalid inquiry number"}]}}',
        NOTHING_TO_TELL,
    )
    yield Spoiled(
        "a carrier's error", fedex.FEED, json,
        b'{"transactionId":"0b7c","errors":[{"code":"TRACKING.TRACKINGNUMBER.EMPTY",'
        b'"message":"Please provide tracking number."}]}',
        NOTHING_TO_TELL,
    )
    yield Spoiled(
        "a carrier's error", dhl.FEED, json,
        b'{"title":"No result found","detail":"No shipment with given tracking number found.","status":404,'
        b'"instance":"/shipment/1000000005"}',
        NOTHING_TO_TELL,
    )
    yield _refused("a webhook that is no tracker", easypost.FEED, json,
                   b'{"id":"evt_1","object":"Event","description":"batch.updated","mode":"production",'
                   b'"result":{"id":"batch_1","object":"Batch","state":"created"}}',
                   RejectReason.UNSUPPORTED_MESSAGE)
    far = Scan(Step.PICKUP, FUTURE_MS, parcel.origin)
    yield Spoiled("a scan in 2099", ups.FEED, json, ups.push(parcel, far), Expected(1))


def _other(parcel: Journey, freight: Journey, now_ms: int) -> Iterator[Spoiled]:
    yield _refused("an XML entity bomb", dhl.FEED, "application/xml", _BOMB, RejectReason.FORBIDDEN_XML)
    edi = ltl.interchange([(freight, freight.scans[0])], 900_000_001, ltl.TILDE, now_ms)
    x12 = ltl.CONTENT_TYPE
    yield _refused("an ISA segment cut short", ltl.FEED, x12, edi[:61], RejectReason.MALFORMED)
    head, rest = edi[:106], edi[106:]
    yield _refused("other separators than declared", ltl.FEED, x12, head + rest.replace(b"*", b"|"),
                   RejectReason.MALFORMED)
    wrong_day = ups.push(parcel, parcel.scans[0])
    day = parcel.scans[0].place.local(parcel.scans[0].at_ms).strftime("%Y%m%d").encode()
    utc = msgspec.json.decode(wrong_day)["gmtActivityDate"].encode()
    yield _refused("a thirteenth month", ups.FEED, ups.CONTENT_TYPE,
                   wrong_day.replace(day, b"20261345").replace(utc, b"20261345"), RejectReason.INVALID_TIME)


def oversized(size: int) -> Spoiled:
    """A record of ``size`` bytes, more than intake accepts."""
    body = msgspec.json.encode({"trackingNumber": "1Z", "padding": "x" * size})
    return _refused(f"{size / 1e6:.0f} MB of JSON", ups.FEED, ups.CONTENT_TYPE, body, RejectReason.TOO_LARGE)


def spoiled(rng: Random, parcel: Journey, freight: Journey, now_ms: int) -> tuple[Spoiled, ...]:
    """One record of each kind. ``parcel``: a UPS journey, ``freight``: an LTL one; neither is part of the demo's
    shipments."""
    return (*_json(rng, parcel), *_other(parcel, freight, now_ms))
