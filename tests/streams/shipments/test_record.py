"""The stored record of a shipment: written and read back."""

import pytest
from msgspec import DecodeError, msgpack

from streams.kernel.vocabulary import Milestone
from streams.shipments.facts import Facts
from streams.shipments.record import Shipment, View, decode, encode
from tests.support.laws import tell
from tests.support.strategies import carrier_event, received, reference


def test_a_record_reads_back_as_it_was_written() -> None:
    outcome = tell([[received(carrier_event(Milestone.PICKED_UP, 1)), reference()]])
    record = outcome.records["north:N100"]
    assert encode(decode(record)) == record


def test_a_record_with_fewer_fields_is_read_with_their_defaults() -> None:
    assert decode(msgpack.encode([["north", "N100"], []])) == Shipment(Facts("north", "N100"), View())


def test_bytes_that_are_no_record_are_an_error() -> None:
    with pytest.raises(DecodeError):
        decode(b"\xc1")
