"""Made-up payloads of the shape carriers send; the numbers differ, the words repeat, as they do."""

from __future__ import annotations

import json
import random

from benchmarks.workload import tracking_number

CITIES = [("CHARLOTTE", "NC", "28209"), ("ATLANTA", "GA", "30301"), ("BOSTON", "MA", "02108"), ("TULSA", "OK", "74103")]


def ups_json(rng: random.Random, number: int) -> bytes:
    """A track alert: one scan."""
    city, state, code = rng.choice(CITIES)
    clock = f"{rng.randrange(24):02}{rng.randrange(60):02}{rng.randrange(60):02}"
    return json.dumps({
        "trackingNumber": tracking_number(number // 4), "localActivityDate": "20260918", "localActivityTime": clock,
        "activityLocation": {"city": city, "stateProvince": state, "postalCode": code, "country": "US"},
        "activityStatus": {"type": "I", "code": "OT", "description": "Out for Delivery", "descriptionCode": 17},
        "scheduledDeliveryDate": "20260918", "gmtActivityDate": "20260918", "gmtActivityTime": clock,
        "deliveryTimeDescription": "end of day",
    }).encode()


def x12_214(rng: random.Random, number: int) -> bytes:
    """An interchange of 20 transaction sets with 5 statuses each."""
    sets = []
    for one in range(20):
        city, state, _ = rng.choice(CITIES)
        segments = [f"ST*214*{one:04}", f"B10*PRO{number:07}{one:02}*SH{one}*RLCA", f"L11*BOL{number}{one}*BM"]
        for code in ("AF", "X4", "P1", "X6", "D1"):
            clock = f"{rng.randrange(24):02}{rng.randrange(60):02}"
            segments += [f"AT7*{code}*NS***20260918*{clock}*ET", f"MS1*{city}*{state}*US"]
        sets.append("".join(f"{segment}~" for segment in [*segments, f"SE*{len(segments) + 1}*{one:04}"]))
    return (
        f"ISA*00*          *00*          *02*RLCA           *ZZ*SHIPPER        *260918*1030*U*00401*{number:09}*0*P*>~"
        f"GS*QM*RLCA*SHIPPER*20260918*1030*1*X*004010~{''.join(sets)}GE*20*1~IEA*1*{number:09}~"
    ).encode()


def ups_xml(rng: random.Random, number: int) -> bytes:
    """An XML Track answer: one package with 6 activities."""
    scans = []
    for kind in ("I", "I", "I", "I", "I", "D"):
        city, state, code = rng.choice(CITIES)
        scan, text = ("FS", "DELIVERED") if kind == "D" else ("AR", "ARRIVAL SCAN")
        scans.append(
            f"<Activity><ActivityLocation><Address><City>{city}</City><StateProvinceCode>{state}</StateProvinceCode>"
            f"<PostalCode>{code}</PostalCode><CountryCode>US</CountryCode></Address></ActivityLocation><Status>"
            f"<StatusType><Code>{kind}</Code><Description>{text}</Description></StatusType><StatusCode>"
            f"<Code>{scan}</Code></StatusCode></Status><Date>20260918</Date><Time>{rng.randrange(24):02}{rng.randrange(60):02}00"
            "</Time></Activity>"
        )
    return (
        "<?xml version='1.0'?><TrackResponse><Shipment><Package>"
        f"<TrackingNumber>{tracking_number(number)}</TrackingNumber>"
        f"{''.join(scans)}</Package></Shipment></TrackResponse>"
    ).encode()


def iftsta(rng: random.Random, number: int) -> bytes:
    """An interchange of 20 messages with 3 statuses each."""
    messages = []
    for one in range(20):
        segments = [f"UNH+{one}+IFTSTA:D:01B:UN", "BGM+44+X+9", "NAD+CA+ABCD:160", f"CNI+1+C{number:07}{one:02}"]
        for code in ("13", "24", "21"):
            clock = f"{rng.randrange(24):02}{rng.randrange(60):02}"
            segments += [f"STS+1+{code}", f"DTM+334:20260918{clock}:203", "LOC+175+DEHAM:139::HAMBURG+DE"]
        messages.append("".join(f"{segment}'" for segment in [*segments, f"UNT+{len(segments) + 1}+{one}"]))
    return f"UNB+UNOC:3+A+B+260918:1030+{number}'{''.join(messages)}UNZ+20+{number}'".encode()
