"""EDI is keyed by its bytes, all else by nothing."""

from __future__ import annotations

import pytest

from connectors.kafka.raw_key import raw_key


@pytest.mark.parametrize("body", [b"ISA*00*", b"\xef\xbb\xbf\r\n ISA|00|", b"UNA:+.? 'UNB+", b"UNB+UNOA:1+"])
def test_the_same_interchange_has_the_same_key_and_another_another(body: bytes) -> None:
    assert raw_key(body) == raw_key(bytes(bytearray(body)))
    assert raw_key(body) != raw_key(body + b" ")


@pytest.mark.parametrize("body", [b"", b"{}", b"<ISA/>", b'["ISA*"]'])
def test_what_is_no_edi_has_none(body: bytes) -> None:
    assert raw_key(body) is None
