"""Envelopes that Kafka Connect and HTTP connectors put around a payload are taken off, and nothing else is."""

from __future__ import annotations

import json

import pytest

from connectors.formats.envelopes import unwrapped

PAYLOAD = {"number": "A1", "scans": [{"code": "D"}]}
TEXT = json.dumps(PAYLOAD)


@pytest.mark.parametrize(
    "wrapped",
    [
        json.dumps(TEXT),
        json.dumps(json.dumps(TEXT)),
        json.dumps({"schema": {"type": "string"}, "payload": TEXT}),
        json.dumps({"schema": {"type": "struct"}, "payload": PAYLOAD}),
        json.dumps({"key": "x", "value": TEXT, "timestamp": 1}),
        json.dumps({"value": PAYLOAD, "topic": "t", "partition": 0, "offset": 3}),
    ],
)
def test_an_envelope_is_taken_off(wrapped: str) -> None:
    found = unwrapped(wrapped.encode())
    assert found is not None
    assert json.loads(found) == PAYLOAD


def test_edi_and_xml_in_a_json_text_come_out_as_they_are() -> None:
    assert unwrapped(json.dumps("<a>1</a>").encode()) == b"<a>1</a>"
    assert unwrapped(json.dumps("ISA*00*~").encode()) == b"ISA*00*~"


@pytest.mark.parametrize(
    "body",
    [
        TEXT, '{"value": "x"}', '{"value": "x", "unit": "kg"}', '{"schema": 1, "payload": 2, "more": 3}', '""', "[1]",
        "{", "<a/>", "ISA*00*~", '{"payload": {}}', '"\\ud800"',
    ],
)
def test_what_is_no_envelope_stays(body: str) -> None:
    found = unwrapped(body.encode())
    assert found is None or found == body.encode()
