"""Numbers, texts and timestamps survive the round trip, by whichever table they go."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.avro_codec import binary
from streams.kernel import memo

LONGS = st.integers(-(2**63), 2**63 - 1)


@given(number=LONGS)
@example(number=2**27)
@example(number=2**41 - 1)
@example(number=2**41)
@example(number=-1)
def test_longs_survive_the_round_trip_either_way(number: int) -> None:
    written = binary.write_long(number)
    assert binary.read_long(written, 0) == binary.read_time(written, 0) == (number, len(written))
    assert binary.read_time(b"\x01" + written + b"\xff\xff", 1) == (number, len(written) + 1)


def test_a_number_beyond_64_bits_is_not_written() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        binary.write_long(2**63)


def test_a_number_of_more_than_ten_bytes_is_not_read() -> None:
    with pytest.raises(ValueError, match="more than 10 bytes"):
        binary.read_long(b"\xff" * 10 + b"\x01", 0)


def test_a_number_of_more_than_64_bits_is_not_read() -> None:
    assert binary.read_long(b"\xff" * 9 + b"\x01", 0) == (-(2**63), 10)
    with pytest.raises(ValueError, match="more than 64 bits"):
        binary.read_long(b"\xff" * 9 + b"\x02", 0)


@given(text=st.text(max_size=300))
def test_texts_are_written_with_their_length_and_remembered(text: str) -> None:
    texts = binary.nullable(binary.write_string)
    assert texts[text] == b"\x02" + binary.write_text(text.encode())
    assert len(text) > 60 or texts[text] is texts[text]
    start, end = binary.read_slice(texts[text], 1)
    assert texts[text][start:end].decode() == text


def test_what_may_be_null_is_remembered_with_its_branch_and_what_may_not_is_refused() -> None:
    assert binary.nullable(binary.write_long)[None] == b"\x00"
    assert binary.nullable(binary.write_long)[-1] == b"\x02\x01"
    with pytest.raises(AttributeError):
        binary.Memory(binary.write_string)[None]


def test_what_is_remembered_is_bounded_and_null_stays_null() -> None:
    numbers = binary.nullable(binary.write_long)
    for number in range(memo.MOST_REMEMBERED + 10):
        assert numbers[number] == b"\x02" + binary.write_long(number)
    assert len(numbers) <= memo.MOST_REMEMBERED
    assert numbers[None] == b"\x00"


def test_what_is_long_is_not_remembered() -> None:
    texts = binary.Memory(binary.write_string)
    for number in range(3):
        assert texts[f"{number}" * 1_000] == binary.write_text(b"%d" % number * 1_000)
    assert len(texts) == 0


def test_a_length_beyond_the_end_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond the end"):
        binary.read_slice(b"\x08abc", 0)
