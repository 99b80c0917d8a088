"""The work of every handler before its step: to decode what can be decoded and fetch what is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from streams.kernel.errors import Fatal, Reject
from streams.kernel.vocabulary import RejectReason
from tests.support.records import FakeRecord, records
from topologies.runtime.decoding import decoded, stored


def number(value: bytes | None) -> int:
    """Digits as a number; as a codec does, anything else is rejected."""
    if value is None:
        raise Reject(RejectReason.EMPTY, "no value")
    if not value.isdigit():
        raise Reject(RejectReason.MALFORMED, f"{value!r} is no number", "value")
    return int(value)


def chunk(*values: bytes | None) -> list[FakeRecord]:
    return [FakeRecord("t", 2, 100 + place, value=value) for place, value in enumerate(values)]


class Held:
    """State in a dict; notes what it was asked for."""

    def __init__(self, **held: bytes) -> None:
        self.held = {key.encode(): value for key, value in held.items()}
        self.asked: list[list[bytes]] = []

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        self.asked.append(list(keys))
        return [self.held.get(key) for key in keys]

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        return iter(sorted(pair for pair in self.held.items() if pair[0].startswith(prefix)))


def test_values_come_in_the_order_of_their_records() -> None:
    run = records("t", 0, 7, 9)
    assert decoded(run, number) == ([7, 8, 9], run, [])


def test_a_value_that_is_none_is_refused_with_its_record_and_what_the_decoder_said() -> None:
    run = chunk(b"1", b"one", b"3")
    values, _, [refused] = decoded(run, number)
    assert values == [1, 3]
    assert refused.record is run[1]
    assert (refused.reject.reason, refused.reject.detail, refused.reject.path) == (
        RejectReason.MALFORMED, "b'one' is no number", "value",
    )


def test_a_record_without_a_value_is_the_decoders_to_judge() -> None:
    values, _, [refused] = decoded(chunk(None, b"2"), number)
    assert (values, refused.record.offset, refused.reject.reason) == ([2], 100, RejectReason.EMPTY)


def test_each_value_keeps_the_record_it_came_from_when_others_are_refused() -> None:
    values, kept, refused = decoded(chunk(b"x", b"1", b"y", b"z", b"4"), number)
    assert [(value, record.offset) for value, record in zip(values, kept, strict=True)] == [(1, 101), (4, 104)]
    assert [one.record.offset for one in refused] == [100, 102, 103]


def test_a_chunk_of_nothing_usable_gives_only_refusals() -> None:
    values, kept, refused = decoded(chunk(b"x", None), number)
    assert (values, kept, len(refused)) == ([], [], 2)


def test_anything_but_a_reject_goes_on_up() -> None:
    with pytest.raises(ZeroDivisionError):
        decoded(chunk(b"1", b"0"), lambda value: 1 // number(value))


def test_what_the_state_holds_is_decoded_and_what_it_lacks_is_none() -> None:
    assert stored(["a", "b"], Held(b=b"22"), number) == {"a": None, "b": 22}


def test_a_key_named_often_is_looked_up_once_all_in_one_call() -> None:
    held = Held(b=b"2", c=b"3")
    assert stored(iter(["c", "a", "c", "b", "a"]), held, number) == {"c": 3, "a": None, "b": 2}
    assert held.asked == [[b"c", b"a", b"b"]]


def test_a_key_is_looked_up_by_its_utf_8_bytes() -> None:
    held = Held()
    stored(["Gdańsk"], held, number)
    assert held.asked == [["Gdańsk".encode()]]


def test_an_empty_record_in_the_state_is_no_missing_one() -> None:
    assert stored(["a"], Held(a=b""), len) == {"a": 0}


def test_a_stage_given_no_state_goes_no_further() -> None:
    with pytest.raises(Fatal, match="needs its state"):
        stored(["a"], None, number)


def test_state_that_cannot_be_read_goes_on_up() -> None:
    with pytest.raises(Reject, match="is no number"):
        stored(["a"], Held(a=b"damaged"), number)
