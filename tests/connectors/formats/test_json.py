"""JSON: an object, or a reason why not."""

from __future__ import annotations

import pytest

from connectors.formats import json
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason


def test_an_object_is_read_and_of_a_doubled_key_the_last_value() -> None:
    assert json.read(b'{"a": 1, "b": null, "a": 2}') == {"a": 2, "b": None}


def test_a_byte_order_mark_is_passed_over() -> None:
    assert json.read(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


def test_a_list_at_the_root_is_the_field_list_of_an_object() -> None:
    assert json.read(b'[{"a":1},7]') == {"list": [{"a": 1}, 7]}
    assert json.read(b"[]") == {"list": []}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":', RejectReason.MALFORMED),
        (b'{"a":NaN}', RejectReason.MALFORMED),
        (b'{"a":Infinity}', RejectReason.MALFORMED),
        (b'{"a":1} trailing', RejectReason.MALFORMED),
        (b'{"a":"\\ud800"}', RejectReason.MALFORMED),
        (b'{"a":' + b"[" * 100_000, RejectReason.MALFORMED),
        (b'{"a":"\xff\xfe"}', RejectReason.NOT_TEXT),
        (b"\xff\xfe{", RejectReason.NOT_TEXT),
        (b'"text"', RejectReason.UNEXPECTED_SHAPE),
        (b"42", RejectReason.UNEXPECTED_SHAPE),
        (b"null", RejectReason.UNEXPECTED_SHAPE),
    ],
)
def test_what_is_no_object_is_refused(body: bytes, reason: RejectReason) -> None:
    with pytest.raises(Reject) as refused:
        json.read(body)
    assert refused.value.reason is reason
