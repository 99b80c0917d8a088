"""XML: read without following anything it asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.formats import xml
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason


def refusal(body: bytes) -> RejectReason:
    with pytest.raises(Reject) as refused:
        xml.read(body)
    return refused.value.reason


def test_elements_become_keys_without_namespaces_and_repeated_ones_lists() -> None:
    body = b'<x:a xmlns:x="urn:x" at="1"><!-- note --><x:b> 1 </x:b><x:b>2</x:b><c/><d><e>3</e></d></x:a>'
    assert xml.read(body) == {"a": {"b": [" 1 ", "2"], "c": None, "d": {"e": "3"}}}


def test_the_declared_encoding_holds() -> None:
    assert xml.read('<?xml version="1.0" encoding="ISO-8859-1"?><a>Köln</a>'.encode("latin-1")) == {"a": "Köln"}


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"),
    ],
)
def test_a_document_type_is_forbidden_in_any_encoding(body: bytes) -> None:
    assert refusal(body) is RejectReason.FORBIDDEN_XML


def test_an_external_entity_is_never_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    assert refusal(f'<!DOCTYPE a [<!ENTITY b SYSTEM "{secret.as_uri()}">]><a>&b;</a>'.encode()) is (
        RejectReason.FORBIDDEN_XML
    )


@pytest.mark.parametrize("body", [b"<a><b></a>", b"<a>", b"<", b"<a>&b;</a>", b"<?xml version='1.0'?>", b"<\x00"])
def test_what_is_no_xml_is_malformed(body: bytes) -> None:
    assert refusal(body) is RejectReason.MALFORMED


def test_bytes_that_are_no_text_are_told_apart() -> None:
    assert refusal(b"<a>\xff\xfe</a>") is RejectReason.NOT_TEXT


@pytest.mark.parametrize("depth", [xml.MAX_DEPTH + 1, 300, 100_000])
def test_deep_nesting_is_malformed(depth: int) -> None:
    assert refusal(b"<a>" * depth + b"</a>" * depth) is RejectReason.MALFORMED
