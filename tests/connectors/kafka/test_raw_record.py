"""EDI is keyed by its bytes, all else by nothing."""

from __future__ import annotations

import pytest

from config import headers, topics
from connectors.kafka.raw_record import raw_key, raw_record


@pytest.mark.parametrize("body", [b"ISA*00*", b"\xef\xbb\xbf\r\n ISA|00|", b"UNA:+.? 'UNB+", b"UNB+UNOA:1+"])
def test_the_same_interchange_has_the_same_key_and_another_another(body: bytes) -> None:
    assert raw_key(body) == raw_key(bytes(bytearray(body)))
    assert raw_key(body) != raw_key(body + b" ")


@pytest.mark.parametrize("body", [b"", b"{}", b"<ISA/>", b'["ISA*"]'])
def test_what_is_no_edi_has_none(body: bytes) -> None:
    assert raw_key(body) is None


def test_a_raw_record_carries_the_headers_intake_reads() -> None:
    record = raw_record("ups", b"{}", "application/json", 1_700_000_000_000, "c1", "poll", "1Z")
    assert record.topic == topics.raw("ups").name
    assert (record.key, record.value, record.partition) == (None, b"{}", -1)
    assert dict(record.headers) == {
        headers.FEED: b"ups", headers.CONTENT_TYPE: b"application/json", headers.RECEIVED_AT: b"1700000000000",
        headers.CORRELATION_ID: b"c1", headers.CHANNEL: b"poll", headers.ASKED_NUMBER: b"1Z",
    }
    assert headers.ASKED_NUMBER not in dict(raw_record("ups", b"{}", "text/xml", 1, "c1", "file").headers)
