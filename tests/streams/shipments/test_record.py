"""The shipments stage's record: stored, read back, searched."""

import pytest
from msgspec import DecodeError, msgpack

from streams.kernel.vocabulary import Milestone
from streams.shipments.record import Shipment, decode, decode_receipt, encode, entry_of, place_of
from tests.support.laws import tell
from tests.support.strategies import carrier_event, received, reference


def test_a_record_reads_back_as_it_was_written() -> None:
    outcome = tell([[received(carrier_event(Milestone.PICKED_UP, 1)), reference()]])
    record = outcome.records["north:N100"]
    assert encode(decode(record)) == record


def test_a_record_with_fewer_fields_is_read_with_their_defaults() -> None:
    assert decode(msgpack.encode(["north", "N100"])) == Shipment("north", "N100")


def test_a_record_from_before_claims_had_several_words_reads_as_claims_by_the_number_itself() -> None:
    outcome = tell([[reference(), reference("O-2", withdrawn=True)]])
    stored = msgpack.decode(outcome.records["north:N100"])
    old = decode(msgpack.encode(stored[: list(Shipment.__struct_fields__).index("words")]))
    assert encode(old) == outcome.records["north:N100"]


def test_bytes_that_are_no_record_are_an_error() -> None:
    with pytest.raises(DecodeError):
        decode(b"\xc1")


def test_the_head_of_an_entry_reads_alone() -> None:
    event = carrier_event(Milestone.PICKED_UP, 1)
    receipt = decode_receipt(encode(entry_of(event, b"", telling=True)))
    assert (receipt.at, receipt.received_at) == (event.occurred_at, event.received_at)


def test_an_id_is_found_only_where_an_id_begins() -> None:
    first, second = bytes(16), bytes(15) + b"\x01"
    assert place_of(first + second, second) == 1
    assert place_of(b"\x01" + bytes(15) + bytes(16), bytes(16)) == 1
    across = bytes(range(16))
    assert place_of(b"x" + across + b"x" * 15, across) == -1
    assert place_of(b"x" + across + b"x" * 15 + across, across) == 2
    assert place_of(b"", first) == -1
